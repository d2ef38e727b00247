"""Reads requirements files as pip defines them: includes, constraints, comments, continued lines, options."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from duet.environment.requirement import Place, Requirement, read_requirement
from duet.errors import DuetError

_OPTION = re.compile(r"(-[rcief]|--[A-Za-z][A-Za-z-]*)[\s=]*(.*)$", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")

_INDEX_OPTIONS = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--allow-insecure-host",
}
"""Options of pip and what uv calls them; each has a value."""

_FLAGS = {"--no-index": ("--no-index",), "--pre": ("--prerelease", "allow")}
_WITHOUT_EFFECT = frozenset({"--require-hashes", "--prefer-binary", "--use-pep517", "--use-feature"})
"""What uv does by itself, or what our own packages, which have no hash in the user's file, do not allow."""


@dataclass
class RequirementsFile:
    """What a requirements file and its includes ask for. `options` are uv's; `files` are all that were read."""

    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_requirements_file(file: Path) -> RequirementsFile:
    """Read a file with its includes (`-r`) and constraints (`-c`).

    Raises DuetError `environment-invalid` with file and line.
    """
    content = RequirementsFile()
    _read(file, content, constraint=False, asked=Place(str(file)))
    return content


def read_requirement_lines(
    lines: list[tuple[str, Place]], folder: Path, content: RequirementsFile, *, constraint: bool = False
) -> None:
    """Add lines of a requirements file, each with its place, to `content`; paths count from `folder`."""
    for line, place in lines:
        option = _OPTION.match(line)
        if option is None or option[1] in ("-e", "--editable"):
            target = content.constraints if constraint else content.requirements
            target.append(read_requirement(line, place, folder))
        elif option[1] in ("-r", "--requirement", "-c", "--constraint"):
            named = folder / _value(option[1], option[2], place)
            _read(named, content, constraint=constraint or option[1] in ("-c", "--constraint"), asked=place)
        else:
            content.options += _uv_option(option[1], option[2], place, folder)


def _read(file: Path, content: RequirementsFile, *, constraint: bool, asked: Place) -> None:
    file = file.resolve()
    if file in content.files:
        return
    content.files.append(file)
    text = read_text(file, asked)
    lines = list(_logical_lines(text, str(file)))
    read_requirement_lines(lines, file.parent, content, constraint=constraint)


def read_text(file: Path, asked: Place) -> str:
    """A file that describes an environment, as text. Raises DuetError `environment-invalid` at who asked for it."""
    try:
        return file.read_text("utf-8-sig")
    except OSError as error:
        message = f"The environment's file {file} cannot be read: {error.strerror}"
        raise DuetError("environment-invalid", message, **asked.details()) from error
    except UnicodeDecodeError as error:
        message = f"The environment's file {file} is not UTF-8 text."
        raise DuetError("environment-invalid", message, **Place(str(file)).details()) from error


def _logical_lines(text: str, file: str) -> Iterator[tuple[str, Place]]:
    """Lines without comments, with those that end in a backslash joined, at the line where they begin."""
    joined, first = "", None
    for number, raw in enumerate(text.splitlines(), start=1):
        comment = re.match(r"\s*#", raw) is not None
        first = number if first is None else first
        if raw.endswith("\\") and not comment:
            joined += raw[:-1] + " "
            continue
        line = re.sub(r"(^|\s+)#.*$", "", joined + ("" if comment else raw)).strip()
        if line:
            yield line, Place(file, first)
        joined, first = "", None
    if joined.strip():
        yield joined.strip(), Place(file, first)


def _value(option: str, value: str, place: Place) -> str:
    if value.strip():
        return _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), shlex.split(value)[0])
    message = f"The environment's option {option} lacks its value."
    raise DuetError("environment-invalid", message, **place.details())


def _uv_option(option: str, value: str, place: Place, folder: Path) -> list[str]:
    if option in _FLAGS:
        return list(_FLAGS[option])
    if option in _WITHOUT_EFFECT:
        return []
    name = _INDEX_OPTIONS.get(option)
    if name is None:
        message = f"The environment's option {option} is none that Duet knows in a requirements file."
        raise DuetError("environment-invalid", message, **place.details())
    given = _value(option, value, place)
    if name == "--find-links" and "://" not in given:
        given = str((folder / given).resolve())
    return [name, given]
