"""`createDataFrame` of Ray's tables, on Sail and the embedded Ray."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import ray.data
from frames_on_engines import folders

from duet.errors import DuetError

pytest_plugins = ["frames_on_engines"]

NOON = datetime.datetime(2024, 1, 1, 12, 0, 0, 123456)


@pytest.fixture
def new_york(spark: Any) -> Iterator[None]:
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    yield
    spark.conf.set("spark.sql.session.timeZone", zone)


def table(rows: int) -> pa.Table:
    """Columns of many types, some of which Spark lacks; 100 rows fit into a plan, 1,000 do not."""
    repeats = rows // 4
    return pa.table(
        {
            "id": pa.array(range(rows)),
            "tiny": pa.array([1, None, 3, 255] * repeats, pa.uint8()),
            "half": pa.array([0.5, None, 1.5, 2.5] * repeats, pa.float16()),
            "word": pa.array(["a", None, "c", "a"] * repeats).dictionary_encode(),
            "wall": pa.array([NOON, None, NOON, NOON] * repeats, pa.timestamp("ns")),
            "at": pa.array([NOON, None, NOON, NOON] * repeats, pa.timestamp("ms", "Europe/Berlin")),
            "money": pa.array([decimal.Decimal("1.50"), None, None, None] * repeats, pa.decimal128(10, 2)),
            "vector": pa.array([[1, 2], None, [3, 4], [5, 6]] * repeats, pa.list_(pa.int16(), 2)),
            "deep": pa.array([{"x": {"y": 1}}, None, {"x": None}, {"x": {"y": None}}] * repeats),
            "span": pa.array([datetime.timedelta(seconds=1), None, None, None] * repeats),
        }
    )


def rows_of(frame: Any) -> list[Any]:
    return frame.orderBy("id").collect()


@pytest.mark.engine
def test_an_arrow_table_gives_the_same_frame_whatever_its_size_and_way(
    spark: Any,
    directory: Path,
    new_york: None,
) -> None:
    before = folders(directory)
    planned = spark.createDataFrame(table(100))
    assert planned.schema.simpleString() == (
        "struct<id:bigint,tiny:smallint,half:float,word:string,wall:timestamp,at:timestamp,money:decimal(10,2),"
        "vector:array<smallint>,deep:struct<x:struct<y:bigint>>,span:interval day to second>"
    )
    expected = rows_of(planned)
    utc = planned.selectExpr("cast(wall as string)", "cast(at as string)").first()
    assert list(utc) == ["2024-01-01 12:00:00.123456", "2024-01-01 07:00:00.123"]
    assert expected[1].tiny is None and expected[3].tiny == 255 and expected[0].vector == [1, 2]
    assert folders(directory) == before

    written = spark.createDataFrame(table(1_000))
    assert len(folders(directory) - before) == 1
    assert written.schema.simpleString() == planned.schema.simpleString()
    assert rows_of(written)[:100] == expected and written.count() == 1_000

    for given in (ray.put(table(100)), [ray.put(table(100))], table(100).combine_chunks().to_batches()[0]):
        assert rows_of(spark.createDataFrame(given)) == expected
    by_ref = spark.createDataFrame(ray.put(table(1_000)))
    assert by_ref.schema.simpleString() == planned.schema.simpleString()
    assert rows_of(by_ref)[:100] == expected


@pytest.mark.engine
def test_several_refs_become_one_frame(spark: Any, told: list[dict[str, Any]]) -> None:
    @ray.remote
    def part(number: int, rows: int) -> pa.Table:
        return pa.table(
            {"id": pa.array(range(rows), pa.int32() if number % 2 else pa.int64()), "n": [number] * rows}
        )

    few = spark.createDataFrame([part.remote(number, 3) for number in range(3)])
    assert few.schema.simpleString() == "struct<id:bigint,n:bigint>" and few.count() == 9
    many = spark.createDataFrame(
        tuple(part.remote(number, rows) for number, rows in enumerate([5_000, 5_000, 2]))
    )
    assert many.schema.simpleString() == "struct<id:bigint,n:bigint>"
    assert many.groupBy("n").count().orderBy("n").collect() == [(0, 5_000), (1, 5_000), (2, 2)]
    ends = [one for one in told if one["type"] == "operation-finished"]
    assert [one["rows"] for one in ends] == [9, 10_002]
    assert [one["kind"] for one in told if one["type"] == "operation-started"] == ["hand back"] * 2


@pytest.mark.engine
@pytest.mark.parametrize("rows", [100, 4_000])
def test_refs_of_pandas_and_polars_frames(spark: Any, rows: int) -> None:
    data = {"id": list(range(rows)), "name": [f"n{number}" for number in range(rows)]}
    for frame in (pd.DataFrame(data, index=range(5, rows + 5)), pl.DataFrame(data)):
        made = spark.createDataFrame(ray.put(frame))
        assert made.columns == ["id", "name"] and made.count() == rows
        assert made.orderBy("id").first() == (0, "n0")


@pytest.mark.engine
def test_data_sets(spark: Any) -> None:
    small = spark.createDataFrame(ray.data.range(10))
    assert small.schema.simpleString() == "struct<id:bigint>"
    assert sorted(row.id for row in small.collect()) == list(range(10))
    blocks = [table(400).select(["id", "word", "wall"]), table(400).select(["id", "word", "wall"])]
    large = spark.createDataFrame(ray.put(ray.data.from_arrow(blocks)))
    assert (
        large.schema.simpleString() == "struct<id:bigint,word:string,wall:timestamp>" and large.count() == 800
    )
    assert large.where("word is null").count() == 200
    none = spark.createDataFrame(ray.data.from_arrow([blocks[0].slice(0, 0)]))
    assert none.count() == 0 and none.columns == ["id", "word", "wall"]


@pytest.mark.engine
@pytest.mark.parametrize("rows", [100, 4_000])
def test_the_schema_that_is_asked_for(spark: Any, rows: int) -> None:
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType, TimestampNTZType

    columns = table(rows).select(["id", "word", "wall"])
    for given in (columns, ray.put(columns)):
        assert spark.createDataFrame(given, ["a", "b"]).columns == ["a", "b", "_3"]
        named = spark.createDataFrame(given, "id int, b string, c timestamp")
        assert named.schema.simpleString() == "struct<id:int,b:string,c:timestamp>" and named.count() == rows
        wanted = StructType(
            [
                StructField("id", DoubleType()),
                StructField("word", StringType()),
                StructField("wall", TimestampNTZType()),
            ]
        )
        typed = spark.createDataFrame(given, schema=wanted)
        assert typed.schema.simpleString() == "struct<id:double,word:string,wall:timestamp_ntz>"
        assert typed.orderBy("id").first() == (0.0, "a", NOON)
        with pytest.raises(DuetError, match="The table has 3 columns"):
            spark.createDataFrame(given, ["a"] * 4)
        with pytest.raises(DuetError, match="The table has 3 columns"):
            spark.createDataFrame(given, "a int")


@pytest.mark.engine
def test_tables_without_rows(spark: Any) -> None:
    for given in (table(0), ray.put(table(0))):
        empty = spark.createDataFrame(given)
        assert empty.count() == 0 and empty.columns == table(0).column_names


@pytest.mark.engine
def test_what_cannot_become_a_frame(spark: Any, directory: Path) -> None:
    before = folders(directory)
    with pytest.raises(DuetError, match="not a dict") as no_table:
        spark.createDataFrame(ray.put({"a": 1}))
    assert no_table.value.code == "not-a-table"
    with pytest.raises(DuetError, match="Spark takes them for one"):
        spark.createDataFrame(pa.table({"a": [1], "A": [2]}))
    large = pa.table({"a": pa.array([None] * 10_000, pa.time64("us")), "b": range(10_000)})
    with pytest.raises(DuetError, match="which Spark does not have"):
        spark.createDataFrame([ray.put(pa.table({"a": range(10_000)})), ray.put(large)])

    @ray.remote
    def fails() -> pa.Table:
        raise KeyError("no such day")

    with pytest.raises(KeyError, match="no such day"):
        spark.createDataFrame(fails.remote())
    assert folders(directory) == before


@pytest.mark.engine
def test_everything_else_is_pysparks_own(spark: Any) -> None:
    assert spark.createDataFrame([(1, "a")], ["x", "y"]).collect() == [(1, "a")]
    assert spark.createDataFrame(pd.DataFrame({"x": [1]})).collect() == [(1,)]
    assert spark.createDataFrame([], "x int").count() == 0
    assert type(spark).createDataFrame.__name__ == "createDataFrame"
    with pytest.raises(Exception, match="CANNOT_INFER_EMPTY_SCHEMA"):
        spark.createDataFrame([])
