"""One line of what a user asks for, and the place where it stands."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as ParsedRequirement
from packaging.utils import canonicalize_name

from duet.errors import DuetError

_ARCHIVE = re.compile(r"\.(whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz)$")
_OPTIONS_OF_A_LINE = re.compile(r"\s+--?[a-z].*$")


@dataclass(frozen=True)
class Place:
    """Where something was asked for. `line` counts from 1; both are None where nobody wrote it in a file."""

    file: str | None = None
    line: int | None = None

    def details(self) -> dict[str, Any]:
        """What an error about this place carries."""
        known = {"file": self.file, "line": self.line}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class Requirement:
    """A requirement in pip's notation: by name, by URL, or a path (then `parsed` is None)."""

    text: str
    place: Place
    parsed: ParsedRequirement | None
    path: Path | None = None
    editable: bool = False

    @property
    def name(self) -> str | None:
        """The package's normalised name; None for a path or a bare URL."""
        return None if self.parsed is None else canonicalize_name(self.parsed.name)

    def applies(self, python: str) -> bool:
        """Whether its marker, if it has one, is true for this Python (`3.11.7`)."""
        marker = None if self.parsed is None else self.parsed.marker
        versions = {"python_version": ".".join(python.split(".")[:2]), "python_full_version": python}
        return marker is None or marker.evaluate(versions)


def read_requirement(text: str, place: Place, folder: Path) -> Requirement:
    """Read one requirement; a relative path counts from `folder` and becomes absolute.

    Raises DuetError `environment-invalid` where it is none, with its place.
    """
    text = text.strip()
    editable = re.match(r"(-e|--editable)(\s+|=)", text)
    if editable:
        return replace(_location(text[editable.end() :], place, folder), editable=True)
    bare = _OPTIONS_OF_A_LINE.sub("", text)
    if _is_location(bare):
        return _location(text, place, folder)
    try:
        parsed = ParsedRequirement(bare)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise DuetError(
            "environment-invalid",
            f"The environment's line {text!r} is no requirement: {reason}",
            **place.details(),
        ) from error
    if parsed.url is None or ("://" in parsed.url and not parsed.url.startswith("file://")):
        return Requirement(text, place, parsed)
    # uv and pip take a path behind a name, the standard a URL only.
    path = _absolute(parsed.url.removeprefix("file://"), folder)
    parsed.url = path.as_uri()
    return Requirement(str(parsed), place, parsed, path)


def text_of(requirement: Requirement) -> str:
    """The requirement as a line of a requirements file that may lie anywhere."""
    return f"-e {requirement.text}" if requirement.editable else requirement.text


def _is_location(text: str) -> bool:
    bare = text.split("[")[0]
    if re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?\s*@", text):
        return False
    return bare.startswith((".", "/", "~")) or "://" in bare.split(";")[0] or bool(_ARCHIVE.search(bare))


def _location(text: str, place: Place, folder: Path) -> Requirement:
    text = text.strip().removeprefix("file://")
    if "://" in text:
        return Requirement(text, place, None)
    found = re.fullmatch(r"([^\[;\s]+)(\[[^\]]*\])?(.*)", text, re.DOTALL)
    if found is None:
        message = f"The environment's line {text!r} is no path and no address."
        raise DuetError("environment-invalid", message, **place.details())
    path, extras, rest = found.groups("")
    absolute = _absolute(path, folder)
    if not absolute.exists():
        raise DuetError(
            "environment-invalid",
            f"The environment asks for {path}, and there is no {absolute}.",
            **place.details(),
        )
    return Requirement(f"{absolute}{extras}{rest}", place, None, absolute)


def _absolute(path: str, folder: Path) -> Path:
    return Path(os.path.normpath(folder / Path(path).expanduser()))
