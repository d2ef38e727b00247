"""Arrow columns as models take them: matrices and frames, with errors that name the column and the row."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy
import pandas
import pyarrow as pa
import pyarrow.compute as pc

from duet.errors import DuetError
from duet.python_alg.model_card import Column

SPARK_VECTOR_FIELDS = ("type", "size", "indices", "values")


def near(name: str, names: Sequence[str]) -> str:
    """A sentence to add to 'there is no such column': the nearest names, or all of them where they are few."""
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if not close:
        same = [other for other in names if other.lower() == name.lower()]
        close = same
    if close:
        return f" Did you mean {' or '.join(repr(other) for other in close)}?"
    shown = ", ".join(names[:20])
    return f" It has: {shown}{', …' if len(names) > 20 else ''}."


def is_vector(kind: pa.DataType) -> bool:
    """Whether a column of this type holds a vector of numbers per row (a list, or Spark's vector struct)."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _is_number(kind.value_type)
    return pa.types.is_struct(kind) and tuple(field.name for field in kind) == SPARK_VECTOR_FIELDS


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _is_number_like(kind: pa.DataType) -> bool:
    return _is_number(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def select_inputs(table: pa.Table, inputs: Sequence[Column]) -> pa.Table:
    """The columns of `table` that a model takes, in its order.

    Raises `unknown-column` where one is missing (with near names), `column-type-mismatch` where one holds
    something else than in training (with the first bad row, counted from 1).
    """
    columns = []
    for wanted in inputs:
        name = str(wanted.name)
        if name not in table.column_names:
            raise DuetError(
                "unknown-column",
                f"The model takes a column {name!r}, which the table has not.{near(name, table.column_names)}",
                column=name,
            )
        columns.append(_conform(name, table.column(name), wanted.type))
    return pa.table(columns, names=[str(column.name) for column in inputs])


def _conform(name: str, values: pa.ChunkedArray, wanted: str | None) -> pa.ChunkedArray:
    if wanted is None:
        return values
    wants_number = wanted == "bool" or wanted.startswith(
        ("int", "uint", "float", "double", "half", "decimal")
    )
    if wants_number and not _is_number_like(values.type):
        if _is_text(values.type):
            return _numbers_from_text(name, values, wanted)
        raise _mismatch(name, values.type, wanted, values, 0)
    if wanted in ("string", "large_string") and not (_is_text(values.type) or pa.types.is_null(values.type)):
        raise _mismatch(name, values.type, wanted, values, 0)
    if wanted.startswith(("list", "large_list", "fixed_size_list", "struct")) and not (
        is_vector(values.type) or pa.types.is_nested(values.type) or pa.types.is_null(values.type)
    ):
        raise _mismatch(name, values.type, wanted, values, 0)
    return values


def _numbers_from_text(name: str, values: pa.ChunkedArray, wanted: str) -> pa.ChunkedArray:
    # Tables that were read from CSV without a schema hold numbers as text: what reads as a number is one.
    try:
        return pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        for row, value in enumerate(values):
            try:
                pc.cast(value, pa.float64())
            except pa.ArrowInvalid:
                raise _mismatch(name, values.type, wanted, values, row) from None
        raise


def _mismatch(name: str, kind: pa.DataType, wanted: str, values: pa.ChunkedArray, row: int) -> DuetError:
    first = row
    while first < len(values) and not values[first].is_valid:
        first += 1
    holds = f": row {first + 1} holds {str(values[first].as_py())[:60]!r}" if first < len(values) else ""
    return DuetError(
        "column-type-mismatch",
        f"Column {name!r} is of type {kind}, and the model was trained on {wanted}{holds}.",
        column=name,
        row=first + 1,
    )


def to_matrix(table: pa.Table) -> Any:
    """All columns side by side as a NumPy matrix of doubles (nulls are NaN); vector columns are spread out.

    A lone column of text is a plain array of texts, as text vectorizers take it. Raises
    `column-type-mismatch` for vectors of different lengths.
    """
    if table.num_columns == 1 and _is_text(table.column(0).type):
        return table.column(0).to_numpy()
    parts = [_as_matrix(name, table.column(name)) for name in table.column_names]
    return numpy.hstack(parts) if parts else numpy.empty((table.num_rows, 0))


def _as_matrix(name: str, values: pa.ChunkedArray) -> Any:
    kind = values.type
    if pa.types.is_struct(kind) and is_vector(kind):
        return _stack(name, [_dense(value.as_py()) for value in values])
    if is_vector(kind):
        return _list_matrix(name, values)
    if _is_number_like(kind):
        return pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False).reshape(-1, 1)
    return values.to_numpy(zero_copy_only=False).reshape(-1, 1)


def _list_matrix(name: str, values: pa.ChunkedArray) -> Any:
    array = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if array.null_count == 0 and len(array) > 0:
        lengths = pc.list_value_length(array)
        width = lengths[0].as_py()
        if pc.all(pc.equal(lengths, width)).as_py():
            flat = pc.cast(array.flatten(), pa.float64()).to_numpy(zero_copy_only=False)
            return flat.reshape(len(array), width)
    return _stack(name, [value.as_py() for value in array])


def _dense(vector: dict[str, Any] | None) -> list[float] | None:
    if vector is None:
        return None
    if vector["type"] == 1:
        return list(vector["values"])
    dense = [0.0] * int(vector["size"])
    for index, value in zip(vector["indices"], vector["values"], strict=True):
        dense[index] = value
    return dense


def _stack(name: str, rows: list[list[float] | None]) -> Any:
    width = next((len(row) for row in rows if row is not None), 0)
    for number, row in enumerate(rows, 1):
        if row is None or len(row) != width:
            found = "no vector" if row is None else f"a vector of {len(row)} numbers"
            raise DuetError(
                "column-type-mismatch",
                f"Column {name!r}: row {number} holds {found}, the first row one of {width}.",
                column=name,
                row=number,
            )
    return numpy.array(rows, dtype=float).reshape(len(rows), width)


def to_frame(table: pa.Table) -> pandas.DataFrame:
    """A pandas frame with a plain row number as index; decimals become doubles, which libraries understand."""
    for position, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(position, field.name, pc.cast(table.column(position), pa.float64()))
    return table.to_pandas()
