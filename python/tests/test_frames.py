"""Spark DataFrames as arguments of Ray's remote calls, on Sail and the embedded Ray."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import gc
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import ray.data
from frames_on_engines import eventually, folders, numbers

from duet.errors import DuetError
from duet.script import context
from duet.script.frames import handed, limits

pytest_plugins = ["frames_on_engines"]

SMALL, LARGE = 500, 20_000
"""Rows: the one table goes as Arrow, the other as files."""

# Ray's workers cannot import the tests.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


@dataclasses.dataclass(frozen=True)
class Split:
    train: pd.DataFrame
    test: Any


@ray.remote
def shape(*values: Any, **named: Any) -> Any:
    return _shape([*values, named])


def _shape(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_shape(one) for one in value]
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    if isinstance(value, Split):
        return [_shape(value.train), _shape(value.test)]
    rows = value.num_rows if isinstance(value, pa.Table) else len(value)
    return f"{type(value).__module__.partition('.')[0]} {rows}"


@ray.remote
def annotated(
    a: pd.DataFrame,
    b: pl.DataFrame | None = None,
    *more: "pa.Table",  # noqa: UP037
    parts: dict[str, list[pd.DataFrame]] | None = None,
) -> Any:
    return [_shape(one) for one in (a, b, *more, parts) if one is not None]


@pytest.mark.engine
@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_a_frame_arrives_wherever_it_stands(spark: Any, rows: int, told: list[dict[str, Any]]) -> None:
    df = numbers(spark, rows)
    arrow, pandas, polars = f"pyarrow {rows}", f"pandas {rows}", f"polars {rows}"
    get = ray.get

    assert get(shape.remote(df, x=df)) == [arrow, {"x": arrow}]
    assert get(shape.options(num_cpus=0.5, name="other").remote(df)) == [arrow, {}]
    nested = get(shape.remote([df, (df,)], {"a": {"b": df}}, Split(df, [df])))
    assert nested == [[arrow, [arrow]], {"a": {"b": arrow}}, [pandas, [arrow]], {}]
    assert get(annotated.remote(df, df, df, parts={"x": [df]})) == [pandas, polars, arrow, {"x": [pandas]}]
    assert get(annotated.remote(a=df)) == [pandas]
    # One table, one hand-over, whatever it arrived as.
    assert [one["type"] for one in told] == ["operation-started", "operation-finished"]
    started, finished = told
    assert (started["engine"], started["kind"], started["title"]) == (
        "duet",
        "hand over",
        "table → shape(values[0])",
    )
    assert Path(started["file"]).name == "test_frames.py"
    assert (finished["operation"], finished["outcome"], finished["rows"]) == (
        started["operation"],
        "succeeded",
        rows,
    )


@ray.remote(num_cpus=0.1)
class Model:
    def __init__(self, data: pd.DataFrame, more: Any = None) -> None:
        self.seen = [_shape(one) for one in (data, more) if one is not None]

    def fit(self, data: "pl.DataFrame", *, test: Any = None) -> Any:  # noqa: UP037
        return [*self.seen, _shape(data), None if test is None else _shape(test)]


@ray.remote(num_cpus=0)
class AsyncModel:
    async def fit(self, data: pd.DataFrame, many: list[pd.DataFrame]) -> Any:
        return [_shape(data), _shape(many)]


@pytest.mark.engine
def test_actors_take_frames(spark: Any) -> None:
    small, large = numbers(spark, SMALL), numbers(spark, LARGE)
    model = Model.options(num_cpus=0.2).remote(small, more=[large])
    seen = [f"pandas {SMALL}", [f"pyarrow {LARGE}"]]
    assert ray.get(model.fit.remote(large)) == [*seen, f"polars {LARGE}", None]
    fit = model.fit.options(name="fit").remote(data=small, test={"x": small, "y": large})
    assert ray.get(fit) == [*seen, f"polars {SMALL}", {"x": f"pyarrow {SMALL}", "y": f"pyarrow {LARGE}"}]
    concurrent = AsyncModel.remote().fit.remote(large, [small, large])
    assert ray.get(concurrent) == [f"pandas {LARGE}", [f"pandas {SMALL}", f"pandas {LARGE}"]]


class Holder:
    def __init__(self, data: Any) -> None:
        self.data = data


@pytest.mark.engine
@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_frames_in_the_store_in_closures_and_in_other_objects(spark: Any, rows: int) -> None:
    df = numbers(spark, rows)
    arrow = f"pyarrow {rows}"

    @ray.remote
    def closure() -> Any:
        return _shape(df)

    assert ray.get(closure.remote()) == arrow
    # Without an order by the partitions come in any order.
    assert ray.get(ray.put(df)).sort_by("id").equals(df.toArrow().sort_by("id"))
    assert ray.get(shape.remote(ray.put(df))) == [arrow, {}]
    assert _shape(ray.get(ray.put({"x": [df]}))) == {"x": [arrow]}
    held = ray.remote(lambda holder: _shape(holder.data)).remote(Holder(df))
    assert ray.get(held) == arrow


@ray.remote
def inner(data: pd.DataFrame) -> Any:
    return _shape(data)


@pytest.mark.engine
def test_a_task_makes_returns_and_passes_on_frames_of_its_own(spark: Any, directory: Path) -> None:
    url, wiring = spark.client._builder.endpoint, os.environ[context.VARIABLE]

    @ray.remote
    def makes_frames() -> Any:
        os.environ[context.VARIABLE] = wiring
        from pyspark.sql.connect.session import SparkSession

        from duet.script import frames

        frames.wire()
        session = SparkSession.builder.remote(f"sc://{url}").create()
        small, large = (session.range(0, rows, 1, 2) for rows in (10, 50_000))
        return small, [large], ray.get(inner.remote(large))

    returned, (inside,), passed_on = ray.get(makes_frames.remote())
    assert (_shape(returned), _shape(inside), passed_on) == ("pyarrow 10", "pyarrow 50000", "pandas 50000")


EVERY_TYPE = """
    id, cast(id % 100 as byte) b, cast(id as short) s, cast(id as int) i, cast(id as float) f, id % 2 = 0 as yes,
    cast(id as decimal(20, 3)) money, concat('n', id) name, cast(concat('n', id) as binary) raw,
    date_add(date'2024-02-28', cast(id % 5 as int)) day, timestamp_seconds(1700000000 + id) at,
    timestamp_ntz'2024-03-31 02:30:00' wall, array(id, null) many, map(concat('k', id), id) pairs,
    named_struct('x', id, 'y', array(cast(id as string))) deep,
    if(id % 3 = 0, null, id) gaps, if(id % 3 = 0, null, id % 2 = 0) maybe, if(id % 4 = 0, null, 'text') words
