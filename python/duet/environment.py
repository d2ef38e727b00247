"""Python environments for users' code: from a list of requirements to a Ray runtime environment.

`ensure_environment(spec, on_line)`. `spec`, all of it optional:

    {
      "requirements": ["scikit-learn==1.9.1", "lightgbm"],   // pip's notation, one each
      "python": "3.11",                                      // as conda writes it: 3.11, =3.11.*, >=3.10
      "conda": {"name": "…", "dependencies": […]}            // a real conda environment (then nothing else counts)
    }

`on_line(text)` is awaited for each line that the build prints. The answer is what Ray takes as `runtime_env`: `{}`
where nothing is asked for; on one node `{"py_executable": "<…/bin/python>"}` of a virtual environment that is kept
in `$DUET_HOME/environments/<hash of its content>`; on several nodes `{"uv": …}`, which each node builds for itself;
`{"conda": …}` for conda.

Errors (DuetError): `environment-invalid` (a line that is no requirement), `environment-python` (another Python than
the cluster's), `environment-failed` (the resolver's own words, shortened), `conda-missing`, `uv-missing`, `disk-full`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from duet.errors import DuetError

OnLine = Callable[[str], Awaitable[None]]

RUNNER_PACKAGES = ("pyarrow", "pandas", "numpy")
"""What our own code in a worker needs beside Ray; taken in our versions where the user's packages allow it."""

MESSAGE_LINES = 12


async def ensure_environment(spec: dict[str, Any], on_line: OnLine) -> dict[str, Any]:
    """Make sure that the environment is there, and say how Ray gets it; see the module's documentation."""
    conda = spec.get("conda")
    if conda:
        return _conda(conda)
    _check_python(spec.get("python"))
    requirements = sorted({line.strip() for line in spec.get("requirements") or () if line.strip()})
    for line in requirements:
        _check_requirement(line)
    if not requirements:
        return {}
    if not await asyncio.to_thread(_is_single_node):
        return {"uv": {"packages": requirements}}
    folder = _environments() / _content_hash(requirements)
    if not folder.exists():
        await _build_once(folder, requirements, on_line)
    os.utime(folder)
    return {"py_executable": str(folder / "bin" / "python")}


def _conda(conda: dict[str, Any]) -> dict[str, Any]:
    if shutil.which("conda") is None:
        packages = [item for item in conda.get("dependencies") or () if isinstance(item, str)]
        named = ", ".join(item for item in packages if not re.match(r"(python|pip)\b", item))
        raise DuetError(
            "conda-missing",
            f"The environment asks for packages of conda ({named or 'its channels'}), and conda is not installed here: "
            "install it, or name the packages of PyPI in the section pip instead.",
        )
    return {"conda": conda}


def _check_python(wanted: str | None) -> None:
    if not wanted:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    text = wanted.strip().lstrip("=").strip()
    try:
        if re.fullmatch(r"\d+(\.\d+|\.\*)*", text):
            # Tasks and the cluster must agree on the minor version; the last number is the cluster's own.
            parts = text.split(".")[:2]
            fits = "*" in parts or here.split(".")[: len(parts)] == parts
        else:
            fits = SpecifierSet(wanted).contains(platform.python_version())
    except InvalidSpecifier as error:
        raise DuetError(
            "environment-invalid", f"The environment's Python version cannot be read: {wanted!r}"
        ) from error
    if not fits:
        raise DuetError(
            "environment-python",
            f"The environment asks for Python {text}, and the Ray cluster runs Python {here}: all tasks of a cluster "
            f"run on one Python version. Ask for {here}, or leave it out.",
            wanted=wanted,
            cluster=here,
        )


def _check_requirement(line: str) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    if line.startswith("-") or "://" in line or line.startswith((".", "/")):
        return
    try:
        Requirement(line)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise DuetError(
            "environment-invalid", f"The environment's line {line!r} is no requirement: {reason}", line=line
        ) from error


def _is_single_node() -> bool:
    import ray

    alive = [node for node in ray.nodes() if node["Alive"]]
    return len(alive) == 1 and alive[0]["NodeID"] == ray.get_runtime_context().get_node_id()


def _environments() -> Path:
    home = os.environ.get("DUET_HOME")
    return (Path(home) if home else Path.home() / ".duet") / "environments"


