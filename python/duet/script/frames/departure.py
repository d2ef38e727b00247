"""Where tables leave Ray for Spark: the functions that run in Ray's workers, by name, and need no PySpark."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from duet import table_writer
from duet.errors import DuetError


@dataclass(frozen=True)
class Wanted:
    """What columns are to become."""

    zone: str | None
    """Where times without a zone are at home, as `createDataFrame` takes them; None keeps them without one."""
    schema: pa.Schema | None = None
    """The columns, by position; None for those that come nearest."""


@dataclass(frozen=True)
class Part:
    """A table that has been made ready for Spark: in memory, or in a file."""

    schema: pa.Schema
    rows: int
    bytes: int
    table: pa.Table | None
    file: str | None


def write_for_spark(value: Any, folder: str, limit: int, wanted: Wanted) -> Part | None:
    """Makes a table, record batch, pandas or polars frame ready for Spark; what is over `limit` bytes in a file.

    None for a `ray.data.Dataset`, which is no rows but a plan for them. Raises `not-a-table`, and what
    `duet.table_writer.for_spark` raises.
    """
    if type(value).__module__.startswith("ray.data"):
        return None
    table = ready(as_table(value), wanted)
    if table.nbytes <= limit:
        return Part(table.schema, table.num_rows, table.nbytes, table, None)
    return _written(table, folder)


def write_block_for_spark(block: pa.Table, folder: str, wanted: Wanted) -> pa.Table:
    """Writes a block of a data set; the row that comes back says where and what it is (see `Part`)."""
    part = _written(ready(block, wanted), folder)
    row = {
        "file": part.file,
        "rows": part.rows,
        "bytes": part.bytes,
        "schema": part.schema.serialize().to_pybytes(),
    }
    return pa.Table.from_pylist([row])


def rewrite_for_spark(file: str, schema: pa.Schema) -> None:
    """Gives a file that has been written the columns that the other files have."""
    import pyarrow.parquet as pq

    table = pq.read_table(file, partitioning=None)
    table_writer.write_part(_cast(table, schema), Path(file))


def as_table(value: Any) -> pa.Table:
    """The Arrow table of a table or frame of any kind. Raises `not-a-table`."""
    if isinstance(value, pa.Table):
        return value
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    library = type(value).__module__.partition(".")[0]
    if library == "pandas" and type(value).__name__ == "DataFrame":
        return pa.Table.from_pandas(value, preserve_index=False).replace_schema_metadata(None)
    if library == "polars" and type(value).__name__ == "DataFrame":
        return value.to_arrow()
    raise DuetError(
        "not-a-table",
        f"Spark takes an Arrow table, a pandas or polars frame or a Ray data set, not a {type(value).__name__}.",
    )


def ready(table: pa.Table, wanted: Wanted) -> pa.Table:
    """`table` with the columns that are wanted, in types that Spark has."""
    table = table_writer.for_spark(table)
    if wanted.zone is not None:
        kinds = wanted.schema.types if wanted.schema is not None else [None] * table.num_columns
        columns = [
            _at_home(column, wanted.zone, kind) for column, kind in zip(table.columns, kinds, strict=False)
        ]
        if len(columns) == table.num_columns:
            table = pa.Table.from_arrays(columns, names=table.column_names)
    return table if wanted.schema is None else _cast(table, wanted.schema)


def _at_home(column: pa.ChunkedArray, zone: str, kind: pa.DataType | None) -> pa.ChunkedArray:
    stays = kind is not None and pa.types.is_timestamp(kind) and kind.tz is None
    if stays or not pa.types.is_timestamp(column.type) or column.type.tz is not None:
        return column
    return pc.assume_timezone(column, zone, ambiguous="earliest", nonexistent="latest").cast(
        pa.timestamp("us", "UTC")
    )


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    if table.num_columns != len(schema):
        raise DuetError(
            "columns-do-not-fit",
            f"The table has {table.num_columns} columns, and the schema that it is to have {len(schema)}.",
        )
    return table.rename_columns(schema.names).cast(schema)


def _written(table: pa.Table, folder: str) -> Part:
    file = Path(folder) / f"part-{uuid.uuid4().hex}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    table_writer.write_part(table, file)
    return Part(table.schema, table.num_rows, table.nbytes, None, str(file))
