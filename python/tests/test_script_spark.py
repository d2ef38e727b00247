"""Ordinary PySpark scripts on a real Sail and a real Apache Spark; only Duet's end of the channel is the tests'."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from script_run import FakeDuet, run_script, script_environment
from spark_servers import APACHE_PYTHON, apache_server, sail_server


@dataclass(frozen=True)
class Server:
    """A Spark that runs, and the Python whose PySpark goes with it."""

    kind: str
    url: str
    python: str

    @property
    def engine(self) -> dict[str, Any]:
        return {"kind": self.kind, "url": self.url}


@pytest.fixture(scope="module")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with sail_server(tmp_path_factory.mktemp("sail")) as url:
        yield Server("sail", url, sys.executable)


@pytest.fixture(scope="module", params=["sail", pytest.param("apache", marks=pytest.mark.apache)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each of the two; `sail` is shared with the tests that need no other."""
    if request.param == "sail":
        yield request.getfixturevalue("sail")
        return
    with apache_server(tmp_path_factory.mktemp("apache")) as url:
        yield Server("apache", url, str(APACHE_PYTHON))


pytestmark = pytest.mark.engine

ANSWERS = """
import json
from pyspark import SparkConf
from pyspark.sql import SparkSession, functions as F
answers = {}
spark = (
    SparkSession.builder.master("local[*]")
    .appName("orders")
    .config("spark.executor.memory", "4g")
    .config("spark.sql.session.timeZone", "Asia/Tokyo")
    .config(conf=SparkConf().set("spark.my.own", "mine"))
    .enableHiveSupport()
    .getOrCreate()
)
answers["conf"] = [spark.conf.get(name) for name in ("spark.sql.session.timeZone", "spark.my.own")]
answers["same"] = [spark is other for other in (SparkSession.builder.getOrCreate(), SparkSession.active())]
frame = spark.range(10).withColumn("y", F.col("id") * 2)
frame.show(2)

def rows():
    return frame.collect()

answers["rows"] = len(rows())
answers["arrow"] = frame.toArrow().num_rows
frame.write.mode("overwrite").parquet(FOLDER + "/numbers")
answers["read"] = spark.read.parquet(FOLDER + "/numbers").count()
frame.createOrReplaceTempView("numbers")
answers["sql"] = spark.sql("select sum(y) as total from numbers").first().total

@F.udf("long")
def plus_one(value):
    return value + 1

@F.pandas_udf("long")
def plus_two(values):
    return values + 2

answers["udf"] = [tuple(row) for row in frame.select(plus_one("id"), plus_two("id")).limit(2).collect()]
fresh = spark.newSession()
answers["new"] = [fresh.session_id != spark.session_id, fresh.range(3).count(), SparkSession.active() is spark]
answers["views"] = [spark.catalog.tableExists("numbers"), fresh.catalog.tableExists("numbers")]
spark.stop()
again = SparkSession.builder.getOrCreate()
answers["again"] = [again is not spark, again.range(2).count()]
created = SparkSession.builder.create()
answers["created"] = [created is not again, created.range(2).count()]
from pyspark.sql.connect.session import SparkSession as ConnectSession
answers["connect"] = ConnectSession.builder.remote("sc://nowhere:1").getOrCreate() is again
print(json.dumps(answers))
"""


def test_the_scripts_session_is_the_runs_spark(server: Server, tmp_path: Path, fake_duet: FakeDuet) -> None:
    environment = script_environment(
        tmp_path, fake_duet, spark=server.engine, script=str(tmp_path / "script.py")
    )
    done = run_script(tmp_path, f"FOLDER = {str(tmp_path)!r}\n{ANSWERS}", environment, python=server.python)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "stock PySpark's warnings about settings are told by a note"
    table, _, last = done.stdout.rstrip().rpartition("\n")
    assert "only showing top 2 rows" in table
    assert json.loads(last) == {
        "conf": ["Asia/Tokyo", "mine"],
        "same": [True, True],
        "rows": 10,
        "arrow": 10,
        "read": 10,
        "sql": 90,
        "udf": [[1, 2], [2, 3]],
        "new": [True, 3, True],
        "views": [True, False],
        "again": [True, 2],
        "created": [True, 2],
        "connect": True,
    }

    sessions = fake_duet.messages("spark-session")
    assert [message["url"] for message in sessions] == [server.url] * 4
    assert len({message["sessionId"] for message in sessions}) == 4 and all(m["userId"] for m in sessions)

    notes = [message["text"] for message in fake_duet.messages("note")]
    assert len(notes) == 2 and "script.py" in notes[0] and "spark.remote=sc://nowhere:1" in notes[1]
    for left in (
        "spark.executor.memory=4g",
        "spark.master=local[*]",
        "spark.sql.catalogImplementation=hive",
    ):
        assert left in notes[0]
    assert "timeZone" not in notes[0] and "spark.my.own" not in notes[0]

    source = (tmp_path / "script.py").read_text().splitlines()
    told = fake_duet.messages("operation-started")
    lines = [(message["kind"], source[message["line"] - 1].strip()) for message in told]
    assert lines == [
        ("show", "frame.show(2)"),
        ("collect", "return frame.collect()"),
        ("toArrow", 'answers["arrow"] = frame.toArrow().num_rows'),
        ("write", 'frame.write.mode("overwrite").parquet(FOLDER + "/numbers")'),
        ("count", 'answers["read"] = spark.read.parquet(FOLDER + "/numbers").count()'),
        ("first", 'answers["sql"] = spark.sql("select sum(y) as total from numbers").first().total'),
        (
            "collect",
            'answers["udf"] = [tuple(row) for row in frame.select(plus_one("id"), plus_two("id")).limit(2).collect()]',
        ),
        (
            "count",
            'answers["new"] = [fresh.session_id != spark.session_id, fresh.range(3).count(), SparkSession.active() is spark]',  # noqa: E501
        ),
        ("count", 'answers["again"] = [again is not spark, again.range(2).count()]'),
        ("count", 'answers["created"] = [created is not again, created.range(2).count()]'),
    ]
    assert all(message["file"] == str(tmp_path / "script.py") for message in told)
    assert told[3]["title"].startswith("write parquet numbers · script.py:")
    finished = {message["operation"]: message for message in fake_duet.messages("operation-finished")}
    assert [finished[message["operation"]]["outcome"] for message in told] == ["succeeded"] * len(told)
    assert [finished[message["operation"]].get("rows") for message in told[:4]] == [None, 10, 10, None]


