"""The processes that a script leaves behind in its Ray job: they end with it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_INTERVAL = 0.02


def adopt_orphans() -> None:
    """Let orphans below this process become its children, so that they are found (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


async def end_children(patience: float) -> None:
    """End all processes below this one: SIGTERM, and after `patience` seconds SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        deadline = asyncio.get_running_loop().time() + patience
        while _children():
            _reap()
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_INTERVAL)
        else:
            return


def _children() -> list[int]:
    """The children of all threads of this process; none where the system does not tell."""
    found: list[int] = []
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(process) for process in file.read_text().split()]
    return found


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
