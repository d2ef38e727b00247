"""The folders of parquet files through which large tables go, in the run's folder of the lake."""

from __future__ import annotations

import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from duet.errors import DuetError
from duet.script.context import ScriptContext, context

PAUSE = 0.05
"""Seconds between two looks at a folder that is to be gone; as `packages/engine/src/lake/remove-until-gone.ts`."""
QUIET_LOOKS = 3
MOST_LOOKS = 60


@dataclass(frozen=True)
class Measure:
    """What lies in a folder of parquet files: rows, and the bytes that they take when they have been read."""

    rows: int
    bytes: int


def run_context() -> ScriptContext:
    """The run's context. Raises `not-in-a-run` outside of Duet."""
    known = context()
    if known is None:
        raise DuetError("not-in-a-run", "Tables are handed over within `duet run` alone.")
    return known


def new_folder(name: str) -> Path:
    """A path of its own in the run's folder, where nothing lies yet. Duet removes the run's folder afterwards."""
    directory = Path(run_context().directory)
    directory.mkdir(parents=True, exist_ok=True)
    return directory / f"{name}-{uuid.uuid4().hex[:8]}"


def measure(folder: Path) -> Measure:
    """Adds up what the footers of the files say. A folder that is not there is empty."""
    rows = size = 0
    for file in folder.rglob("*.parquet"):
        footer = pq.read_metadata(file)
        rows += footer.num_rows
        size += sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))
    return Measure(rows, size)


def remove(folder: Path) -> None:
    """Removes a folder that nobody writes to."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_until_gone(folder: Path) -> None:
    """Removes what a write that failed has left: its other tasks may write on for a moment. Takes 3 s at most."""
    quiet = 0
    for _ in range(MOST_LOOKS):
        remove(folder)
        time.sleep(PAUSE)
        quiet = 0 if folder.exists() else quiet + 1
        if quiet == QUIET_LOOKS:
            return
    remove(folder)
