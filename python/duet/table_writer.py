"""Handing a table of Ray back to Spark: the task that the engine submits.

`hand_back(folder, limit, *tables)` puts the columns of tables of one schema into types that Spark has. Up to `limit`
bytes come back as one table, for the client to fetch. More is written to `folder` as parquet, a file for each table,
for Spark's executors to read, and an empty table of the same columns comes back, whose schema metadata says
`duet.path` and `duet.rows`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duet.errors import DuetError

ROWS_OF_A_ROW_GROUP = 262_144
"""Spark's executors share a file out by row groups."""


def hand_back(folder: str, limit: int, *tables: Any) -> pa.Table:
    """See the module's documentation. Raises `not-a-table`, `duplicate-column`, `type-unknown-to-spark`."""
    parts = [for_spark(_as_table(table)) for table in tables]
    schema = pa.unify_schemas([part.schema for part in parts], promote_options="permissive")
    parts = [part.cast(schema) for part in parts]
    if sum(part.nbytes for part in parts) <= limit:
        return pa.concat_tables(parts)
    Path(folder).mkdir(parents=True)
    for number, part in enumerate(parts):
        write_part(part, Path(folder) / f"part-{number:05}.parquet")
    return schema.empty_table().replace_schema_metadata(
        {"duet.path": folder, "duet.rows": str(sum(part.num_rows for part in parts))}
    )


def write_part(table: pa.Table, file: Path) -> None:
    """Writes a table that Spark's executors read once, at once: packing and counting would only cost time."""
    pq.write_table(
        table,
        file,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        row_group_size=ROWS_OF_A_ROW_GROUP,
    )


def _as_table(table: Any) -> pa.Table:
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if not isinstance(table, pa.Table):
        raise DuetError("not-a-table", f"Spark can take back an Arrow table, not a {type(table).__name__}.")
    return table


def for_spark(table: pa.Table) -> pa.Table:
    """`table` in types that Spark has: views, dictionaries, unsigned and short numbers widened, times in microseconds.

    Raises `duplicate-column` (Spark does not tell upper from lower case) and `type-unknown-to-spark`.
    """
    seen: dict[str, str] = {}
    for name in table.column_names:
        other = seen.setdefault(name.lower(), name)
        if other is not name:
            raise DuetError(
                "duplicate-column",
                f"Two columns are named {name!r} and {other!r}: Spark takes them for one.",
                column=name,
            )
    fields = [_field(field, field.name) for field in table.schema]
    columns = [
        column if column.type == field.type else _cast(column, field)
        for column, field in zip(table.columns, fields, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    # Nanoseconds are cut to microseconds: Spark has no finer clock. All other casts lose nothing.
    finer = "[ns" in str(column.type)
    try:
        cast = column.cast(field.type, safe=not finer)
        return _without_hidden_values(cast) if "fixed_size_list" in str(column.type) else cast
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DuetError(
            "type-unknown-to-spark",
            f"Column {field.name!r} is of type {column.type} and cannot become Spark's {field.type}: {error}",
            column=field.name,
        ) from error


def _without_hidden_values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A list of fixed size has values even where it is null, which parquet's writer does not take in other lists."""
    chunks = [chunk.take(pa.array(range(len(chunk)), pa.int64())) for chunk in column.chunks]
    return pa.chunked_array(chunks, column.type)


def _field(field: pa.Field, column: str) -> pa.Field:
    return pa.field(field.name, _type(field.type, column), field.nullable, field.metadata)


_WIDER = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.null(): pa.string(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
}
_AS_IT_IS = {
    pa.bool_(),
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.int64(),
    pa.float32(),
    pa.float64(),
    pa.string(),
    pa.binary(),
    pa.date32(),
}


def _type(kind: pa.DataType, column: str) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        return _type(kind.storage_type, column)
    if kind in _AS_IT_IS or kind in _WIDER:
        return _WIDER.get(kind, kind)
    types = pa.types
    if types.is_dictionary(kind):
        return _type(kind.value_type, column)
    if types.is_fixed_size_binary(kind):
        return pa.binary()
    if types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    if types.is_duration(kind):
        return pa.duration("us")
    if types.is_decimal(kind) and kind.precision <= 38:
        return pa.decimal128(kind.precision, kind.scale)
    if types.is_map(kind):
        return pa.map_(_type(kind.key_type, column), _field(kind.item_field, column))
    if types.is_struct(kind):
        return pa.struct([_field(kind.field(index), column) for index in range(kind.num_fields)])
    if (
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    ):
        return pa.list_(_field(kind.value_field, column))
    raise DuetError(
        "type-unknown-to-spark",
        f"Column {column!r} is of type {kind}, which Spark does not have.",
        column=column,
    )
