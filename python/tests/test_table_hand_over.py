import base64
import datetime
import decimal
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duet import table_reader, table_writer
from duet.errors import DuetError


def test_reads_files_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 2, 0, 1):
        pq.write_table(pa.table({"part": [number]}), tmp_path / f"Xq3_{number}.zst.parquet")
    assert table_reader.read({"path": str(tmp_path)}).column("part").to_pylist() == [0, 1, 2, 10]


def test_ignores_what_is_no_data_file(tmp_path):
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part-0.parquet.crc").touch()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "part-0.parquet")
    assert table_reader.read({"path": str(tmp_path)}).num_rows == 1


def test_takes_the_types_of_the_given_schema(tmp_path):
    moment = datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)
    table = pa.table({"at": pa.array([moment, None], pa.timestamp("us")), "span": [1, None]})
    pq.write_table(table, tmp_path / "part-0.parquet", use_deprecated_int96_timestamps=True)
    schema = pa.schema([("at", pa.timestamp("us", "UTC")), ("span", pa.duration("us"))])
    encoded = _base64(schema)
    read = table_reader.read({"path": str(tmp_path), "schema": encoded})
    assert read.schema.equals(schema)
    assert read.column("at").to_pylist() == [moment.replace(tzinfo=datetime.timezone.utc), None]
    assert read.column("span").to_pylist() == [datetime.timedelta(microseconds=1), None]


def test_says_what_is_wrong_with_a_folder(tmp_path):
    with pytest.raises(DuetError) as nothing:
        table_reader.read({"path": str(tmp_path)})
    assert nothing.value.code == "data-unreadable"
    (tmp_path / "part-0.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DuetError) as broken:
        table_reader.read({"path": str(tmp_path)})
    assert broken.value.code == "data-unreadable"


def test_small_tables_come_back_as_they_are(tmp_path):
    table = pa.table({"a": [1, 2]})
    assert table_writer.hand_back(str(tmp_path / "x"), 1000, table).equals(table)
    assert not (tmp_path / "x").exists()


def test_large_tables_are_written(tmp_path):
    table = pa.table({"a": range(1000)})
    folder = tmp_path / "deep" / "x"
    back = table_writer.hand_back(str(folder), 100, table)
    assert back.num_rows == 0
    assert back.schema.metadata == {b"duet.path": str(folder).encode(), b"duet.rows": b"1000"}
    assert table_reader.read({"path": str(folder)}).equals(table)


def test_gives_every_column_a_type_that_spark_has():
    table = pa.table(
        {
            "category": pa.array(["x", None, "x"]).dictionary_encode(),
            "wide": pa.array([1, None, 2**64 - 1], pa.uint64()),
            "half": pa.array([1.5, None, 2], pa.float16()),
            "at": pa.array([1_234_567, None, 0], pa.timestamp("ns", "UTC")),
            "vector": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.uint8(), 2)),
            "nothing": pa.nulls(3),
            "money": pa.array([decimal.Decimal("1.50"), None, None], pa.decimal256(10, 2)),
            "deep": pa.array(
                [{"a": ["x"]}, None, {"a": None}], pa.struct([("a", pa.large_list(pa.large_string()))])
            ),
        }
    )
    back = table_writer.for_spark(table)
    assert [str(field.type) for field in back.schema] == [
        "string",
        "decimal128(20, 0)",
        "float",
        "timestamp[us, tz=UTC]",
        "list<item: int16>",
        "string",
        "decimal128(10, 2)",
        "struct<a: list<item: string>>",
    ]
    expected = table.to_pylist()
    expected[0]["at"] = datetime.datetime(1970, 1, 1, 0, 0, 0, 1234, datetime.timezone.utc)
    expected[2]["at"] = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert back.to_pylist() == expected


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "A"]), "duplicate-column"),
        (pa.table({"t": pa.array([1], pa.time64("us"))}), "type-unknown-to-spark"),
        ({"a": 1}, "not-a-table"),
    ],
)
def test_says_what_spark_cannot_take(table, code, tmp_path):
    with pytest.raises(DuetError) as refused:
        table_writer.hand_back(str(tmp_path), 1000, table)
    assert refused.value.code == code


def _base64(schema: pa.Schema) -> str:
    sink = io.BytesIO()
    pa.ipc.new_stream(sink, schema).close()
    return base64.b64encode(sink.getvalue()).decode()
