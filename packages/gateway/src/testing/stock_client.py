"""What the stock PySpark client gets from a server of Spark Connect, as JSON: one line, one entry a question.

    python stock_client.py sc://host:port sail|apache

Run against a driver and against the gateway in front of it, the two must print the same.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, udf

ANSWERS: dict[str, Any] = {}


def question(name: str, ask: Callable[[], Any]) -> None:
    """Keeps the answer, or the error with all that the client tells about it."""
    try:
        ANSWERS[name] = ask()
    except Exception as error:
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|#\d+L?|plan_id=\d+", "ID", str(error))
        ANSWERS[name] = {
            "error": type(error).__name__,
            "class": getattr(error, "getCondition", lambda: None)(),
            "state": getattr(error, "getSqlState", lambda: None)(),
            "text": text.strip().splitlines()[0] if text.strip() else "",
        }


def rows(frame: Any) -> list[Any]:
    """The rows of a frame, and its schema, as text."""
    return [frame.schema.simpleString(), [str(row) for row in frame.collect()]]


def settings(spark: SparkSession) -> Any:
    """Settings that are set, read and taken back."""
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    told = [spark.conf.get("spark.sql.session.timeZone"), spark.conf.get("not.there", "default")]
    spark.conf.unset("spark.sql.session.timeZone")
    return [*told, spark.conf.isModifiable("spark.sql.session.timeZone")]


def views(spark: SparkSession) -> Any:
    """Temporary views, made by command and by SQL."""
    spark.range(5).createOrReplaceTempView("five")
    spark.sql("create or replace temporary view ten as select id * 2 as double from five")
    return [rows(spark.table("ten")), spark.catalog.tableExists("five"), spark.catalog.dropTempView("five")]


def function(spark: SparkSession) -> Any:
    """Functions in Python, registered and in line."""
    spark.udf.register("twice", lambda number: number * 2, "long")
    plus = udf(lambda number: number + 1, "long")
    return rows(spark.sql("select twice(id) as t from range(3)").select(plus(col("t")).alias("u")))


def large(spark: SparkSession) -> Any:
    """A result of many batches."""
    table = spark.range(0, 1_000_000, 1, 4).select("id", (col("id") * 2).alias("b")).toArrow()
    return [table.num_rows, sum(table["b"].to_pylist()), str(table.schema)]


def from_client(spark: SparkSession) -> Any:
    """A local relation that is large enough to be cached on the server."""
    return spark.createDataFrame([(number, "x" * 50) for number in range(20_000)], "n int, s string").count()


def files(spark: SparkSession) -> Any:
    """A write and a read."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "out")
        spark.range(10).write.parquet(path)
        return spark.read.parquet(path).count()


def artifact(spark: SparkSession) -> Any:
    """A module that a function imports."""
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "artifact_module.py"
        module.write_text("ANSWER = 42\n")
        spark.addArtifacts(str(module), pyfile=True)

        def answer(_: int) -> int:
            import artifact_module

            return artifact_module.ANSWER

        return rows(spark.range(1).select(udf(answer, "int")("id").alias("a")))


def interrupted(spark: SparkSession) -> Any:
    """How an operation ends that another thread interrupts by its tag."""
    spark.addTag("slow")
    ended: list[str] = []

    def work() -> None:
        spark.addTag("slow")
        try:
            spark.sql("select count(*) from range(1e5) a, range(1e5) b, range(1e3) c").collect()
            ended.append("finished")
        except Exception as error:
            ended.append(type(error).__name__)

    thread = threading.Thread(target=work)
    thread.start()
    stopped: list[str] = []
    while not stopped and thread.is_alive():
        time.sleep(0.1)
        stopped = spark.interruptTag("slow")
    thread.join()
    spark.clearTags()
    return [len(stopped), ended]


def progress(spark: SparkSession) -> Any:
    """Whether the client is told of an operation's stages and of its end."""
    seen: list[tuple[int, bool]] = []

    def handler(*, stages: Any, inflight_tasks: int, operation_id: str, done: bool) -> None:
        seen.append((len(stages or []), done))

    spark.registerProgressHandler(handler)
    spark.range(0, 20_000_000, 1, 8).selectExpr("sum(id % 7)").collect()
    spark.clearProgressHandlers()
    return [any(count > 0 for count, _ in seen), any(done for _, done in seen)]


def cloned(spark: SparkSession) -> Any:
    """Whether a clone has its original's views, and the original not the clone's."""
    spark.range(3).createOrReplaceTempView("before")
    clone = spark.cloneSession()
    clone.range(4).createOrReplaceTempView("after")
    told = [clone.table("before").count(), clone.table("after").count()]
    return [*told, spark.catalog.tableExists("after")]


def main(url: str, kind: str) -> None:
    """Asks everything and prints the answers."""
    logging.disable(logging.CRITICAL)
    spark = SparkSession.builder.remote(url).create()
    question("version", lambda: spark.version)
    question("select", lambda: rows(spark.sql("select 1 as a, 'é' as b, array(1, null) as c")))
    question("settings", lambda: settings(spark))
    question("views", lambda: views(spark))
    question("function", lambda: function(spark))
    question("large", lambda: large(spark))
    question("from client", lambda: from_client(spark))
    question("files", lambda: files(spark))
    question("database", lambda: spark.catalog.currentDatabase())
    question("explain", lambda: "Range" in spark.range(3)._explain_string())
    question("no SQL", lambda: spark.sql("selekt 1").collect())
    question("no table", lambda: spark.table("nowhere").collect())
    question("no column", lambda: spark.range(1).select("nothing").collect())
    question("fails while it runs", lambda: spark.sql("select cast('x' as int) as a").collect())
    question("python fails", lambda: spark.range(1).select(udf(lambda _: 1 // 0, "int")("id")).collect())
    question("empty", lambda: rows(spark.sql("select 1 as a where false")))
    question("artifact", lambda: artifact(spark))
    if kind == "apache":
        question("interrupted", lambda: interrupted(spark))
        question("progress", lambda: progress(spark))
        question("cloned", lambda: cloned(spark))
    spark.stop()
    print(json.dumps(ANSWERS))


if __name__ == "__main__":
    main(*sys.argv[1:])
