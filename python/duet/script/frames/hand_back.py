"""`spark.createDataFrame` takes Ray's tables: a `pyarrow.Table`, a `ray.data.Dataset`, an `ObjectRef` or several.

What has few bytes becomes part of Spark's plan, as PySpark's own `createDataFrame` does it. More is written as
parquet where it lies, by Ray tasks in parallel (by this process where the table is its own), and Spark reads the
files. The columns are the same either way: those of `createDataFrame` for an Arrow table, after types that Spark
lacks have been widened (`duet.table_writer.for_spark`).

The files stay until the run's end: a DataFrame reads them whenever it is used, and so do those made from it.

PySpark's parts that are used: `SparkSession.createDataFrame` of `pyspark.sql.session` and
`pyspark.sql.connect.session`, which is replaced, and `from_arrow_schema`, `to_arrow_schema` of
`pyspark.sql.pandas.types`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.script.frames import departure, files
from duet.script.frames.departure import Part, Wanted
from duet.script.frames.telling import own_task, told

OTHERS_SECONDS = 2.0
"""How long tasks that still write are waited for when one has failed; the run's end removes what they leave."""


def wire(module: ModuleType) -> None:
    """Makes `createDataFrame` of the module's `SparkSession` take Ray's tables."""
    session_class = module.SparkSession
    original = session_class.createDataFrame

    @functools.wraps(original)
    def createDataFrame(self: Any, data: Any, schema: Any = None, *rest: Any, **options: Any) -> Any:
        if _is_table(data):
            try:
                return _hand_back(self, data, schema, functools.partial(original, self))
            except DuetError as error:
                raise error.with_traceback(None)  # noqa: B904 - the way through our own files says nothing
        return original(self, data, schema, *rest, **options)

    session_class.createDataFrame = createDataFrame


def _hand_back(session: Any, data: Any, schema: Any, create: Callable[..., Any]) -> Any:
    if isinstance(schema, str):
        from pyspark.sql.types import DataType

        schema = DataType.fromDDL(schema)
    naive = session.conf.get("spark.sql.timestampType", "TIMESTAMP_LTZ") == "TIMESTAMP_NTZ"
    zone = None if naive else session.conf.get("spark.sql.session.timeZone")
    wanted = Wanted(zone, _arrow(schema) if hasattr(schema, "fields") else None)
    if isinstance(data, (pa.Table, pa.RecordBatch)) and departure.as_table(data).nbytes <= _plan_bytes():
        return _in_plan(create, departure.ready(departure.as_table(data), wanted), schema)
    folder = files.new_folder("hand-back")
    _await_tasks(data)
    with told("hand back", "table → Spark") as state:
        try:
            parts = _parts(data, folder, wanted)
            frame = _frame(session, parts, folder, schema, create)
        except BaseException:
            files.remove_until_gone(folder)
            raise
        state.rows = sum(part.rows for part in parts)
    return frame


def _await_tasks(data: Any) -> None:
    """Waits for the tasks whose tables are to come: their time is not the hand-back's."""
    refs = [data] if _is_ref(data) else data
    if isinstance(refs, (list, tuple)):
        import ray

        ray.wait(list(refs), num_returns=len(refs), fetch_local=False)


def _parts(data: Any, folder: Path, wanted: Wanted) -> list[Part]:
    if isinstance(data, (pa.Table, pa.RecordBatch)):
        part = departure.write_for_spark(data, str(folder), _plan_bytes(), wanted)
        assert part is not None
        return [part]
    if _is_dataset(data):
        return _parts_of_dataset(data, folder, wanted)
    refs = [data] if _is_ref(data) else list(data)
    tasks = [
        _task(departure.write_for_spark, "write table → Spark").remote(
            ref, str(folder), _plan_bytes(), wanted
        )
        for ref in refs
    ]
    parts: list[Part] = []
    for ref, part in zip(refs, _results(tasks), strict=True):
        if part is None:
            import ray

            parts += _parts_of_dataset(ray.get(ref), folder, wanted)
        else:
            parts.append(part)
    return parts


