"""Builds a virtual environment with uv, and puts its failures into a person's words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from duet.bridge import ends_with_parent
from duet.environment.own_packages import RUNNER_PACKAGES, OwnPackages
from duet.environment.requirement import Place, text_of
from duet.environment.store import disk_full, python_of
from duet.environment.wanted import Wanted
from duet.errors import DuetError

OnLine = Callable[[str], Awaitable[None]]

MESSAGE_LINES = 12

_FRAME = re.compile(r"^[\s×✗╰├─▶│]*(?:(?:error|cause):\s*)?")
"""What uv puts before the words of a message."""


async def build_environment(
    folder: Path, wanted: Wanted, own: OwnPackages, on_line: OnLine, *, python: str = sys.executable
) -> None:
    """Make a virtual environment in `folder` with the user's packages and ours.

    `python` is a path or a version (`3.12`) that uv finds on this machine. Raises DuetError `environment-failed` with
    uv's own words and, where it is known, the place of the requirement that failed; `uv-missing`; `disk-full`.
    """
    uv = find_uv()
    environment = {**os.environ, **await _index_settings(), "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    environment.pop("VIRTUAL_ENV", None)

    async def run(*arguments: str, on_line: OnLine = on_line) -> tuple[int, list[str]]:
        # Run in the new folder: uv reads the settings of the project that it is called in, and ours lie there.
        return await _run([uv, *arguments], environment, folder, on_line)

    async def silent(line: str) -> None:
        return

    folder.mkdir()
    # Relocatable, because it is built under another name than it will have.
    venv = ("venv", "--quiet", "--relocatable", "--no-project", "--allow-existing", "--python", python)
    status, lines = await run(*venv, str(folder))
    if status != 0:
        raise _failure(lines, wanted)
    # What set-up has left in uv's cache is taken as it is: PySpark comes as source, and a mirror that does not let uv
    # trust its cache would have it built again each time. What is not there comes with the rest.
    offline = ("pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(python_of(folder)))
    await run(*offline, *own.fixed, on_line=silent)
    listed = _write_wanted(folder, wanted)
    for ours in dict.fromkeys((tuple(own.exact), tuple(own.loose))):
        arguments = _install_arguments(folder, listed, wanted, own, ours)
        status, lines = await run(*arguments)
        if status == 0:
            return
        if not _is_conflict(lines):
            break
        # The user's packages may need other versions of pandas or NumPy than ours: theirs win.
        await on_line("Trying again with other versions of pandas, NumPy and pyarrow")
    raise _failure(lines, wanted, ours)


def _write_wanted(folder: Path, wanted: Wanted) -> Path:
    """The user's requirements as a file for uv; where they come with settings of uv, as a project."""
    lines = [text_of(item) for item in wanted.requirements]
    if not wanted.uv:
        listed = folder / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return listed
    import tomlkit

    project = {"name": "environment", "version": "0", "dependencies": lines}
    listed = folder / "pyproject.toml"
    listed.write_text(tomlkit.dumps({"project": project, "tool": {"uv": wanted.uv}}), "utf-8")
    return listed


def _install_arguments(
    folder: Path, listed: Path, wanted: Wanted, own: OwnPackages, ours: Sequence[str]
) -> list[str]:
    def file(name: str, lines: Sequence[str]) -> str:
        (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return str(folder / name)

    arguments = ["pip", "install", "--python", str(python_of(folder)), *wanted.options, "-r", str(listed)]
    if ours:
        arguments += ["-r", file("own.txt", ours)]
    if wanted.constraints:
        arguments += ["-c", file("constraints.txt", [text_of(item) for item in wanted.constraints])]
    if own.excluded:
        arguments += ["--excludes", file("excludes.txt", own.excluded)]
    for name, path in wanted.local:
        # A package on this machine may have changed since uv built it.
        known = name or _name_of(path)
        arguments += ["--refresh"] if known is None else ["--refresh-package", known]
    return arguments


def _name_of(path: Path) -> str | None:
    """The name of a package in a folder, where its project says it."""
    project = path / "pyproject.toml"
    if not project.is_file():
        return None
    found = re.search(r"""^name\s*=\s*["']([A-Za-z0-9._-]+)["']""", project.read_text("utf-8"), re.MULTILINE)
    return found and found[1]


async def _run(
    command: list[str], environment: dict[str, str], folder: Path, on_line: OnLine
) -> tuple[int, list[str]]:
    # Killed with this process, however that ends.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(Path(ends_with_parent.__file__)), *command),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
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


def _failure(lines: list[str], wanted: Wanted, ours: Sequence[str] = ()) -> DuetError:
    words = [_FRAME.sub("", line).strip() for line in lines]
    told = [word for word in words if word and not word.startswith("Resolved")]
    text = " ".join(told)
    if "No space left on device" in text:
        return disk_full()
    shown = told[:MESSAGE_LINES]
    if len(told) > MESSAGE_LINES:
        shown.append(f"… {len(told) - MESSAGE_LINES} more lines")
    if "No solution found" in text and any(line.split("[")[0].split("=")[0] in text for line in ours):
        shown.append(f"Duet itself asks for {', '.join(ours)}.")
    message = "The Python environment cannot be built. " + "\n".join(shown)
    return DuetError("environment-failed", message, **_place_in(text, wanted).details())


def _place_in(text: str, wanted: Wanted) -> Place:
    """The place of the first of the user's packages that the message names."""
    found = []
    for item in (*wanted.requirements, *wanted.constraints):
        name = item.parsed.name if item.parsed is not None else str(item.path or item.text)
        at = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE)
        if at is not None:
            found.append((at.start(), item.place))
    return min(found, key=lambda each: each[0])[1] if found else Place()


def find_uv() -> str:
    """uv's path: `$DUET_UV`, else the project's own, else one on the path. Raises `uv-missing`."""
    given = os.environ.get("DUET_UV")
    own = Path(__file__).parents[3] / ".uv" / "bin" / "uv"
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