"""


@pytest.mark.engine
@pytest.mark.parametrize("rows", [100, 5_000])
def test_both_ways_give_what_spark_itself_gives(spark: Any, directory: Path, rows: int) -> None:
    before = folders(directory)
    df = spark.range(0, rows, 1, 2).selectExpr(*_columns(EVERY_TYPE))
    arrived = ray.get(ray.put(df)).sort_by("id")
    assert bool(folders(directory) - before) == (rows == 5_000), "the size should have chosen the other way"
    expected = df.toArrow().sort_by("id")
    assert arrived.schema.equals(expected.schema)
    assert arrived.equals(expected)

    as_pandas = ray.remote(lambda data: data)
    as_pandas._function.__annotations__["data"] = pd.DataFrame
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        got = ray.get(as_pandas.remote(df))
        wanted = df.toPandas()
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    flat = [name for name in wanted.columns if name not in ("many", "deep")]
    order = {"by": "id", "ignore_index": True}
    got, wanted = got.sort_values(**order), wanted.sort_values(**order)
    pd.testing.assert_frame_equal(got[flat], wanted[flat])
    assert got["money"][1] == decimal.Decimal("1.000") and got["day"][0] == datetime.date(2024, 2, 28)
    assert dict(got["deep"][0])["x"] == 0 and next(iter(got["many"][0])) == 0


def _columns(text: str) -> list[str]:
    columns, depth, current = [], 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            columns.append(current.strip())
            current = ""
        else:
            current += letter
    return [*columns, current.strip()]


@pytest.mark.engine
def test_frames_of_pandas_can_be_changed(spark: Any) -> None:
    @ray.remote
    def change(data: pd.DataFrame) -> float:
        data.loc[0, data.columns[0]] = 7
        data["new"] = 1
        return float(data.iloc[0, 0])

    for columns in (["cast(id as double) x"], ["id", "cast(id as double) x"], ["cast(id as string) s"]):
        df = spark.range(0, 2_000, 1, 1).selectExpr(*columns)
        if columns[0].endswith("s"):
            assert ray.get(change.remote(df)) == 7
        else:
            assert ray.get(change.remote(df)) == ray.get(change.remote(df)) == 7


@pytest.mark.engine
def test_empty_ordered_and_oddly_named_tables(spark: Any) -> None:
    empty = numbers(spark, LARGE).where("half + id < 0")
    assert ray.get(ray.put(empty)).equals(empty.toArrow())
    ordered = numbers(spark, LARGE).orderBy("name")
    names = ray.get(ray.put(ordered)).column("name").to_pylist()
    assert names == sorted(names) and len(names) == LARGE
    twice = numbers(spark, LARGE).selectExpr("id", "half as ID", "name as id")
    assert ray.get(ray.put(twice)).column_names == ["id", "ID", "id"]
    odd = numbers(spark, LARGE).selectExpr("id as `a b, (c)`", "half as ``")
    assert ray.get(ray.put(odd)).column_names == ["a b, (c)", ""]
    nothing = spark.range(0, LARGE, 1, 2).selectExpr("id", "null as nothing")
    assert ray.get(ray.put(nothing)).schema.field("nothing").type == pa.null()


@pytest.mark.engine
def test_only_handed_over_frames_are_converted(spark: Any) -> None:
    own = pa.table({"a": [1, 2]})
    assert ray.get(annotated.remote(own)) == ["pyarrow 2"]
    assert ray.get(annotated.remote(own, numbers(spark, SMALL))) == ["pyarrow 2", f"polars {SMALL}"]


@pytest.mark.engine
def test_what_was_handed_over_goes_with_the_frame(spark: Any, directory: Path) -> None:
    before = folders(directory)
    df = numbers(spark, LARGE)
    ref = shape.remote(df)
    (new,) = folders(directory) - before
    identity = id(df)
    assert identity in handed._frames
    del df
    gc.collect()
    assert identity not in handed._frames
    assert ray.get(ref) == [f"pyarrow {LARGE}", {}], "the task still gets its table"
    eventually(lambda: new not in folders(directory))


@ray.remote
def over(data: ray.data.Dataset) -> Any:
    rows = data.take_all()
    return type(data).__module__, len(rows), sum(row["id"] for row in rows), list(rows[0])


@pytest.mark.engine
@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_a_data_set_where_the_annotation_asks_for_it(spark: Any, rows: int) -> None:
    df = numbers(spark, rows)
    expected = ("ray.data.dataset", rows, sum(range(rows)), ["id", "half", "name"])
    # A memory limit is for tables that are in memory.
    assert ray.get(over.options(memory=1_000).remote(data=df)) == expected
    assert ray.get(shape.remote(df)) == [f"pyarrow {rows}", {}]


@pytest.mark.engine
@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_a_table_that_is_too_large_is_said_before_the_task_starts(
    spark: Any, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    df = numbers(spark, rows)
    with pytest.raises(DuetError) as too_large:
        annotated.options(memory=10_000).remote(df)
    assert too_large.value.code == "table-too-large"
    text = too_large.value.message
    assert "`a` of annotated takes about " in text and "as pandas.DataFrame" in text
    assert "10 kB" in text and "ray.data.Dataset" in text
    with pytest.raises(DuetError, match=r"`data` of Model takes about"):
        Model.options(memory=10_000).remote(df)
    assert ray.get(inner.options(memory=50_000_000).remote(df)) == f"pandas {rows}"

    monkeypatch.setattr(limits, "ALWAYS_FITS", 0)
    monkeypatch.setattr(limits, "_largest_node", lambda _: (1_000, 10**12))
    with pytest.raises(DuetError, match="object store of Ray's largest node holds"):
        shape.remote(numbers(spark, rows))


@pytest.mark.engine
def test_an_actors_methods_are_bound_by_what_it_reserves(spark: Any) -> None:
    model = Model.options(memory=5_000).remote(pd.DataFrame())
    with pytest.raises(DuetError, match=r"`data` of Model\.fit takes about"):
        model.fit.remote(numbers(spark, SMALL))
    assert ray.get(model.fit.remote(numbers(spark, 10)))[-2] == "polars 10"


@pytest.mark.engine
def test_the_nodes_say_how_much_they_hold(spark: Any) -> None:
    store, memory = limits._largest_node(-1)
    resources = ray.cluster_resources()
    assert store == int(resources["object_store_memory"]) and memory == int(resources["memory"])


@pytest.mark.engine
def test_a_failing_query_raises_sparks_own_error_at_the_call(
    spark: Any, directory: Path, told: list[dict[str, Any]]
) -> None:
    from pyspark.errors import AnalysisException, PySparkException

    before = folders(directory)
    with pytest.raises(AnalysisException, match="no_such_column"):
        shape.remote(spark.range(3).select("no_such_column"))
    late = spark.range(0, LARGE, 1, 2).selectExpr(
        "id", "assert_true(id < 19000) as fine", "concat('n', id) as n"
    )
    with pytest.raises(PySparkException, match="is not true"):
        shape.remote([late])
    assert folders(directory) <= before
    assert [one.get("outcome") for one in told] == [None, "failed", None, "failed"]
    assert "is not true" in told[-1]["error"]


@pytest.mark.engine
def test_a_frame_of_a_session_that_has_ended(spark: Any) -> None:
    from pyspark.sql.connect.session import SparkSession

    other = SparkSession.builder.remote(f"sc://{spark.client._builder.endpoint}").create()
    early, late = numbers(other, SMALL), numbers(other, SMALL)
    assert ray.get(shape.remote(early)) == [f"pyarrow {SMALL}", {}]
    other.stop()
    with pytest.raises(DuetError, match="session that has ended") as ended:
        shape.remote(late)
    assert ended.value.code == "session-ended"
    assert ray.get(shape.remote(early)) == [f"pyarrow {SMALL}", {}], "its rows are in Ray already"


@pytest.mark.engine
def test_polars_is_missing(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "polars" else find(name, *rest)
    )
    df = numbers(spark, SMALL)
    with pytest.raises(DuetError, match="polars is not installed here") as missing:
        annotated.remote(df, b=df)
    assert missing.value.code == "package-missing"


@pytest.mark.engine
def test_the_private_parts_of_ray_and_pyspark_are_where_they_were(spark: Any) -> None:
    """Fails when an upgrade moves what the wiring relies on; see `ray_calls` and `spark_frames`."""
    import inspect

    from ray._private.worker import Worker
    from ray.actor import ActorClass, ActorMethod
    from ray.remote_function import RemoteFunction

    def leading(function: Callable[..., Any]) -> list[str]:
        return list(inspect.signature(inspect.unwrap(function)).parameters)[:3]

    assert leading(RemoteFunction._remote) == leading(ActorClass._remote) == ["self", "args", "kwargs"]
    assert leading(ActorMethod._remote) == ["self", "args", "kwargs"]
    assert leading(Worker.put_object)[:2] == ["self", "value"]
    assert shape._function.__name__ == "shape" and Model.__ray_metadata__.modified_class.__name__ == "Model"
    model = Model.remote(pd.DataFrame())
    described = model._ray_actor_creation_function_descriptor
    assert (described.class_name, described.module_name) == ("Model", __name__)
    assert [one.name for one in model.fit._signature[:2]] == ["data", "test"]
    assert model.fit._method_name == "fit" and model._ray_actor_id is not None

    df = spark.range(3)
    assert "== Physical Plan ==" in df._explain_string(mode="cost")
    client = df._session.client
    parts = list(client.to_table_as_iterator(df._plan.to_proto(client), df._plan.observations))
    assert sum(part.num_rows for part in parts if isinstance(part, pa.Table)) == 3
