"""Sessions of the stock PySpark client, each with all that makes a session, which are asked whether they still have it.

    python session_clients.py sc://host:port sail|apache

Each line of standard input is a request in JSON, each answered by a line of JSON on standard output; what went wrong is
told on standard error:

    {"do": "open", "count": 20}                  opens so many sessions, and fills them
    {"do": "ask", "kill": 4711, "atOnce": 20}    kills this process (0: none) and asks all of them, so many at once;
                                                 with "first": 4 only the first four
    {"do": "close"}                              ends them
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

AT_ONCE = 8
"""Sessions that are filled at the same time."""


class Client:
    """One session, and what must be found in it."""

    def __init__(self, url: str, kind: str, number: int) -> None:
        self.kind = kind
        self.number = number
        self.zone = f"Etc/GMT+{number % 12 + 1}"
        self.spark = SparkSession.builder.remote(url).create()
        self._fill()
        self.server_id = self._observed()

    def _fill(self) -> None:
        spark, number = self.spark, self.number
        spark.conf.set("spark.sql.session.timeZone", self.zone)
        spark.range(5).selectExpr("id", f"id + {number} as n").createOrReplaceTempView("five")
        spark.sql("create or replace temporary view even as select * from five where id % 2 = 0")
        spark.udf.register("plus", lambda value: value + number, "long")
        if self.kind == "apache":
            with tempfile.TemporaryDirectory() as folder:
                module = Path(folder) / "session_number.py"
                module.write_text(f"NUMBER = {number}\n")
                spark.addArtifacts(str(module), pyfile=True)

    def _observed(self) -> str | None:
        found: str | None = self.spark.client._server_session_id
        return found

    def ask(self) -> str | None:
        """What is not as it was, if anything."""
        spark, number = self.spark, self.number
        rows = [tuple(row) for row in spark.sql("select id, plus(n) as m from even order by id").collect()]
        expected = [(value, value + number + number) for value in (0, 2, 4)]
        if rows != expected:
            return f"rows {rows}, not {expected}"
        zone = spark.conf.get("spark.sql.session.timeZone")
        if zone != self.zone:
            return f"time zone {zone}, not {self.zone}"
        if self._observed() != self.server_id:
            return "another server-side session"
        if self.kind == "apache":

            def from_module(_: int) -> int:
                import session_number

                return session_number.NUMBER

            told = spark.range(1).select(udf(from_module, "int")("id")).collect()[0][0]
            if told != number:
                return f"artifact {told}, not {number}"
        return None


def ask_all(clients: list[Client], pid: int, at_once: int) -> dict[str, float]:
    """How many sessions go on; seconds from the kill to the first answer, to the last, and of the slowest session."""
    with ThreadPoolExecutor(at_once) as pool:

        def ask(client: Client) -> tuple[float, float] | None:
            asked = time.monotonic()
            try:
                wrong = client.ask()
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
            if wrong is None:
                now = time.monotonic()
                return now - began, now - asked
            print(f"session {client.number}: {wrong}", file=sys.stderr)
            return None

        began = time.monotonic()
        if pid != 0:
            os.kill(pid, signal.SIGKILL)
        times = [answer for answer in pool.map(ask, clients) if answer is not None]
    if not times:
        return {"goOn": 0}
    since, own = zip(*times, strict=True)
    return {"goOn": len(times), "first": min(since), "last": max(since), "slowest": max(own)}


def main(url: str, kind: str) -> None:
    """Answers requests until there are no more."""
    logging.disable(logging.CRITICAL)
    clients: list[Client] = []
    print(json.dumps({"ready": 1}), flush=True)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        answer: dict[str, float] = {}
        if request["do"] == "open":
            with ThreadPoolExecutor(AT_ONCE) as pool:
                begin = len(clients)
                numbers = range(begin, begin + request["count"])
                clients.extend(pool.map(lambda number: Client(url, kind, number), numbers))
            answer = {"sessions": len(clients)}
        elif request["do"] == "ask":
            answer = ask_all(clients[: request.get("first")], request["kill"], request["atOnce"])
        elif request["do"] == "close":
            for client in clients:
                client.spark.stop()
            answer = {"sessions": 0}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
