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
    """The children of this process, the adopted ones too; none where the system has no `/proc`."""
    found: list[int] = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The second field is the program's name in brackets and may itself hold blanks and brackets.
            _, parent = file.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid():
                found.append(int(file.parent.name))
    return found


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