def _content_hash(requirements: list[str]) -> str:
    content = {
        "requirements": requirements,
        "base": _base(pinned=True, requirements=requirements),
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def _base(*, pinned: bool, requirements: list[str]) -> list[str]:
    """What every environment holds beside the user's packages."""
    named = {
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in requirements
    }
    rest = [name for name in RUNNER_PACKAGES if name not in named]
    return [
        f"ray=={metadata.version('ray')}",
        *(f"{name}=={metadata.version(name)}" if pinned else name for name in rest),
    ]


async def _build_once(folder: Path, requirements: list[str], on_line: OnLine) -> None:
    from filelock import AsyncFileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncFileLock(folder.with_suffix(".lock"), poll_interval=0.1):
        if folder.exists():
            return
        building = folder.with_suffix(".new")
        shutil.rmtree(building, ignore_errors=True)
        try:
            await _build(building, requirements, on_line)
            building.rename(folder)
        except OSError as error:
            raise DuetError(
                "environment-failed", f"The environment cannot be made in {folder.parent}: {error}"
            ) from error
        finally:
            shutil.rmtree(building, ignore_errors=True)


async def _build(folder: Path, requirements: list[str], on_line: OnLine) -> None:
    uv = find_uv()
    environment = {**os.environ, **await _index_settings(), "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    environment.pop("VIRTUAL_ENV", None)

    async def run(*arguments: str) -> tuple[int, list[str]]:
        return await _run([uv, *arguments], environment, on_line)

    await on_line(f"Building a Python environment with {', '.join(requirements)}")
    # Relocatable, because it is built under another name than it will have.
    status, lines = await run("venv", "--quiet", "--relocatable", "--python", sys.executable, str(folder))
    if status != 0:
        raise _failure(lines)
    for pinned in (True, False):
        listed = folder / "requirements.txt"
        listed.write_text(
            "\n".join([*_base(pinned=pinned, requirements=requirements), *requirements]) + "\n", "utf-8"
        )
        status, lines = await run(
            "pip", "install", "--python", str(folder / "bin" / "python"), "-r", str(listed)
        )
        if status == 0:
            return
        if not _is_conflict(lines):
            break
        # The user's packages may need other versions of pandas or NumPy than ours: theirs win.
        await on_line("Trying again with other versions of pandas, NumPy and pyarrow")
    raise _failure(lines)


async def _run(command: list[str], environment: dict[str, str], on_line: OnLine) -> tuple[int, list[str]]:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            if line and not line.startswith("Using Python"):
                lines.append(line)
                await on_line(line)
        return await process.wait(), lines
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _is_conflict(lines: list[str]) -> bool:
    text = " ".join(lines)
    return "No solution found" in text and any(f"{name}==" in text for name in RUNNER_PACKAGES)


def _failure(lines: list[str]) -> DuetError:
    words = [re.sub(r"^[\s×✗╰├─▶│]+|^(error|cause):\s*", "", line).strip() for line in lines]
    told = [word for word in words if word and not word.startswith("Resolved")]
    if any("No space left on device" in word for word in told):
        return DuetError("disk-full", f"No space is left for the Python environment in {_environments()}.")
    shown = told[:MESSAGE_LINES]
    if len(told) > MESSAGE_LINES:
        shown.append(f"… {len(told) - MESSAGE_LINES} more lines")
    return DuetError("environment-failed", "The Python environment cannot be built. " + "\n".join(shown))


def find_uv() -> str:
    """uv's path: `$DUET_UV`, else the project's own, else one on the path. Raises `uv-missing`."""
    given = os.environ.get("DUET_UV")
    own = Path(__file__).parents[2] / ".uv" / "bin" / "uv"
    beside = Path(sys.executable).with_name("uv")
    for path in ([Path(given)] if given else []) + [own, beside]:
        if path.is_file():
            return str(path)
    found = shutil.which("uv")
    if found is None:
        raise DuetError(
            "uv-missing",
            "Building a Python environment needs uv: run the set-up again, or name its path in DUET_UV.",
        )
    return found


async def _index_settings() -> dict[str, str]:
    """The mirror that pip is set up for counts for uv too, which does not read pip's settings."""
    if any(os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")):
        return {}
    address = os.environ.get("PIP_INDEX_URL")
    if not address:
        base = getattr(sys, "_base_executable", sys.executable)
        process = await asyncio.create_subprocess_exec(
            base,
            *("-m", "pip", "config", "get", "global.index-url"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        address = (await process.communicate())[0].decode().strip()
    return {"UV_DEFAULT_INDEX": address} if address else {}
