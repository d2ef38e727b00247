"""The folders of one group's training: scratch space that goes away, and the parts of a version that stay."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlparse

import pyarrow as pa

from duet.errors import DuetError
from duet.table_reader import read as read_files

DataFormat = Literal["parquet", "json"]


@dataclass(frozen=True)
class Workspace:
    """`scratch` is removed at the end; `model` and `meta` are the group's folders in the version being made."""

    scratch: Path
    model: Path
    meta: Path

    @property
    def data(self) -> Path:
        """Where the training table lies as files."""
        return self.scratch / "data"


@contextmanager
def open_workspace(staging: str, group: str, scratch_root: str | None) -> Iterator[Workspace]:
    """Make the folders of `group`, empty also where an earlier attempt has left something."""
    base = local_path(staging)
    model, meta = base / "model" / group, base / "meta" / group
    for folder in (model, meta):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    if scratch_root is not None:
        local_path(scratch_root).mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"duet-group-{group}-", dir=scratch_root))
    try:
        yield Workspace(scratch, model, meta)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def local_path(address: str) -> Path:
    """The local path that a path or a `file:` address names. Raises `path-not-local` for any other."""
    parsed = urlparse(address)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path))
    if "://" in address:
        raise DuetError(
            "path-not-local", f"{address} is not on a file system that this Ray node can write to."
        )
    return Path(address)


def table_reader(data: Any) -> Callable[[], pa.Table]:
    """A function that gives `data` as a table: itself, or what lies in the folder of `{"path": …}`."""
    if isinstance(data, pa.Table):
        return lambda: data
    if isinstance(data, pa.RecordBatch):
        return lambda: pa.Table.from_batches([data])
    if isinstance(data, dict) and "path" in data:
        return lambda: read_files({**data, "path": local_path(str(data["path"]))})
    raise DuetError(
        "data-unreadable", f"The training data came as {type(data).__name__}, not as a table or a path."
    )


def write_data(data: Any, read: Callable[[], pa.Table], folder: Path, data_format: DataFormat) -> None:
    """Lay the table out in `folder` as files of `data_format`; parquet files that lie here already are linked."""
    folder.mkdir()
    if data_format == "parquet":
        if isinstance(data, dict):
            for file in sorted(local_path(str(data["path"])).rglob("*.parquet")):
                (folder / file.name).symlink_to(file.resolve())
            return
        import pyarrow.parquet as pq

        pq.write_table(read(), folder / "part-00000.parquet")
        return
    with (folder / "part-00000.json").open("w", encoding="utf-8") as file:
        for batch in read().to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                file.write(json.dumps(_json_value(row), ensure_ascii=False, separators=(",", ":")))
                file.write("\n")


def _json_value(value: Any) -> Any:
    """A row as Spark's JSON writer would write it: no null fields, ISO times, base64 binaries, NaN as text."""
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def find_resources(resources: dict[str, str]) -> dict[str, str]:
    """The resources of a script as local paths. Raises `resource-not-found`."""
    found = {}
    for name, address in resources.items():
        path = local_path(address)
        if not path.exists():
            raise DuetError(
                "resource-not-found", f"The resource {name!r} is not there: {address}", resource=name
            )
        found[name] = str(path)
    return found
