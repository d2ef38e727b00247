"""Scripts that need a classic Spark driver, on the Apache Spark of `.venv-apache` in local mode."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from script_run import FakeDuet, run_script, script_environment
from spark_servers import APACHE_PYTHON

pytestmark = [pytest.mark.engine, pytest.mark.apache]

CLASSIC = {"kind": "classic", "master": "local[2]", "conf": {"spark.driver.memory": "1g"}}


@pytest.fixture
def environment(tmp_path: Path, fake_duet: FakeDuet) -> Iterator[dict[str, str]]:
    known = {"spark": CLASSIC, "script": str(tmp_path / "script.py")}
    yield {**script_environment(tmp_path, fake_duet, **known), "DUET_HOME": str(tmp_path / "home")}


ANSWERS = """
import json, os
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession, functions as F
answers = {}
builder = SparkSession.builder.master("local[7]").appName("orders")
spark = builder.config("spark.sql.shuffle.partitions", "3").getOrCreate()
sc = spark.sparkContext
answers["context"] = [sc.master, sc.appName, spark.conf.get("spark.sql.shuffle.partitions"), sc.uiWebUrl]
answers["host"] = sc.getConf().get("spark.driver.host")
shared = sc.broadcast({1: "one"})
answers["rdd"] = sc.parallelize([1, 2], 2).map(lambda key: shared.value.get(key)).collect()
frame = spark.range(10).withColumn("y", F.col("id") * 2)
frame.show(1)
answers["pandas"] = len(frame.toPandas())
frame.write.parquet("numbers")
frame.write.saveAsTable("t")
answers["sql"] = spark.sql("select sum(y) as total from t").first().total
spark.sql("create temporary view v as select 1 as x")

@F.udf("long")
def plus_one(value):
    return value + 1

answers["udf"] = [row[0] for row in frame.select(plus_one("id")).take(2)]

def look(rows):
    import sys
    from duet.script import channel
    channel.note("an executor's Python")
    yield sys.executable, "duet.script.wiring" in sys.modules, os.environ["DUET_SCRIPT"] != ""

answers["executor"] = sc.parallelize([1], 1).mapPartitions(look).collect()[0]
sc.stop()
with SparkContext("local[9]", "again", conf=SparkConf().set("spark.driver.host", "example.org")) as again:
    answers["again"] = [again.master, again.appName, again.parallelize(range(5)).sum()]
print(json.dumps(answers))
"""


def test_a_classic_driver_is_the_runs(
    tmp_path: Path, environment: dict[str, str], fake_duet: FakeDuet
) -> None:
    done = run_script(tmp_path, ANSWERS, environment, python=str(APACHE_PYTHON), timeout=240)
    assert done.returncode == 0, done.stderr
    # The one line is the Java runtime's own.
    assert done.stderr in ("", "WARNING: Using incubator modules: jdk.incubator.vector\n")
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "context": ["local[2]", "orders", "3", None],
        "host": "127.0.0.1",
        "rdd": ["one", None],
        "pandas": 10,
        "sql": 90,
        "udf": [1, 2],
        "executor": [str(APACHE_PYTHON), True, True],
        "again": ["local[2]", "again", 10],
    }
    notes = [message["text"] for message in fake_duet.messages("note")]
    assert "an executor's Python" in notes
    assert any("spark.master=local[7]" in note for note in notes)
    assert any("spark.master=local[9]" in note and "spark.driver.host=example.org" in note for note in notes)

    told = fake_duet.messages("operation-started")
    source = (tmp_path / "script.py").read_text().splitlines()
    assert [(message["kind"], source[message["line"] - 1].partition(" = ")[0]) for message in told] == [
        ("collect", 'answers["rdd"]'),
        ("show", "frame.show(1)"),
        ("toPandas", 'answers["pandas"]'),
        ("write", 'frame.write.parquet("numbers")'),
        ("write", 'frame.write.saveAsTable("t")'),
        ("first", 'answers["sql"]'),
        ("take", 'answers["udf"]'),
        ("collect", 'answers["executor"]'),
        ("sum", '    answers["again"]'),
    ]
    assert [message["title"].partition(" · ")[0] for message in told[3:5]] == [
        "write parquet numbers",
        "write table t",
    ]
    outcomes = {message["operation"]: message for message in fake_duet.messages("operation-finished")}
    assert [outcomes[message["operation"]]["outcome"] for message in told] == ["succeeded"] * len(told)
    assert [outcomes[message["operation"]].get("rows") for message in told[:3]] == [2, None, 10]
    assert {message["operation"] for message in fake_duet.messages("operation-progress")} <= set(outcomes)
    left = {path.name for path in tmp_path.iterdir()}
    assert not {"spark-warehouse", "metastore_db", "derby.log"} & left, "nothing but what the script wrote"


def test_a_failed_action_is_told_and_its_traceback_is_plain(
    tmp_path: Path, environment: dict[str, str], fake_duet: FakeDuet
) -> None:
    source = """
