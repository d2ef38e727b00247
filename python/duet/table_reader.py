"""Reading the tables that Spark has written to the lake for Ray.

`read({"path": "<folder of parquet files>", "schema": "<base64 of an Arrow IPC stream>"})`: the rows of all files
in the order in which Spark wrote them, with the types that Spark's own Arrow results have. `schema` may be left out.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duet.errors import DuetError


def read(source: Mapping[str, Any]) -> pa.Table:
    """The table in the folder `source["path"]`. Raises `data-unreadable`."""
    encoded = source.get("schema")
    schema = None if encoded is None else pa.ipc.open_stream(base64.b64decode(encoded)).schema
    return read_folder(Path(source["path"]), schema)


def read_folder(folder: Path, schema: pa.Schema | None) -> pa.Table:
    """The table in `folder`, with the types of `schema`. Raises `data-unreadable`."""
    files = sorted(folder.rglob("*.parquet"), key=_written_order)
    try:
        if not files:
            raise FileNotFoundError("there are no parquet files in it")
        with _all_processors():
            # Mapped, not buffered: the files were written a moment ago and lie in the page cache.
            table = pq.read_table(
                [str(file) for file in files],
                memory_map=True,
                pre_buffer=False,
                partitioning=None,
                coerce_int96_timestamp_unit="us",
            )
            if schema is not None:
                table = conform(table, schema)
    except (pa.ArrowInvalid, OSError) as error:
        raise DuetError(
            "data-unreadable", f"The data in {folder} cannot be read as parquet: {error}"
        ) from error
    return table


def _written_order(file: Path) -> list[str | int]:
    # Names carry the partition's number, and Sail does not pad it: 10 comes after 9.
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name)]


@contextmanager
def _all_processors() -> Iterator[None]:
    # Ray tells Arrow to use as many threads as the task has CPUs; reading is a short burst and may have them all.
    before = pa.cpu_count()
    pa.set_cpu_count(max(before, os.cpu_count() or 1))
    try:
        yield
    finally:
        pa.set_cpu_count(before)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """`table` with the types of `schema`: parquet files of Apache Spark hold some in another unit or form."""
    if table.schema.equals(schema):
        return table
    columns = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)
