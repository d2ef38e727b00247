"""What an environment is asked to be, whatever it was described in.

`read_wanted(spec)`; `spec` holds one of these descriptions, or none:

    {"requirements": ["scikit-learn==1.9.1", {"text": "lightgbm", "line": 7}], "file": "/…/environment.yml",
     "python": "3.11", "conda": {…}}             what a conda YAML says; `conda` only where pip cannot serve it
    {"requirementsFile": "/…/requirements.txt"}
    {"projectFile": "/…/pyproject.toml"}
    {"inline": {"script": "/…/train.py", "toml": "dependencies = […]", "line": 2}}       a script's own metadata
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duet.environment.requirement import Place, Requirement, read_requirement
from duet.environment.requirements_file import (
    RequirementsFile,
    read_requirement_lines,
    read_requirements_file,
    read_text,
)
from duet.errors import DuetError


@dataclass
class Wanted:
    """The packages, the Python version and uv's settings that a description asks for.

    `options` are arguments for uv, `uv` is a table [tool.uv] whose paths are absolute, `files` are all files that
    were read, `paths` the packages that lie on this machine.
    """

    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    uv: dict[str, Any] = field(default_factory=dict)
    python: str | None = None
    python_place: Place = field(default_factory=Place)
    conda: dict[str, Any] | None = None
    files: list[Path] = field(default_factory=list)

    @property
    def local(self) -> list[tuple[str | None, Path]]:
        """Packages that are copied from folders or archives of this machine, with their names where they are known."""
        found = [
            (item.name, item.path)
            for item in self.requirements
            if item.path is not None and not item.editable
        ]
        for name, sources in self.uv.get("sources", {}).items():
            for source in sources if isinstance(sources, list) else [sources]:
                if isinstance(source, dict) and "path" in source and not source.get("editable"):
                    found.append((name, Path(source["path"])))
        return found


def read_wanted(spec: Mapping[str, Any]) -> Wanted:
    """Read a description. Raises DuetError `environment-invalid` with the place of the mistake."""
    if "requirementsFile" in spec:
        return _of_requirements(read_requirements_file(Path(spec["requirementsFile"])))
    if "projectFile" in spec:
        file = Path(spec["projectFile"])
        return _read_project(file, read_text(file, Place(str(file))))
    if "inline" in spec:
        inline = spec["inline"]
        return _read_inline(Path(inline["script"]), inline["toml"], int(inline.get("line", 1)))
    return _read_listed(spec)


def _of_requirements(content: RequirementsFile) -> Wanted:
    return Wanted(content.requirements, content.constraints, content.options, files=content.files)


def _read_listed(spec: Mapping[str, Any]) -> Wanted:
    file = spec.get("file")
    lines = []
    for item in spec.get("requirements") or ():
        text, line = (item, None) if isinstance(item, str) else (item["text"], item.get("line"))
        if text.strip():
            lines.append((text.strip(), Place(file, line)))
    content = RequirementsFile(files=[Path(file)] if file else [])
    read_requirement_lines(lines, Path(file).parent if file else Path.cwd(), content)
    wanted = _of_requirements(content)
    wanted.python, wanted.python_place = spec.get("python"), Place(file)
    wanted.conda = spec.get("conda")
    return wanted


def _read_project(file: Path, text: str) -> Wanted:
    document = _parse_toml(text, file, 1)
    project = document.get("project")
    place = Place(str(file))
    if not isinstance(project, dict):
        raise DuetError(
            "environment-invalid",
            f"{file.name} has no [project] with `dependencies`, the standard place of what a project needs.",
            **place.details(),
        )
    if "dependencies" in (project.get("dynamic") or ()):
        raise DuetError(
            "environment-invalid",
            f"{file.name} says that its dependencies are dynamic: only its build tool knows them. Name the file that "
            "they come from instead, for instance requirements.txt.",
            **place.details(),
        )
    return _of_table(project, _uv_table(document), file, text, 1)


def _read_inline(script: Path, toml: str, first: int) -> Wanted:
    document = _parse_toml(toml, script, first)
    return _of_table(document, _uv_table(document), script, toml, first)


def _uv_table(document: Mapping[str, Any]) -> dict[str, Any]:
    tool = document.get("tool")
    table = tool.get("uv") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else {}


def _of_table(table: Mapping[str, Any], uv: dict[str, Any], file: Path, text: str, first: int) -> Wanted:
    dependencies = table.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(item, str) for item in dependencies):
        place = _place_of("dependencies", file, text, first)
        raise DuetError("environment-invalid", "`dependencies` is a list of texts.", **place.details())
    python = table.get("requires-python")
    if python is not None and not isinstance(python, str):
        place = _place_of("requires-python", file, text, first)
        message = f"`requires-python` is a text such as '>=3.10', not {python!r}."
        raise DuetError("environment-invalid", message, **place.details())
    return Wanted(
        [read_requirement(item, _place_of(item, file, text, first), file.parent) for item in dependencies],
        uv=_with_absolute_paths(uv, file.parent),
        python=python,
        python_place=_place_of("requires-python", file, text, first),
        files=[file],
    )


def _parse_toml(text: str, file: Path, first: int) -> dict[str, Any]:
    import tomlkit
    from tomlkit.exceptions import ParseError, TOMLKitError

    try:
        return tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        line = first + error.line - 1 if isinstance(error, ParseError) else None
        # The place is told as the file's own, and the sign that the parser puts at the end is not the user's.
        reason = re.sub(r" at line \d+ col \d+$", "", str(error))
        reason = reason.replace("Unexpected character: '\\x00'", "it ends in the middle of a value")
        raise DuetError(
            "environment-invalid", f"The environment is no TOML: {reason}", **Place(str(file), line).details()
        ) from error


def _place_of(item: str, file: Path, text: str, first: int) -> Place:
    """Where a text of the document stands: a parsed document does not say."""
    lines = text.splitlines()
    quoted = (f'"{item}"', f"'{item}'", item)
    found = next((n for part in quoted for n, line in enumerate(lines) if part in line), None)
    return Place(str(file), None if found is None else first + found)


def _with_absolute_paths(uv: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The table [tool.uv] as it reads from anywhere: paths of sources, indexes and archives made absolute."""

    def absolute(value: str) -> str:
        return value if "://" in value else str((folder / Path(value).expanduser()).resolve())

    def source(value: Any) -> Any:
        if isinstance(value, list):
            return [source(item) for item in value]
        return (
            {**value, "path": absolute(value["path"])}
            if isinstance(value, dict) and "path" in value
            else value
        )

    moved = dict(uv)
    if isinstance(uv.get("sources"), dict):
        moved["sources"] = {name: source(value) for name, value in uv["sources"].items()}
    if isinstance(uv.get("find-links"), list):
        moved["find-links"] = [absolute(item) for item in uv["find-links"]]
    if isinstance(uv.get("index"), list):
        moved["index"] = [
            {**item, "url": absolute(item["url"])} if isinstance(item, dict) and "url" in item else item
            for item in uv["index"]
        ]
    return moved
