"""`ray.data.Dataset`s over what has been handed over. In a module of its own: Ray Data takes a second to import."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duet.script.frames import arrival

# The other reader starts 32 actors for each read.
os.environ.setdefault("RAY_DATA_USE_DATASOURCE_V2", "0")


def over_files(folder: Path, schema: pa.Schema) -> Any:
    """A data set that reads the files when and where it is used, in parallel and in parts."""
    import ray.data

    paths = sorted(str(file) for file in folder.rglob("*.parquet"))
    dataset = ray.data.read_parquet(paths)
    if all(pq.read_schema(path).remove_metadata().equals(schema.remove_metadata()) for path in paths):
        return dataset
    return dataset.map_batches(
        functools.partial(arrival.conform_batch, schema=schema),
        batch_size=None,
        batch_format="pyarrow",
        zero_copy_batch=True,
    )


def over_table(ref: Any) -> Any:
    """A data set of one table in Ray's store."""
    import ray.data

    return ray.data.from_arrow_refs([ref])