from pyspark import SparkContext
sc = SparkContext.getOrCreate()
try:
    SparkContext()
except ValueError as error:
    print(error)
sc.parallelize([1], 1).map(lambda value: value / 0).collect()
"""
    done = run_script(tmp_path, source, environment, python=str(APACHE_PYTHON))
    assert done.returncode == 1
    # PySpark says where the first one was made, by the frame before its own.
    assert f"{tmp_path}/script.py:3" in done.stdout or "script.py:3" in done.stdout, done.stdout
    traceback = done.stderr[done.stderr.rindex("Traceback (most recent call last):\n  File") :]
    assert 'script.py", line 8, in <module>' in done.stderr and "ZeroDivisionError" in done.stderr
    assert "duet" not in traceback
    [finished] = fake_duet.messages("operation-finished")
    assert finished["outcome"] == "failed" and finished["error"]


SLOW = """
import os, sys, threading, time
from pyspark import SparkContext
sc = SparkContext("local[2]", "slow")
print(SparkContext._gateway.proc.pid, flush=True)

def work(value):
    print("working", file=sys.stderr, flush=True)
    time.sleep(300)

sc.parallelize(range(8), 4).foreach(work)
"""


@pytest.mark.parametrize("end", ["ctrl-c", "kill", "duet"])
def test_no_process_is_left_however_the_script_ends(
    tmp_path: Path, environment: dict[str, str], fake_duet: FakeDuet, end: str
) -> None:
    (tmp_path / "script.py").write_text(SLOW)
    process = subprocess.Popen(
        [str(APACHE_PYTHON), "script.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        java = int(process.stdout.readline())
        while "working" not in (line := process.stderr.readline()):
            assert line, "the script ended before its executors worked"
        workers = descendants(java)
        assert workers
        if end == "ctrl-c":
            process.send_signal(signal.SIGINT)
        elif end == "kill":
            process.kill()
        else:
            fake_duet.close()
        code = {"ctrl-c": -signal.SIGINT, "kill": -signal.SIGKILL, "duet": -signal.SIGTERM}[end]
        assert process.wait(30) == code
        deadline = time.monotonic() + 30
        while alive := [pid for pid in (java, *workers) if is_alive(pid)]:
            assert time.monotonic() < deadline, f"left: {alive}"
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
    if end == "ctrl-c":
        assert [message["outcome"] for message in fake_duet.messages("operation-finished")] == ["cancelled"]


def test_a_hive_metastore_lies_in_duets_own_folder(tmp_path: Path, environment: dict[str, str]) -> None:
    source = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
spark.sql("create table if not exists kept (x int)")
print(spark.sql("show tables").count(), spark.conf.get("spark.sql.warehouse.dir"))
"""
    done = run_script(tmp_path, source, environment, python=str(APACHE_PYTHON), timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 ") and str(tmp_path / "home/hive/warehouse") in done.stdout
    assert (tmp_path / "home/hive/metastore").is_dir()
    assert not (tmp_path / "metastore_db").exists() and not (Path.cwd() / "derby.log").exists()


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def is_alive(pid: int) -> bool:
    """Whether the process runs, and is not only waited for by nobody."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