def test_errors_are_pysparks_own_with_what_to_do(server: Server, tmp_path: Path, fake_duet: FakeDuet) -> None:
    source = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
frame = spark.range(3)

def attempt(action):
    try:
        action()
    except Exception as error:
        print(type(error).__name__, "|", " ".join(str(error).splitlines()))

attempt(lambda: spark.sql("select nothing from range(1)").collect())
attempt(lambda: spark.sql("select raise_error('it went wrong')").collect())
attempt(lambda: spark.sparkContext)
attempt(lambda: frame.rdd)
attempt(lambda: frame.select("id")._jdf)
try:
    from pyspark import SparkContext
except ImportError:
    pass
else:
    attempt(lambda: SparkContext("local[1]"))
spark.stop()
attempt(lambda: frame.count())
attempt(lambda: spark.sql("select 1"))
SparkSession.builder.getOrCreate().sql("select no_such_column").collect()
"""
    environment = script_environment(
        tmp_path, fake_duet, spark=server.engine, script=str(tmp_path / "script.py")
    )
    done = run_script(tmp_path, source, environment, python=server.python)
    first, raised, *others = done.stdout.splitlines()
    assert "it went wrong" in raised
    assert first.startswith("AnalysisException |") and "nothing" in first
    ended = others[-2:]
    classic = others[:-2]
    assert len(classic) >= 3, done.stderr
    for line in classic:
        assert "duet run --spark classic script.py" in line
    assert "JVM_ATTRIBUTE_NOT_SUPPORTED" in classic[0] and "`sparkContext`" in classic[0]
    for line in ended:
        assert "NO_ACTIVE_SESSION" in line and "lives as long as the session that made it" in line
    assert done.returncode == 1
    line = source.count("\n")
    assert "AnalysisException" in done.stderr and f'script.py", line {line}, in <module>' in done.stderr
    traceback = done.stderr[done.stderr.index("Traceback (most recent call last)") :]
    assert str(Path(__file__).parents[1]) not in traceback, "nothing of Duet's is in a traceback"
    outcomes = fake_duet.messages("operation-finished")
    assert all(message["outcome"] == "failed" and "\n" not in message["error"] for message in outcomes)
    assert [message for message in outcomes if "it went wrong" in message["error"]]


SLOW = """
import os, signal, sys, threading, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
frame = spark.sql("select count(*) as c from range(0, 1000000000000, 1, 2) where id % 7 = 3")

def functions_of(thread):
    frame = sys._current_frames()[thread.ident]
    while frame is not None:
        yield frame.f_code.co_name
        frame = frame.f_back

def press_ctrl_c():
    while "_next" not in set(functions_of(threading.main_thread())):
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)

"""
"""Hours of work, which both servers give up at once; Sail answers nobody while Python functions sleep in it.
`press_ctrl_c` waits until the main thread waits for the server."""


def test_ctrl_c_interrupts_the_operation_and_ends_as_python_does(
    server: Server, tmp_path: Path, fake_duet: FakeDuet
) -> None:
    source = "threading.Thread(target=press_ctrl_c, daemon=True).start()\nframe.collect()\n"
    environment = script_environment(tmp_path, fake_duet, spark=server.engine)
    done = run_script(tmp_path, SLOW + source, environment, python=server.python)
    assert done.returncode == -signal.SIGINT, done.stderr
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert [message["outcome"] for message in fake_duet.messages("operation-finished")] == ["cancelled"]
    if server.kind == "apache":
        [session] = fake_duet.messages("spark-session")
        tried = run_script(tmp_path, f"SESSION = {session!r}\n{USE_ENDED_SESSION}", {}, python=server.python)
        assert "INVALID_HANDLE.SESSION_CLOSED" in tried.stdout, "the script released its session"


USE_ENDED_SESSION = """
from pyspark.sql.connect.session import SparkSession
url = f"{SESSION['url']}/;session_id={SESSION['sessionId']};user_id={SESSION['userId']}"
try:
    SparkSession.builder.remote(url).create().range(1).count()
