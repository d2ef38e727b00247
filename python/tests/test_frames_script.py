"""Whole scripts that hand tables over, wired as Duet does it: interrupted, and with a classic Spark driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from frames_on_engines import PLAN_BYTES, SWITCH_BYTES, eventually, folders, sail_server
from script_run import PYTHON_FOLDER, FakeDuet, run_script, script_environment

SIZES = {"switchBytes": SWITCH_BYTES, "planBytes": PLAN_BYTES}


@pytest.fixture(scope="module")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sail_server(tmp_path_factory.mktemp("sail")) as url:
        yield url


@pytest.fixture
def given_ray(ray_node: Any) -> dict[str, Any]:
    token = os.environ.get("RAY_AUTH_TOKEN_PATH", str(Path.home() / ".ray/auth_token"))
    address = ray_node.get_runtime_context().gcs_address
    return {"address": address, "tokenPath": token, "embedded": False}


SLOW = """
import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()

@ray.remote
def train(data):
    return data.num_rows

train.remote(spark.range(0, 4_000_000_000_000, 1, 4).{query})
"""


@pytest.mark.engine
@pytest.mark.parametrize(
    "query",
    [
        pytest.param('selectExpr("sum(sin(id)) as s")', id="Arrow"),
        pytest.param('selectExpr("id", "sin(id) s").where("s > 2")', id="files"),
    ],
)
def test_ctrl_c_stops_the_query_and_leaves_no_files(
    sail: str, given_ray: dict[str, Any], fake_duet: FakeDuet, tmp_path: Path, query: str
) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    spark = {"kind": "sail", "url": sail}
    environment = script_environment(directory, fake_duet, spark=spark, ray=given_ray, **SIZES)
    (tmp_path / "script.py").write_text(SLOW.format(query=query))
    process = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        fake_duet.wait_for("operation-started")
        eventually(lambda: _load(sail) > 0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode != 0 and errors.rstrip().endswith("KeyboardInterrupt"), errors
    (finished,) = fake_duet.messages("operation-finished")
    assert finished["outcome"] == "cancelled"
    assert folders(directory) == set()
    eventually(lambda: _load(sail) < 0.1, 5)


def _load(sail: str) -> float:
    """How much of a processor Sail uses."""
    port = sail.rpartition(":")[2]
    (pid,) = (
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.read_bytes().split(b"\0")[-2:-1] == [port.encode()]
    )

    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before, start = used(), time.monotonic()
    time.sleep(0.3)
    return (used() - before) / (time.monotonic() - start)


CLASSIC = """
import dataclasses
import os
from typing import Optional

import pandas as pd
import pyarrow as pa
import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
assert spark.sparkContext.parallelize([1, 2]).sum() == 3
run = os.environ["RUN_FOLDER"]
columns = ["id", "cast(id as double) / 2 as half", "concat('n', id) as name", "timestamp_seconds(id) as at",
    "cast(id as decimal(20, 3)) as money", "array(id, null) as many", "named_struct('x', id) as deep",
    "date_add(date'2024-02-28', cast(id % 5 as int)) as day", "if(id % 3 = 0, null, id) as gaps"]

@ray.remote
def echo(data):
    return data

@ray.remote
def annotated(data: "Optional[pd.DataFrame]", many: list[pd.DataFrame]):
    return type(data).__name__, len(data), [len(one) for one in many]

for rows, files in ((500, 0), (100_000, 1)):
    df = spark.range(0, rows, 1, 2).selectExpr(*columns)
    table = ray.get(echo.remote(df))
    expected = df.toArrow()
    assert table.schema.equals(expected.schema), (table.schema, expected.schema)
    assert table.sort_by("id").equals(expected.sort_by("id"))
    assert ray.get(annotated.remote(df, many=[df])) == ("DataFrame", rows, [rows])
    assert len([name for name in os.listdir(run) if name.startswith("hand-over")]) == files, os.listdir(run)
    back = spark.createDataFrame(ray.put(table.drop_columns(["deep", "many"])))
    assert back.count() == rows and sorted(back.columns) == sorted(set(df.columns) - {"deep", "many"})
    assert back.orderBy("id").first().at == df.orderBy("id").first().at
    del df
    print("handed over", rows)

ordered = spark.range(0, 100_000, 1, 2).selectExpr("id", "concat('n', id) as name", "rand() as r").orderBy("r")
values = ray.get(echo.remote(ordered)).column("r").to_pylist()
assert values == sorted(values)

from pyspark.errors import PySparkException

try:
    echo.remote(spark.range(0, 200_000, 1, 2).selectExpr("id", "assert_true(id < 150000) as fine"))
except PySparkException as error:
    print("failed:", "is not true" in str(error))
late = spark.range(3)
spark.stop()
echo.remote(late)
"""


@pytest.mark.apache
def test_a_classic_driver(given_ray: dict[str, Any], fake_duet: FakeDuet, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    spark = {"kind": "classic", "master": "local[2]", "conf": {"spark.ui.enabled": "false"}}
    environment = script_environment(directory, fake_duet, spark=spark, ray=given_ray, **SIZES)
    python = PYTHON_FOLDER.parent / ".venv-apache/bin/python"
    environment["RUN_FOLDER"] = str(directory)
    done = run_script(tmp_path, CLASSIC, environment, python=str(python))
    assert done.stdout.splitlines() == ["handed over 500", "handed over 100000", "failed: True"], done.stderr
    assert done.returncode == 1
    assert "session that has ended" in done.stderr.splitlines()[-2], done.stderr
    handed = [one for one in fake_duet.messages("operation-started") if one.get("engine") == "duet"]
    assert [one["kind"] for one in handed].count("hand over") == 5
