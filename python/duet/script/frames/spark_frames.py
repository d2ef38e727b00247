"""What the hand-over asks of a Spark DataFrame, of Spark Connect or of a classic driver.

PySpark's private parts that are used, all of them here: `DataFrame._explain_string`, `._plan`, `._session.client`
(`to_table_as_iterator`) of Spark Connect; `DataFrame._jdf` of a classic driver; `to_arrow_schema` of
`pyspark.sql.pandas.types`, which says what `DataFrame.toArrow` gives. `python/tests/test_frames.py` uses each.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from duet import table_reader
from duet.errors import DuetError
from duet.script.frames.plan_facts import PlanFacts, read_plan

# They are read once, at once and on the same machine, so that packing them and counting in them only costs time.
# The first two are Sail's names, the last is Apache Spark's.
PLAIN_PARQUET = {
    "compression": "uncompressed",
    "dictionary_enabled": "false",
    "statistics_enabled": "none",
    "parquet.enable.dictionary": "false",
}


def is_frame(value: Any) -> bool:
    """Whether it is a Spark DataFrame, of either kind."""
    module = sys.modules.get("pyspark.sql.dataframe")
    return module is not None and isinstance(value, module.DataFrame)


def arrow_schema(frame: Any) -> pa.Schema:
    """The columns as `frame.toArrow()` has them. Raises `session-ended`, and what Spark raises."""
    from pyspark.sql.pandas.types import to_arrow_schema

    _check_session(frame)
    return to_arrow_schema(frame.schema, error_on_duplicated_field_names_in_struct=True, timezone="UTC")


def plan_facts(frame: Any, schema: pa.Schema) -> PlanFacts | None:
    """What the plan says of the result; the query does not run."""
    if _is_connect(frame):
        return read_plan(frame._explain_string(mode="cost"), schema)
    plan = frame._jdf.queryExecution().optimizedPlan()
    return PlanFacts("spark", int(str(plan.stats().sizeInBytes())), plan.nodeName() == "Sort")


def fits_parquet(frame: Any) -> bool:
    """Whether parquet files can hold the columns: they need names of their own, and types that parquet has."""
    from pyspark.sql import types

    names = [name.lower() for name in frame.columns]
    if not names or len(set(names)) < len(names):
        return False
    unfit = tuple(
        getattr(types, name)
        for name in ("NullType", "CalendarIntervalType", "VariantType", "UserDefinedType")
        if hasattr(types, name)
    )

    def fits(kind: Any) -> bool:
        if isinstance(kind, unfit):
            return False
        inner = (
            [field.dataType for field in kind.fields]
            if isinstance(kind, types.StructType)
            else [
                getattr(kind, name) for name in ("elementType", "keyType", "valueType") if hasattr(kind, name)
            ]
        )
        return all(fits(one) for one in inner)

    return fits(frame.schema)


def time_zone(frame: Any) -> str:
    """The session's zone, in which `toPandas` shows times."""
    return frame.sparkSession.conf.get("spark.sql.session.timeZone")


def fetch(frame: Any, schema: pa.Schema, check: Callable[[int, int], None]) -> pa.Table:
    """Runs the query and takes its rows as Arrow; `check(rows, bytes)` sees them come and may raise, which stops it."""
    with _stoppable(frame):
        if not _is_connect(frame):
            table = frame.toArrow()
            check(table.num_rows, table.nbytes)
        else:
            client = frame._session.client
            parts: list[pa.Table] = []
            rows = size = 0
            for part in client.to_table_as_iterator(frame._plan.to_proto(client), frame._plan.observations):
                if isinstance(part, pa.Table):
                    parts.append(part)
                    rows, size = rows + part.num_rows, size + part.nbytes
                    check(rows, size)
            table = pa.concat_tables(parts)
    # Sail's batches are small. One piece is put and read in a tenth of the time of hundreds.
    return table_reader.conform(table.combine_chunks(), schema)


def write(frame: Any, folder: Path) -> None:
    """Runs the query; its executors write the rows as plain parquet."""
    with _stoppable(frame):
        frame.write.format("parquet").options(**PLAIN_PARQUET).save(str(folder))


@contextmanager
def _stoppable(frame: Any) -> Iterator[None]:
    """Stops on the server what is still running when an exception, Ctrl-C among them, leaves the block."""
    session = frame.sparkSession
    tag = f"duet-hand-over-{uuid.uuid4()}"
    session.addTag(tag)
    try:
        yield
    except BaseException:
        if not _has_ended(session):
            session.interruptTag(tag)
        raise
    finally:
        session.removeTag(tag)


def _is_connect(frame: Any) -> bool:
    module = sys.modules.get("pyspark.sql.connect.dataframe")
    return module is not None and isinstance(frame, module.DataFrame)


def _check_session(frame: Any) -> None:
    if _has_ended(frame.sparkSession):
        raise DuetError(
            "session-ended",
            "The DataFrame belongs to a Spark session that has ended (spark.stop()), so its query cannot run.\n"
            "Call the task before the session is stopped, or make the DataFrame anew in a session that lives.",
        )


def _has_ended(session: Any) -> bool:
    if hasattr(session, "is_stopped"):
        return bool(session.is_stopped)
    context = session._sc._jsc
    return context is None or bool(context.sc().isStopped())