def _parts_of_dataset(dataset: Any, folder: Path, wanted: Wanted) -> list[Part]:
    give = functools.partial(departure.write_block_for_spark, folder=str(folder), wanted=wanted)
    rows = dataset.map_batches(give, batch_size=None, batch_format="pyarrow", zero_copy_batch=True).take_all()
    if not rows:
        columns = dataset.schema().base_schema if dataset.schema() is not None else pa.schema([])
        table = departure.ready(columns.empty_table(), wanted)
        return [Part(table.schema, 0, 0, table, None)]
    return [
        Part(pa.ipc.read_schema(pa.py_buffer(row["schema"])), row["rows"], row["bytes"], None, row["file"])
        for row in rows
    ]


def _frame(session: Any, parts: list[Part], folder: Path, schema: Any, create: Callable[..., Any]) -> Any:
    columns = pa.unify_schemas([part.schema for part in parts], promote_options="permissive")
    if sum(part.bytes for part in parts) <= _plan_bytes():
        table = pa.concat_tables([_in_memory(part).cast(columns) for part in parts])
        files.remove(folder)
        return _in_plan(create, table, schema)
    spark_schema = _spark(columns, schema)
    target = _arrow(spark_schema)
    rewritten = []
    for part in parts:
        if part.file is None:
            assert part.table is not None
            departure.write_for_spark(part.table, str(folder), -1, Wanted(None, target))
        elif not part.schema.equals(target):
            rewritten.append(
                _task(departure.rewrite_for_spark, "rewrite table → Spark").remote(part.file, target)
            )
    _results(rewritten)
    return session.read.schema(spark_schema).parquet(str(folder))


def _in_memory(part: Part) -> pa.Table:
    if part.table is not None:
        return part.table
    import pyarrow.parquet as pq

    return pq.read_table(part.file, partitioning=None).cast(part.schema)


def _in_plan(create: Callable[..., Any], table: pa.Table, schema: Any) -> Any:
    spark_schema = _spark(table.schema, schema)
    # PySpark cannot tell the columns of an Arrow table without rows.
    return create([] if table.num_rows == 0 else table.rename_columns(spark_schema.names), spark_schema)


def _spark(columns: pa.Schema, schema: Any) -> Any:
    """The Spark schema that `createDataFrame` gives a table of these columns."""
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    if isinstance(schema, StructType):
        return schema
    # By now only times that are to stay without a zone have none.
    inferred = from_arrow_schema(columns, prefer_timestamp_ntz=True)
    if schema is None:
        return inferred
    names = [schema] if isinstance(schema, str) else list(schema)
    if len(names) > len(inferred.fields):
        raise DuetError(
            "columns-do-not-fit",
            f"The table has {len(inferred.fields)} columns, and the schema names {len(names)}.",
        )
    for number, field in enumerate(inferred.fields):
        field.name = names[number] if number < len(names) else f"_{number + 1}"
    return StructType(inferred.fields)


def _arrow(spark_schema: Any) -> pa.Schema:
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(spark_schema, error_on_duplicated_field_names_in_struct=True, timezone="UTC")


def _results(tasks: list[Any]) -> list[Any]:
    """The tasks' results; raises what they raised, when the others have ended or after a moment."""
    import ray

    try:
        return ray.get(tasks)
    except BaseException as error:
        # They are not cancelled: Ray 2.60 aborts a driver that cancels a task at the moment of its end.
        ray.wait(tasks, num_returns=len(tasks), timeout=OTHERS_SECONDS, fetch_local=False)
        cause = getattr(error, "cause", None)
        if isinstance(cause, DuetError):
            raise cause from None
        raise


@functools.cache
def _task(function: Callable[..., Any], name: str) -> Any:
    import ray

    return ray.remote(num_cpus=0, max_retries=3, name=own_task(name))(function)


def _plan_bytes() -> int:
    return files.run_context().plan_bytes


def _is_table(data: Any) -> bool:
    if isinstance(data, (pa.Table, pa.RecordBatch)) or _is_ref(data) or _is_dataset(data):
        return True
    return isinstance(data, (list, tuple)) and len(data) > 0 and all(_is_ref(one) for one in data)


def _is_ref(data: Any) -> bool:
    import ray

    return isinstance(data, ray.ObjectRef)


def _is_dataset(data: Any) -> bool:
    module = sys.modules.get("ray.data")
    return module is not None and isinstance(data, module.Dataset)
