"""A session of the stock PySpark client with all that a session can have, asked before and after it has moved.

    python journal_client.py sc://host:port sail|apache folder

Each line of standard input is a request in JSON, each answered by a line of JSON on standard output:

    {"do": "fill"}    makes all of it; the answer has what went wrong, by question
    {"do": "ask"}     asks for all of it; the answer is the same on every driver
    {"do": "more"}    changes it once more, also what came along
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf, udtf

Step = Callable[[], Any]


class Client:
    """The session, and how it is filled and asked."""

    def __init__(self, url: str, kind: str, folder: Path) -> None:
        self.spark = SparkSession.builder.remote(url).create()
        self.folder = folder
        self.apache = kind == "apache"

    def fill(self) -> Mapping[str, Any]:
        """Makes all that a session can have."""
        return attempts(self.everywhere() | (self.on_apache() if self.apache else {}))

    def ask(self) -> Mapping[str, Any]:
        """What the session has."""
        return attempts(self.questions() | (self.questions_to_apache() if self.apache else {}))

    def more(self) -> Mapping[str, Any]:
        """Goes on with it."""
        sql = self.spark.sql
        return attempts(
            {
                "replace": lambda: self.spark.range(7).createOrReplaceTempView("five"),
                "insert": lambda: self.insert([(9, "nine")]),
                "drop": lambda: sql("drop view default.lasting").collect(),
                "unset": lambda: self.spark.conf.unset("spark.sql.session.timeZone"),
            }
        )

    def everywhere(self) -> dict[str, Step]:
        """What Sail has too."""
        spark, sql = self.spark, self.spark.sql
        small = [(1, "one"), (2, "two"), (3, "three")]
        return {
            "zone": lambda: spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo"),
            "gone": lambda: spark.range(1).createOrReplaceTempView("gone"),
            "five": lambda: spark.range(5).createOrReplaceTempView("five"),
            "even": lambda: sql(
                "/* a */ create or replace temporary view even -- b\n as select * from five where id % 2 = 0"
            ).collect(),
            "five again": lambda: spark.range(6).createOrReplaceTempView("five"),
            "local": lambda: spark.createDataFrame(small, "n int, s string").createTempView("local"),
            "files": lambda: self.write_and_read(),
            "gone again": lambda: spark.catalog.dropTempView("gone"),
            "twice": lambda: spark.udf.register("twice", lambda value: value * 2, "long"),
            "split": lambda: spark.udtf.register("letters", udtf(Letters, returnType="letter: string")),
            "database": lambda: sql("create database shop").collect(),
            "plain": lambda: sql("create table shop.plain (n int, s string) using parquet").collect(),
            "rows": lambda: self.insert([(1, "it's"), (2, None)]),
            "saved": lambda: spark.table("local").write.saveAsTable("saved"),
            "options": lambda: self.csv_table(),
            "dropped": lambda: spark.range(3).write.saveAsTable("dropped"),
            "dropped again": lambda: sql("drop table dropped").collect(),
            "lasting": lambda: sql(
                "create view lasting as select n from default.saved where n > 1"
            ).collect(),
            "use": lambda: sql("use database shop").collect(),
        }

    def on_apache(self) -> dict[str, Step]:
        """What only Apache Spark has."""
        spark, sql = self.spark, self.spark.sql
        large = [(number, "x" * 50) for number in range(20_000)]
        return {
            "set": lambda: sql("SET spark.sql.shuffle.partitions = 3").collect(),
            "global": lambda: spark.range(4).createGlobalTempView("shared"),
            "global by SQL": lambda: sql("create global temp view counted as select 1 as one").collect(),
            "from client": lambda: spark.createDataFrame(large, "n int, s string").createTempView("large"),
            "module": lambda: self.module("journal_module.py", "ANSWER = 42\n"),
            "by module": lambda: spark.udf.register("answer", from_module, "int"),
            "file": lambda: self.file("journal_file.txt", "told"),
            "function": lambda: sql(
                "create temporary function plus(a int) returns int return a + 1"
            ).collect(),
            "lasting function": lambda: sql(
                "create function default.minus(a int) returns int return a - 1"
            ).collect(),
            "variable": lambda: sql("declare variable counted int default 1").collect(),
            "variable set": lambda: sql("set var counted = counted + 4").collect(),
            "variable asked": lambda: sql("declare variable top string").collect(),
            "variable queried": lambda: sql("set var top = (select max(s) from local)").collect(),
            "parameter": lambda: sql(
                "create temporary view identifier(:name) as select :value as v",
                args={"name": "chosen", "value": "it's"},
            ).collect(),
            "immediate": lambda: sql(
                "execute immediate 'create temp view immediate as select 3 as i'"
            ).collect(),
            "parts": lambda: sql(
                "create table default.parts using parquet partitioned by (p) as select id, id % 2 as p from range(4)"
            ).collect(),
            "renamed": lambda: sql("alter view chosen rename to `re named`").collect(),
            "cached": lambda: sql("cache table five").collect(),
            "persisted": lambda: spark.table("even").persist(StorageLevel.MEMORY_ONLY).count(),
            "used": lambda: sql("use default").collect(),
            "used again": lambda: sql("use shop").collect(),
        }

    def questions(self) -> dict[str, Step]:
        """What is asked everywhere."""
        spark, rows = self.spark, self.rows
        return {
            "zone": lambda: spark.conf.get("spark.sql.session.timeZone"),
            "hour": lambda: rows("select cast(timestamp_seconds(0) as string) as h"),
            "five": lambda: rows("select count(*) as c from five"),
            "even": lambda: rows("select * from even order by id"),
            "local": lambda: rows("select * from local order by n"),
            "files": lambda: rows("select sum(id) as s from from_files"),
            "gone": lambda: spark.catalog.tableExists("gone"),
            "twice": lambda: rows("select twice(id) as t from five order by t"),
            "split": lambda: rows("select letter from letters('abc')"),
            "plain": lambda: rows("select * from plain order by n"),
            "saved": lambda: rows("select * from default.saved order by n"),
            "options": lambda: rows("select * from default.with_options order by n"),
            "dropped": lambda: spark.catalog.tableExists("default.dropped"),
            "lasting": lambda: rows("select * from default.lasting order by n"),
            "database": lambda: spark.catalog.currentDatabase(),
            "schema": lambda: spark.table("default.with_options").schema.simpleString(),
        }

    def questions_to_apache(self) -> dict[str, Step]:
        """What is asked of Apache Spark alone."""
        spark, rows = self.spark, self.rows
        return {
            "set": lambda: spark.conf.get("spark.sql.shuffle.partitions"),
            "global": lambda: rows("select count(*) as c from global_temp.shared, global_temp.counted"),
            "from client": lambda: rows("select count(*) as c, max(n) as m from large"),
            "module": lambda: rows("select answer(0) as a"),
            "file": lambda: rows(spark.range(1).select(udf(from_file, "string")("id").alias("f"))),
            "function": lambda: rows("select plus(2) as p, default.minus(2) as m"),
            "variables": lambda: rows("select counted, top"),
            "renamed": lambda: rows("select * from `re named`"),
            "immediate": lambda: rows("select i from immediate"),
            "parts": lambda: rows("select * from default.parts order by id"),
            "cached": lambda: spark.catalog.isCached("five"),
        }

    def rows(self, query: Any) -> list[str]:
        """The rows of a query as text."""
        frame = self.spark.sql(query) if isinstance(query, str) else query
        return [str(row) for row in frame.collect()]

    def insert(self, rows: list[tuple[int, str | None]]) -> None:
        """A write into a table of the catalogue."""
        self.spark.createDataFrame(rows, "n int, s string").write.insertInto("shop.plain")

    def write_and_read(self) -> None:
        """A view of files."""
        path = str(self.folder / "files")
        self.spark.range(10).write.parquet(path)
        self.spark.read.parquet(path).createOrReplaceTempView("from_files")

    def csv_table(self) -> None:
        """A table whose files are read with options."""
        path = self.folder / "options"
        path.mkdir()
        (path / "rows.csv").write_text("n;s\n1;a\n2;b\n")
        self.spark.sql(
            "create table with_options (n int comment 'a number', s string) using csv"
            f" options (header 'true', delimiter ';') location '{path}'"
        ).collect()

    def module(self, name: str, text: str) -> None:
        """A module for functions."""
        path = self.folder / name
        path.write_text(text)
        self.spark.addArtifacts(str(path), pyfile=True)
        path.unlink()

    def file(self, name: str, text: str) -> None:
        """A file for functions."""
        path = self.folder / name
        path.write_text(text)
        self.spark.addArtifacts(str(path), file=True)
        path.unlink()


class Letters:
    """A table function."""

    def eval(self, word: str) -> Any:
        """One row a letter."""
        for letter in word:
            yield (letter,)


def from_module(_: int) -> int:
    """What the module says that the session was given."""
    import journal_module

    return journal_module.ANSWER


def from_file(_: int) -> str:
    """What the file says that the session was given."""
    from pyspark import SparkFiles

    return Path(SparkFiles.get("journal_file.txt")).read_text()


def attempts(steps: Mapping[str, Step]) -> Mapping[str, Any]:
    """Takes the steps in order; what goes wrong is told in place of the answer."""
    answers: dict[str, Any] = {}
    for name, step in steps.items():
        try:
            answer = step()
            answers[name] = answer if isinstance(answer, (str, int, bool, list)) else None
        except Exception as error:
            answers[name] = {"error": str(error).strip().splitlines()[0][:300]}
    return answers


def main(url: str, kind: str, folder: str) -> None:
    """Serves requests until there are no more."""
    logging.disable(logging.CRITICAL)
    client = Client(url, kind, Path(folder))
    does = {"fill": client.fill, "ask": client.ask, "more": client.more}
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        print(json.dumps(does[json.loads(line)["do"]]()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
