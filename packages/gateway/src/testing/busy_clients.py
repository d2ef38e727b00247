"""Stock PySpark clients that read and write without a pause.

    python busy_clients.py sc://host:port COUNT FOLDER

Each client has a session of its own and a folder below FOLDER into which it writes one row after the other. It works
from the line `{"do": "begin"}` of standard input on until the line `{"do": "end"}`; then one line of JSON says how
that went: how many operations there were, how many of them writes, how many writes ended with an unknown outcome and
how many results were lost in the middle (as happens when a driver is killed), how many operations failed otherwise, and
how many writes are not there as often as the client was told. What failed is told on standard error.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as parquet
from pyspark.sql import SparkSession


class Client:
    """One session that works in a thread of its own."""

    def __init__(self, url: str, number: int, folder: Path) -> None:
        self.number = number
        self.folder = folder / f"client-{number}"
        self.spark = SparkSession.builder.remote(url).create()
        self.spark.range(1000).selectExpr("id", f"id % {number + 2} as part").createOrReplaceTempView(
            "numbers"
        )
        self.spark.udf.register("twice", lambda value: value * 2, "long")
        self.written: list[int] = []
        self.unknown: list[int] = []
        self.operations = 0
        self.failed = 0
        self.lost = 0
        self.longest = 0.0
        self.slowest = ""

    def work(self, end: threading.Event) -> None:
        """Reads and writes in turn until `end`."""
        steps = (self._count, self._write, self._settings, self._function, self._rows)
        last = time.monotonic()
        while not end.is_set():
            step = steps[self.operations % len(steps)]
            try:
                step()
            except Exception as error:
                self._take(step.__name__, f"{type(error).__name__}: {error}")
            self.operations += 1
            now = time.monotonic()
            if now - last > self.longest:
                self.longest, self.slowest = now - last, step.__name__
            last = now

    def _take(self, step: str, text: str) -> None:
        if "write-outcome-unknown" in text and step == "_write":
            self.unknown.append(self.operations)
        elif "operation-lost" in text and step == "_rows":
            self.lost += 1
        else:
            self.failed += 1
            print(f"client {self.number} {step}: {text}", file=sys.stderr)

    def _count(self) -> None:
        total = self.spark.sql("select count(*), sum(id) from numbers").collect()[0]
        assert tuple(total) == (1000, 499500), total

    def _write(self) -> None:
        row = self.spark.range(self.operations, self.operations + 1, 1, 1)
        row.write.mode("append").parquet(str(self.folder))
        self.written.append(self.operations)

    def _settings(self) -> None:
        self.spark.conf.set("spark.duet.client.step", str(self.operations))
        told = self.spark.conf.get("spark.duet.client.step")
        assert told == str(self.operations), told

    def _function(self) -> None:
        told = self.spark.sql("select sum(twice(id)) from numbers where part = 0").collect()[0][0]
        expected = sum(value * 2 for value in range(0, 1000, self.number + 2))
        assert told == expected, (told, expected)

    def _rows(self) -> None:
        rows = self.spark.range(0, 50_000, 1, 2).toArrow()
        assert rows.num_rows == 50_000, rows.num_rows

    def miscounted(self) -> int:
        """Writes that are not there once as the client was told, or, where nobody knew how they ended, twice."""
        files = sorted(self.folder.glob("*.parquet"))
        found = Counter(value for file in files for value in parquet.read_table(file)["id"].to_pylist())
        expected = Counter(self.written) + Counter(value for value in self.unknown if found[value] > 0)
        wrong = (found - expected) + (expected - found)
        for value, count in wrong.items():
            print(f"client {self.number}: the write {value} is off by {count}", file=sys.stderr)
        return sum(wrong.values())


def main(url: str, count: str, folder: str) -> None:
    """Lets the clients work and tells how that went."""
    logging.disable(logging.CRITICAL)
    clients = [Client(url, number, Path(folder)) for number in range(int(count))]
    print(json.dumps({"ready": len(clients)}), flush=True)
    end = threading.Event()
    threads = [threading.Thread(target=client.work, args=(end,)) for client in clients]
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    print(json.dumps({"begun": len(clients)}), flush=True)
    sys.stdin.readline()
    end.set()
    for thread in threads:
        thread.join()
    slowest = max(clients, key=lambda client: client.longest)
    print(
        f"longest pause: {slowest.longest:.2f} s, client {slowest.number} {slowest.slowest}", file=sys.stderr
    )
    result = {
        "operations": sum(client.operations for client in clients),
        "writes": sum(len(client.written) for client in clients),
        "unknown": sum(len(client.unknown) for client in clients),
        "lost": sum(client.lost for client in clients),
        "failed": sum(client.failed for client in clients),
        "miscounted": sum(client.miscounted() for client in clients),
        "longest": slowest.longest,
    }
    print(json.dumps(result), flush=True)
    for client in clients:
        client.spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
