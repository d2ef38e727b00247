"""The packages that every environment gets from Duet, and what becomes of a user's own wish for them.

A Ray driver, its workers and the cluster have one version of Ray, and a script's PySpark is the one that its server
and Duet's wiring fit. So a user's `ray` and `pyspark` are replaced by ours; where they exclude ours that is an error
before anything is built, or, for a PySpark of the same major version, a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement as ParsedRequirement
from packaging.specifiers import SpecifierSet

from duet.environment.requirement import Requirement
from duet.environment.wanted import Wanted
from duet.errors import DuetError

Role = Literal["worker", "connect", "classic"]
"""Who runs in the environment: Ray's tasks only, a script with Spark Connect, a script with a classic Spark driver."""

RUNNER_PACKAGES = ("pyarrow", "pandas", "numpy")
"""What our own code needs beside Ray; taken in our versions where the user's packages allow it."""

SPARK_PACKAGES = ("pyspark", "pyspark-client", "pyspark-connect")

_NEEDED_BY_OURS = (
    *("ray", "pyspark", "pyspark-client", *RUNNER_PACKAGES, "py4j", "zstandard", "grpcio", "grpcio-status"),
    *("googleapis-common-protos", "protobuf"),
)
"""What a user's `exclude-newer` must not hide: our own versions may be newer than it."""


@dataclass(frozen=True)
class OwnPackages:
    """Requirements of ours, and what may not be installed because it has the same modules as ours."""

    fixed: list[str]
    """Ray and PySpark, of which there is one version only."""
    exact: list[str]
    """All, in the versions that the engines were tried with."""
    loose: list[str]
    """All, as loosely as Ray and PySpark allow, for where the user's packages need other versions."""
    excluded: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def own_packages(wanted: Wanted, role: Role, *, python: str, ray: str) -> tuple[Wanted, OwnPackages]:
    """Take the user's Ray and PySpark out of `wanted`, and say what comes in their place.

    `python` and `ray` are the cluster's versions. Raises DuetError `environment-conflict`.
    """
    spark = None if role == "worker" else _spark(role)
    notes: list[str] = []
    extras = {"ray": set() if spark is None else {"data"}, "spark": set() if spark is None else spark.extras}

    def keep(item: Requirement) -> bool:
        if item.parsed is None or item.name not in ("ray", *SPARK_PACKAGES):
            return True
        if item.name == "ray":
            if item.applies(python):
                _check_ray(item, ray)
                extras["ray"] |= item.parsed.extras
            return False
        if spark is None:
            return True
        if item.applies(python):
            notes.extend(_check_spark(item, spark))
            if role == "classic":
                extras["spark"] = extras["spark"] | item.parsed.extras
        return False

    requirements = [item for item in wanted.requirements if keep(item)]
    constraints = [item for item in wanted.constraints if keep(item)]
    first = [_with_extras("ray", extras["ray"]) + f"=={ray}"]
    if spark is not None:
        first.append(_with_extras(spark.name, extras["spark"]) + str(spark.specifier))
    named = {item.name for item in requirements if item.applies(python)}
    bounds = {} if spark is None else _bounds()
    loose = [name + bounds.get(name, "") for name in RUNNER_PACKAGES if name not in named or name in bounds]
    exact = [
        line
        if line.split("<")[0] in named
        else f"{line.split('<')[0]}=={metadata.version(line.split('<')[0])}"
        for line in loose
    ]
    excluded = [] if spark is None else [name for name in SPARK_PACKAGES if name != spark.name]
    rest = Wanted(
        **{**wanted.__dict__, "requirements": requirements, "constraints": constraints, "uv": _uv(wanted.uv)}
    )
    return rest, OwnPackages(first, first + exact, first + loose, excluded, notes)


def spark_requirement(role: Role) -> str:
    """Duet's PySpark for a script, as a requirement."""
    return str(_spark(role))


def _check_ray(item: Requirement, version: str) -> None:
    assert item.parsed is not None
    if item.parsed.url is None and item.parsed.specifier.contains(version, prereleases=True):
        return
    raise DuetError(
        "environment-conflict",
        f"The environment asks for {item.text}, and the cluster's Ray is {version}: a Ray driver, its tasks and their "
        f"cluster have one version. Ask for ray=={version}, or leave it out: Duet brings it.",
        **item.place.details(),
    )


def _check_spark(item: Requirement, ours: ParsedRequirement) -> list[str]:
    assert item.parsed is not None
    version = next(iter(ours.specifier)).version
    if item.parsed.url is None and item.parsed.specifier.contains(version, prereleases=True):
        return []
    if item.parsed.url is None and _admits_major(item.parsed.specifier, version):
        return [f"the environment asks for {item.text}; the script gets {ours.name} {version}"]
    raise DuetError(
        "environment-conflict",
        f"The environment asks for {item.text}, and a script of Duet runs on {ours.name} {version}. Ask for "
        f"pyspark>={version.split('.')[0]}, or leave it out: Duet brings it.",
        **item.place.details(),
    )


def _admits_major(specifier: SpecifierSet, version: str) -> bool:
    major = version.split(".")[0]
    return any(
        specifier.contains(f"{major}.{minor}.{patch}", prereleases=True)
        for minor in range(12)
        for patch in range(12)
    )


def _with_extras(name: str, extras: set[str]) -> str:
    return f"{name}[{','.join(sorted(extras))}]" if extras else name


def _uv(table: Mapping[str, object]) -> dict[str, object]:
    """The user's [tool.uv] without a source for our own packages, and with an exception for them from its date."""
    rest = dict(table)
    sources = rest.get("sources")
    if isinstance(sources, dict):
        rest["sources"] = {name: at for name, at in sources.items() if name not in ("ray", *SPARK_PACKAGES)}
    if "exclude-newer" in rest:
        given = rest.get("exclude-newer-package")
        ours = dict.fromkeys(_NEEDED_BY_OURS, "2999-01-01T00:00:00Z")
        rest["exclude-newer-package"] = {**ours, **(given if isinstance(given, dict) else {})}
    return rest


def _spark(role: Role) -> ParsedRequirement:
    if role == "classic":
        return _locked("requirements-apache.in", "pyspark")
    return _locked("requirements.in", "pyspark-client")


def _bounds() -> dict[str, str]:
    """How new pandas and pyarrow may be for Ray and PySpark."""
    return {name: str(_locked("requirements.in", name).specifier) for name in ("pandas", "pyarrow")}


@cache
def _locked(file: str, name: str) -> ParsedRequirement:
    """What the project itself asks for under this name."""
    text = (Path(__file__).parents[2] / file).read_text("utf-8")
    line = re.search(rf"^{re.escape(name)}(?![A-Za-z0-9._-]).*$", text, re.MULTILINE)
    assert line is not None, f"{file} has no {name}"
    return ParsedRequirement(line[0])
