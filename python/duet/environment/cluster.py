"""An environment for a script that runs on a Ray cluster: there Ray builds it, on each node that needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duet.environment.own_packages import Role, own_packages, spark_requirement
from duet.environment.python_version import check_python
from duet.environment.requirement import Place, Requirement, read_requirement, text_of
from duet.environment.wanted import Wanted, read_wanted
from duet.errors import DuetError

_SETTINGS = {
    "exclude-newer": "--exclude-newer",
    "index-strategy": "--index-strategy",
    "index-url": "--index-url",
    "prerelease": "--prerelease",
    "resolution": "--resolution",
}
"""Settings of [tool.uv] with one value, and the options of `uv pip install` that mean the same."""

_LISTS = {"extra-index-url": "--extra-index-url", "find-links": "--find-links"}


@dataclass
class ClusterEnvironment:
    """What Ray takes as `runtime_env`, and what a person should know about it."""

    runtime_env: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def cluster_environment(spec: Mapping[str, Any], role: Role, *, python: str, ray: str) -> ClusterEnvironment:
    """Describe the environment in Ray's words, for a cluster with these versions of Python and Ray.

    It holds the user's packages and, for a script, PySpark; Ray is the cluster's own. Errors as `read_wanted` and
    `own_packages` have them, and `environment-unsupported` for packages that lie on this machine only.
    """
    wanted = read_wanted(spec)
    check_python(wanted.python, wanted.python_place, python)
    rest, own = own_packages(wanted, role, python=python, ray=ray)
    ours = [] if role == "worker" else [spark_requirement(role)]
    if rest.conda is not None:
        return ClusterEnvironment({"conda": _conda(rest, ours)}, own.notes)
    options, notes = _options(rest)
    requirements = [_movable(_with_source(item, rest.uv)) for item in rest.requirements]
    # Ray's uv has no constraints; a package that is only constrained is installed too, which does no harm.
    requirements += [text_of(item) for item in rest.constraints]
    requirements += [str(item) for item in rest.uv.get("constraint-dependencies") or ()]
    packages = sorted(set(requirements)) + ours
    if not packages:
        return ClusterEnvironment({}, own.notes)
    uv: dict[str, Any] = {"packages": packages}
    if options:
        uv["uv_pip_install_options"] = options
    return ClusterEnvironment({"uv": uv}, own.notes + notes)


def _conda(wanted: Wanted, ours: list[str]) -> dict[str, Any]:
    """The conda description with the user's pip packages as they are left, and ours."""
    assert wanted.conda is not None
    kept = [item for item in wanted.conda.get("dependencies") or () if isinstance(item, str)]
    pip = [_movable(item) for item in wanted.requirements] + ours
    if pip and not any(item.split("=")[0].strip() == "pip" for item in kept):
        kept.append("pip")
    return {**wanted.conda, "dependencies": [*kept, *([{"pip": pip}] if pip else [])]}


def _options(wanted: Wanted) -> tuple[list[str], list[str]]:
    options, notes = list(wanted.options), []
    for name, value in wanted.uv.items():
        if name == "index":
            for index in value:
                options += ["--default-index" if index.get("default") else "--index", index["url"]]
        elif name in _SETTINGS:
            options += [_SETTINGS[name], str(value)]
        elif name in _LISTS:
            options += [part for item in value for part in (_LISTS[name], item)]
        elif name not in ("sources", "constraint-dependencies", "exclude-newer-package"):
            notes.append(f"the setting {name} of [tool.uv] has no effect on a cluster")
    return options, notes


def _with_source(item: Requirement, uv: Mapping[str, Any]) -> Requirement:
    """A requirement as its source in [tool.uv.sources] says, in the standard's own notation."""
    source = uv.get("sources", {}).get(item.parsed.name) if item.parsed is not None else None
    if not isinstance(source, dict) or "index" in source:
        return item
    assert item.parsed is not None
    if "git" in source:
        revision = next((source[key] for key in ("rev", "tag", "branch") if key in source), None)
        part = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
        url = f"git+{source['git']}{'' if revision is None else f'@{revision}'}{part}"
    elif "url" in source:
        url = source["url"]
    else:
        raise _not_movable(f"{item.text}, which [tool.uv.sources] takes from this machine", item.place)
    extras = f"[{','.join(sorted(item.parsed.extras))}]" if item.parsed.extras else ""
    marker = f" ; {item.parsed.marker}" if item.parsed.marker else ""
    folder = item.path.parent if item.path else None
    return read_requirement(f"{item.parsed.name}{extras} @ {url}{marker}", item.place, folder)


def _movable(item: Requirement) -> str:
    if item.path is not None:
        raise _not_movable(str(item.path), item.place)
    return text_of(item)


def _not_movable(what: str, place: Place) -> DuetError:
    return DuetError(
        "environment-unsupported",
        f"The environment asks for {what}: the cluster does not have it. Put its modules into the script's folder, "
        "which is sent to the cluster, or give the package an address.",
        **place.details(),
    )
