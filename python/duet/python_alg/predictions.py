"""What a model or a user's `predict` has given back, as Arrow columns of exactly the input's length and order."""

from __future__ import annotations

from typing import Any

import numpy
import pandas
import pyarrow as pa

from duet.errors import DuetError


def to_columns(result: Any, rows: int, output_column: str) -> dict[str, pa.ChunkedArray]:
    """The columns in `result`; one without a name of its own is called `output_column`.

    Takes Arrow tables and arrays, pandas frames and series (put back into the input's order by their index),
    NumPy arrays (two dimensions give a list column), lists, and dicts of them. Raises `predict-row-count` where a
    length differs, `predict-result` where something is no column.
    """
    if result is None:
        raise DuetError(
            "predict-result", "The function predict returned nothing: it must return the predictions."
        )
    if isinstance(result, pa.RecordBatch):
        result = pa.Table.from_batches([result])
    if isinstance(result, pa.Table):
        named = dict(zip(result.column_names, result.columns, strict=True))
    elif isinstance(result, pandas.DataFrame):
        frame = _in_order(result, rows)
        named = {str(name): frame[name] for name in frame.columns}
    elif isinstance(result, dict):
        named = {str(name): values for name, values in result.items()}
    else:
        named = {output_column: result}
    return {name: _column(name, values, rows) for name, values in named.items()}


def _in_order(values: Any, rows: int) -> Any:
    """A pandas object whose index is the input's row numbers in another order, back in the first order."""
    index = values.index
    if len(index) == rows and not index.equals(pandas.RangeIndex(rows)) and index.is_unique:
        in_place = index.isin(range(rows)).all() if rows else True
        if in_place:
            return values.sort_index()
    return values


def _column(name: str, values: Any, rows: int) -> pa.ChunkedArray:
    if isinstance(values, pandas.Series):
        values = _in_order(values, rows)
    try:
        array = _array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DuetError(
            "predict-result", f"The predictions {name!r} cannot become a column: {error}", column=name
        ) from error
    if len(array) != rows:
        raise DuetError(
            "predict-row-count",
            f"The model was given {rows:,} rows and gave {len(array):,} predictions {name!r}: "
            "there must be one per row.",
            given=rows,
            got=len(array),
        )
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _array(values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if isinstance(values, pandas.Series):
        return pa.Array.from_pandas(values)
    if hasattr(values, "toarray"):
        values = values.toarray()
    elif hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    if isinstance(values, numpy.ndarray):
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        return pa.array(values if values.ndim == 1 else list(values))
    if isinstance(values, (list, tuple)):
        return pa.array([value.item() if isinstance(value, numpy.generic) else value for value in values])
    raise DuetError(
        "predict-result",
        f"The predictions came as {type(values).__name__}: return a table, a frame, an array or a list.",
    )
