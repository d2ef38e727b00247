"""Whether one task can hold a table: said in the driver, before memory runs out."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

import pyarrow as pa

from duet.errors import DuetError
from duet.script.frames.kinds import NAMES, Kind

ALWAYS_FITS = 64 << 20
"""Bytes up to which no node is asked for its size."""

KNOWN_SECONDS = 10
"""How long the sizes of the nodes are taken for known."""

PYTHON_OBJECT = 57
"""Bytes of a pointer and of an empty text, which every text of a pandas column takes besides its characters."""


@dataclass(frozen=True)
class Call:
    """The remote call that an argument belongs to."""

    function: str
    """For people: `train`, `Model.fit`."""
    memory: int | None = None
    """What the task reserves with `memory=`, in bytes."""
    own_environment: bool = False
    """Whether the task has a runtime environment of its own, whose packages are not known here."""


def check(call: Call, path: str, kind: Kind, schema: pa.Schema, rows: int, size: int) -> None:
    """Raises `table-too-large` where a task cannot hold `rows` rows, which take `size` bytes in Arrow, as `kind`."""
    if kind == "dataset":
        return
    needed = size + (rows * PYTHON_OBJECT * _object_columns(schema) if kind == "pandas" else 0)
    if call.memory is not None and needed > call.memory:
        raise _too_large(call, path, kind, needed, call.memory, "what its memory= reserves")
    if needed <= ALWAYS_FITS:
        return
    store, memory = _largest_node(int(time.monotonic() // KNOWN_SECONDS))
    if size > store:
        raise _too_large(call, path, kind, size, store, "what the object store of Ray's largest node holds")
    if needed > memory:
        raise _too_large(call, path, kind, needed, memory, "the memory of Ray's largest node")


def _too_large(call: Call, path: str, kind: Kind, needed: int, limit: int, whose: str) -> DuetError:
    return DuetError(
        "table-too-large",
        f"`{path}` of {call.function} takes about {_human(needed)} as {NAMES[kind]}, and one task of it may take "
        f"{_human(limit)}: {whose}.\n"
        f"Annotate the parameter `{path}` as ray.data.Dataset to get the rows in parts, or select fewer rows or "
        "columns in Spark first.",
        bytes=needed,
        limit=limit,
    )


@functools.lru_cache(maxsize=1)
def _largest_node(_: int) -> tuple[int, int]:
    """Bytes of the largest object store, and of the largest memory, of a living node."""
    import ray

    resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return (
        int(max((one.get("object_store_memory", 0) for one in resources), default=0)),
        int(max((one.get("memory", 0) for one in resources), default=0)),
    )


def _object_columns(schema: pa.Schema) -> int:
    """How many columns pandas holds as Python objects."""
    types = pa.types
    return sum(
        not (
            types.is_integer(field.type)
            or types.is_floating(field.type)
            or types.is_boolean(field.type)
            or types.is_timestamp(field.type)
            or types.is_duration(field.type)
        )
        for field in schema
    )


def _human(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    raise AssertionError
