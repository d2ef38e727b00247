"""The store of built environments: `$DUET_HOME/environments/<hash of the content>`.

An environment appears whole or not at all, by a rename; of two processes that want the same one, the second waits for
the first (a lock that ends with its process). What a killed build left is removed by the next one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from filelock import AsyncFileLock, FileLock, Timeout

from duet.environment.own_packages import OwnPackages
from duet.environment.requirement import text_of
from duet.environment.wanted import Wanted
from duet.errors import DuetError

DESCRIPTION = "duet-environment.json"
"""In every whole environment: what it was built from."""

_NOT_SOURCE = frozenset({"__pycache__", "build", "dist", "node_modules"})


def environments() -> Path:
    """Where built environments are kept."""
    home = os.environ.get("DUET_HOME")
    return (Path(home) if home else Path.home() / ".duet").absolute() / "environments"


def content_of(wanted: Wanted, own: OwnPackages, python: str) -> dict[str, Any]:
    """Everything that decides what an environment holds, in an order of its own."""
    return {
        "requirements": sorted(text_of(item) for item in wanted.requirements),
        "constraints": sorted(text_of(item) for item in wanted.constraints),
        "options": wanted.options,
        "uv": wanted.uv,
        "own": own.exact,
        "excluded": own.excluded,
        "paths": {str(path): _state_of(path) for _, path in wanted.local},
        "python": python,
        "platform": f"{sys.platform}-{platform.machine()}",
    }


def folder_of(content: dict[str, Any]) -> Path:
    """The folder of the environment with this content, whether or not it is there."""
    text = json.dumps(content, sort_keys=True, default=str)
    return environments() / hashlib.sha256(text.encode()).hexdigest()[:20]


def python_of(folder: Path) -> Path:
    """The environment's Python."""
    return folder / "bin" / "python"


def is_whole(folder: Path) -> bool:
    """Whether the environment is there and its Python still is: an upgrade of the system may have removed that."""
    return (folder / DESCRIPTION).is_file() and python_of(folder).exists()


async def build_once(
    folder: Path,
    content: dict[str, Any],
    build: Callable[[Path], Awaitable[None]],
    on_wait: Callable[[], Awaitable[None]],
) -> None:
    """Build the environment in a folder beside its own and put it in place, unless another process just did.

    `on_wait` is called where another process is at it. Raises DuetError `environment-failed` or `disk-full` where the
    store cannot be written.
    """
    building = folder.with_suffix(".new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        async with _lock(folder, on_wait):
            if is_whole(folder):
                return
            _remove(building)
            _remove_leftovers()
            try:
                await build(building)
                (building / DESCRIPTION).write_text(json.dumps(content, indent=2, default=str), "utf-8")
                _remove(folder)
                building.rename(folder)
            finally:
                _remove(building)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full() from error
        raise DuetError(
            "environment-failed", f"The environment cannot be made in {folder.parent}: {error}"
        ) from error


@asynccontextmanager
async def _lock(folder: Path, on_wait: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    lock = AsyncFileLock(_lock_of(folder), poll_interval=0.1)
    try:
        await lock.acquire(blocking=False)
    except Timeout:
        await on_wait()
        await lock.acquire()
    try:
        yield
    finally:
        await lock.release()


def disk_full() -> DuetError:
    """The error for a store whose disk is full."""
    return DuetError("disk-full", f"No space is left for the Python environment in {environments()}.")


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(".lock")


def _remove_leftovers() -> None:
    """Remove what killed builds left: a folder under construction whose lock nobody else holds."""
    for building in environments().glob("*.new"):
        try:
            with FileLock(_lock_of(building)).acquire(blocking=False):
                _remove(building)
        except Timeout:
            continue


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _state_of(path: Path) -> str:
    """A package on this machine changes without its name changing: the times and sizes of its files tell."""
    hashed = hashlib.sha256()
    for file in sorted(_files_of(path)):
        status = file.stat()
        hashed.update(f"{file.relative_to(path)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return hashed.hexdigest()


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = [
            name
            for name in names
            if not name.startswith(".") and name not in _NOT_SOURCE and "egg-info" not in name
        ]
        yield from (Path(folder, name) for name in files)