except Exception as error:
    print(error)
"""


def test_a_script_goes_on_after_an_interrupt(server: Server, tmp_path: Path, fake_duet: FakeDuet) -> None:
    source = """
threading.Thread(target=press_ctrl_c, daemon=True).start()
try:
    frame.collect()
except KeyboardInterrupt:
    print("interrupted", spark.range(5).count())
"""
    environment = script_environment(tmp_path, fake_duet, spark=server.engine)
    done = run_script(tmp_path, SLOW + source, environment, python=server.python)
    assert (done.returncode, done.stdout) == (0, "interrupted 5\n"), done.stderr
    outcomes = [message["outcome"] for message in fake_duet.messages("operation-finished")]
    assert outcomes == ["cancelled", "succeeded"]


def test_rows_of_an_interrupted_operation_are_an_error(
    server: Server, tmp_path: Path, fake_duet: FakeDuet
) -> None:
    """Sail ends the stream as if it were complete."""
    source = """
def interrupt():
    while not (ids := spark.interruptAll()):
        time.sleep(0.2)

threading.Thread(target=interrupt, daemon=True).start()
try:
    print(len(frame.collect()))
except Exception as error:
    print("OPERATION_CANCELED" in str(error) or error)
"""
    environment = script_environment(tmp_path, fake_duet, spark=server.engine)
    done = run_script(tmp_path, SLOW + source, environment, python=server.python)
    assert done.stdout == "True\n", done.stderr
    assert [message["outcome"] for message in fake_duet.messages("operation-finished")] == ["cancelled"]


def test_operations_in_threads_end_with_the_script(
    server: Server, tmp_path: Path, fake_duet: FakeDuet
) -> None:
    source = """
started = threading.Event()

def work():
    started.set()
    for _ in frame.toLocalIterator():
        pass

from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor() as pool:
    print(sorted(pool.map(lambda count: spark.range(count).count(), [3, 1, 2])))
threading.Thread(target=work, daemon=True).start()
started.wait()
time.sleep(1)
"""
    environment = script_environment(tmp_path, fake_duet, spark=server.engine)
    done = run_script(tmp_path, SLOW + source, environment, python=server.python)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1, 2, 3]\n", "")
    kinds = {message["operation"]: message["kind"] for message in fake_duet.messages("operation-started")}
    outcomes = sorted(
        (kinds[message["operation"]], message["outcome"])
        for message in fake_duet.messages("operation-finished")
    )
    assert outcomes == [*[("count", "succeeded")] * 3, ("toLocalIterator", "cancelled")]


def test_spark_is_asked_for_when_it_is_needed(sail: Server, tmp_path: Path, fake_duet: FakeDuet) -> None:
    source = """
import pyspark.sql.functions
from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().range(4).count())
"""
    fake_duet.engines["spark"] = sail.engine
    done = run_script(tmp_path, source, script_environment(tmp_path, fake_duet))
    assert done.stdout == "4\n", done.stderr
    assert len(fake_duet.messages("need")) == 1


def test_a_spark_that_does_not_start_is_an_error_of_the_builders_line(
    tmp_path: Path, fake_duet: FakeDuet
) -> None:
    source = "from pyspark.sql import SparkSession\nSparkSession.builder.getOrCreate()\n"
    done = run_script(tmp_path, source, script_environment(tmp_path, fake_duet))
    assert done.returncode == 1
    assert 'script.py", line 2, in <module>' in done.stderr
    assert done.stderr.rstrip().endswith("no spark here")


def test_sql_that_does_work_is_told_and_sql_that_plans_is_not(
    sail: Server, tmp_path: Path, fake_duet: FakeDuet
) -> None:
    source = f"""
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.sql("-- a comment" + chr(10) + " SELECT 1")
spark.sql("with a as (select 1 as x) select * from a")
spark.sql("create or replace temporary view v as select 1 as x")
spark.sql("show tables").collect()
spark.sql("create table t (x bigint) using parquet location '{tmp_path}/t'")
spark.sql("insert into t select id from range(3)")
"""
    done = run_script(tmp_path, source, script_environment(tmp_path, fake_duet, spark=sail.engine))
    assert done.returncode == 0, done.stderr
    titles = [message["title"] for message in fake_duet.messages("operation-started")]
    assert [title.partition(" · ")[0][:20] for title in titles] == [
        "collect",
        "sql: create table t ",
        "sql: insert into t s",
    ]
