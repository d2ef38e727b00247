"""Python environments for users' code: from what a user asks for to an interpreter that has it.

Trainings of MLSQL and ordinary scripts share this: what is asked for (`wanted`), Duet's own packages beside it
(`own_packages`), the build with uv (`build`), the store of what was built (`store`), Ray clusters (`cluster`).

- `ensure_environment(spec, on_line)` is for Ray's tasks. The answer is what Ray takes as `runtime_env`: `{}` where
  nothing is asked for; on one node `{"py_executable": "<…/bin/python>"}` of a virtual environment that is kept in
  `$DUET_HOME/environments/<hash of its content>`; on several nodes `{"uv": …}`, which each node builds for itself;
  `{"conda": …}` for conda.
- `script_environment(spec, …)` is for the process of a script, which has PySpark beside Ray.
- `spark_release(version, …)` is for a Spark driver of a gateway: Apache Spark itself, no Ray.

`spec` is what `wanted.read_wanted` takes. `on_line(text)` is awaited for each line that the build prints.

Errors (DuetError, with `file` and `line` in their details where those are known): `environment-invalid` (what is asked
for cannot be read), `environment-python` (another Python than the cluster's), `environment-conflict` (another Ray or
PySpark), `environment-failed` (the resolver's own words, shortened), `conda-missing`, `uv-missing`, `disk-full`.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from duet.environment.build import OnLine, build_environment
from duet.environment.own_packages import OwnPackages, Role, own_packages
from duet.environment.python_version import check_python
from duet.environment.requirement import Place, read_requirement, text_of
from duet.environment.store import build_once, content_of, folder_of, is_whole, python_of
from duet.environment.wanted import Wanted, read_wanted
from duet.errors import DuetError

OnStart = Callable[[int], Awaitable[None]]

__all__ = [
    "ScriptEnvironment",
    "cluster_versions",
    "ensure_environment",
    "script_environment",
    "spark_release",
]


async def ensure_environment(spec: dict[str, Any], on_line: OnLine) -> dict[str, Any]:
    """Make sure that the environment of Ray's tasks is there, and say how Ray gets it; see above."""
    if spec.get("conda"):
        return _conda(spec["conda"])
    wanted = read_wanted(spec)
    check_python(wanted.python, wanted.python_place)
    if not wanted.requirements:
        return {}
    if not await asyncio.to_thread(_is_single_node):
        return {"uv": {"packages": sorted(text_of(item) for item in wanted.requirements)}}
    python, ray = cluster_versions()
    rest, own = own_packages(wanted, "worker", python=python, ray=ray)

    async def on_start(packages: int) -> None:
        listed = ", ".join(text_of(item) for item in rest.requirements)
        await on_line(f"Building a Python environment with {listed}")

    folder = await _ensure(rest, own, python, on_line, on_start)
    return {"py_executable": str(python_of(folder))}


@dataclass(frozen=True)
class ScriptEnvironment:
    """An environment for a script: its Python, and for a later look-up all files that described it."""

    python: Path | None
    """None where only what Duet brings is asked for: its own environments have that."""
    files: list[Path]
    lasting: bool
    """Whether the same files always mean the same environment: not with packages that lie on this machine."""


async def script_environment(
    spec: Mapping[str, Any],
    role: Role,
    on_line: OnLine,
    *,
    cluster: Mapping[str, str] | None = None,
    on_note: OnLine,
    on_start: OnStart,
) -> ScriptEnvironment:
    """Make sure that the environment of a script's own process is there.

    `cluster` says the `python` and `ray` of the cluster that it will join, by default those of this installation.
    `on_note` gets what a person should know although it is no mistake; `on_start` the number of the user's packages,
    if something has to be built.
    """
    here = cluster_versions()
    python, ray = (cluster["python"], cluster["ray"]) if cluster else here
    wanted = read_wanted(spec)
    if wanted.conda:
        raise _conda_for_script(wanted)
    check_python(wanted.python, wanted.python_place, python)
    rest, own = own_packages(wanted, role, python=python, ray=ray)
    for note in own.notes:
        await on_note(note)
    if not rest.requirements and (python, ray) == here:
        return ScriptEnvironment(None, wanted.files, True)
    folder = await _ensure(rest, own, python, on_line, on_start)
    return ScriptEnvironment(python_of(folder), wanted.files, not wanted.local)


async def spark_release(version: str, on_line: OnLine, *, on_start: OnStart) -> Path:
    """Make sure that a release of Apache Spark is there, with the packages that its Python workers need.

    Gives the Python of its environment; Spark itself is the folder of the package `pyspark` there. `on_line` and
    `on_start` are those of `script_environment`. Raises DuetError `environment-failed` where there is no such release.
    """
    spark = read_requirement(f"pyspark[connect,sql]=={version}", Place(), Path.cwd())
    packages = OwnPackages(fixed=[spark.text], exact=[], loose=[])
    folder = await _ensure(Wanted([spark]), packages, platform.python_version(), on_line, on_start)
    return python_of(folder)


def cluster_versions() -> tuple[str, str]:
    """The Python and the Ray of this installation, with which the embedded cluster runs."""
    return platform.python_version(), metadata.version("ray")


async def _ensure(wanted: Wanted, own: OwnPackages, python: str, on_line: OnLine, on_start: OnStart) -> Path:
    content = content_of(wanted, own, python)
    folder = folder_of(content)
    if not is_whole(folder):
        minor = ".".join(python.split(".")[:2])
        interpreter = sys.executable if platform.python_version().startswith(f"{minor}.") else minor

        async def build(building: Path) -> None:
            await on_start(len(wanted.requirements))
            await build_environment(building, wanted, own, on_line, python=interpreter)

        async def on_wait() -> None:
            await on_start(len(wanted.requirements))
            await on_line("Another process is building this environment; waiting for it")

        await build_once(folder, content, build, on_wait)
    # Its time says when it was last used.
    os.utime(folder)
    return folder


def _conda_packages(conda: Mapping[str, Any]) -> str:
    packages = [item for item in conda.get("dependencies") or () if isinstance(item, str)]
    return ", ".join(item for item in packages if not re.match(r"(python|pip)\b", item)) or "its channels"


def _conda(conda: dict[str, Any]) -> dict[str, Any]:
    if shutil.which("conda") is None:
        raise DuetError(
            "conda-missing",
            f"The environment asks for packages of conda ({_conda_packages(conda)}), and conda is not installed here: "
            "install it, or name the packages of PyPI in the section pip instead.",
        )
    return {"conda": conda}


def _conda_for_script(wanted: Wanted) -> DuetError:
    assert wanted.conda is not None
    return DuetError(
        "environment-unsupported",
        f"The environment asks for packages of conda ({_conda_packages(wanted.conda)}), which Duet does not install "
        "for a script. Name the packages of PyPI in the section pip instead; or make the environment with conda, and "
        "give its Python with --python.",
        **wanted.python_place.details(),
    )


def _is_single_node() -> bool:
    import ray

    alive = [node for node in ray.nodes() if node["Alive"]]
    return len(alive) == 1 and alive[0]["NodeID"] == ray.get_runtime_context().get_node_id()
