"""Where in the user's own code something was asked for."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import FrameType


@dataclass(frozen=True)
class CallSite:
    """A line of the user's code, and what it called."""

    file: str
    line: int
    called: str
    """The name of the library's function that the line called, for example `collect`."""

    @property
    def place(self) -> str:
        """For titles: `train.py:12`."""
        return f"{Path(self.file).name}:{self.line}"


def call_site() -> CallSite | None:
    """The innermost line of this thread that is the user's own: not Python's, a package's or Duet's.

    None where there is none, as in a thread that a library started.
    """
    frame: FrameType | None = sys._getframe(1)
    called = ""
    while frame is not None:
        code = frame.f_code
        if _is_users(code.co_filename):
            return CallSite(_absolute(code.co_filename), frame.f_lineno, called)
        called = code.co_name
        frame = frame.f_back
    return None


def entry_point(package: str) -> str | None:
    """The name of the package's function that this thread called first, whoever called it."""
    frame: FrameType | None = sys._getframe(1)
    found = None
    while frame is not None:
        if package in Path(frame.f_code.co_filename).parts:
            found = frame.f_code.co_name
        frame = frame.f_back
    return found


@functools.lru_cache(maxsize=4096)
def _is_users(file: str) -> bool:
    if file.startswith("<"):
        return file in ("<stdin>", "<string>") or file.startswith("<ipython")
    path = os.path.realpath(file)
    if path.startswith(_own_folders()):
        return False
    parts = Path(path).parts
    return "site-packages" not in parts and "dist-packages" not in parts and "pyspark" not in parts


@functools.cache
def _own_folders() -> tuple[str, ...]:
    """Where Python's library and Duet's lie."""
    library = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    duet = Path(__file__).parents[1]
    return tuple(
        os.path.realpath(folder) + os.sep for folder in (*library, duet, duet.parent / "script_site")
    )


def _absolute(file: str) -> str:
    return file if file.startswith("<") else str(Path(file).absolute())
