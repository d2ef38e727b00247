"""Where handed-over tables arrive: the functions that run in Ray's workers, by name, and need no PySpark.

An object in Ray's store holds Arrow's buffers whatever it arrives as; `Shipment` makes it unpickle as a pandas or
polars frame in the process that takes it, so that nothing waits and nothing is converted twice on the way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from duet import table_reader
from duet.errors import DuetError

_plain = threading.local()


class Shipment:
    """An Arrow table that unpickles as another kind of frame: see `duet.script.frames.kinds.Kind`."""

    def __init__(self, table: Any, kind: str, zone: str | None) -> None:
        self.table = table
        self.kind = kind
        self.zone = zone

    def __reduce__(self) -> tuple[Any, ...]:
        return (arrive, (self.table, self.kind, self.zone))


def ship(table: pa.Table, kind: str, zone: str | None) -> Any:
    """What to put into the store, so that `table` arrives as `kind`."""
    if len(set(table.column_names)) < table.num_columns:
        # Ray pickles a table's columns by their names, but leaves record batches to Arrow.
        return Shipment(table.combine_chunks().to_batches() or table.schema, kind, zone)
    return table if kind == "arrow" else Shipment(table, kind, zone)


def arrive(table: Any, kind: str, zone: str | None) -> Any:
    """`table` as `kind`; times with a zone become times of day in `zone`, as Spark's own `toPandas` gives them.

    Raises `package-missing` where this process has no polars.
    """
    if isinstance(table, pa.Schema):
        table = table.empty_table()
    elif isinstance(table, list):
        table = pa.Table.from_batches(table)
    if kind == "arrow" or getattr(_plain, "wanted", False):
        return table
    if kind == "polars":
        return _to_polars(table)
    return _to_pandas(table, zone)


@contextmanager
def as_arrow() -> Iterator[None]:
    """Within it, and in its thread, everything that has been shipped unpickles as the Arrow table that it is."""
    _plain.wanted = True
    try:
        yield
    finally:
        _plain.wanted = False


def take(table: Any) -> Any:
    """What a frame inside of another object unpickles by: the value of an object ref, or the table itself."""
    if isinstance(table, pa.Table):
        return table
    import ray

    return ray.get(table)


def read_handed_table(folder: str, schema: pa.Schema, kind: str, zone: str | None) -> Any:
    """The Ray task that reads a table which Spark's executors have written into Ray's store."""
    return ship(table_reader.read_folder(Path(folder), schema), kind, zone)


def conform_batch(batch: pa.Table, schema: pa.Schema) -> pa.Table:
    """A block of a data set over the files, with Spark's types."""
    return table_reader.conform(batch, schema)


def _to_polars(table: pa.Table) -> Any:
    try:
        import polars
    except ImportError as error:
        raise DuetError(
            "package-missing",
            "A parameter is annotated polars.DataFrame, but the task's environment has no polars.",
            package="polars",
        ) from error
    return polars.from_arrow(table)


def _to_pandas(table: pa.Table, zone: str | None) -> Any:
    names = table.column_names
    plain = table.rename_columns([str(position) for position in range(len(names))])
    frame = plain.to_pandas(coerce_temporal_nanoseconds=True, maps_as_pydicts="lossy", ignore_metadata=True)
    for name, field in zip(frame.columns, table.schema, strict=True):
        column = frame[name]
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            frame[name] = column.dt.tz_convert(zone or "UTC").dt.tz_localize(None)
        elif not _is_writable(column):
            frame[name] = column.copy()  # It is the store's memory, which all tasks share.
    frame.columns = names
    return frame


def _is_writable(column: Any) -> bool:
    flags = getattr(column.to_numpy(copy=False), "flags", None)
    return flags is None or bool(flags.writeable)
