"""What the stock PySpark client gets from gateways that ask who it is, as one line of JSON, an entry a connection.

    echo '[{"url": "sc://host:port/;token=…"}]' | python known_client.py

A connection with `certificate` and `key` shows that client certificate, and trusts `authority`; all are paths.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import grpc
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.logging import logger
from pyspark.sql.connect.session import SparkSession


class RetryCounter(logging.Handler):
    """Counts how often the client makes a call again, of which it tells nothing but its log."""

    def __init__(self) -> None:
        super().__init__()
        self.retries = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Takes one line of the log."""
        # Not formatted: some of PySpark's own lines cannot be.
        if any(words in str(record.msg) for words in ("Will retry", "Retrying.")):
            self.retries += 1


class CertificateChannelBuilder(DefaultChannelBuilder):
    """Shows a client certificate, for which PySpark's addresses have no parameter."""

    def __init__(self, url: str, files: dict[str, str]) -> None:
        super().__init__(url)
        self._files = files

    def toChannel(self) -> grpc.Channel:
        """A channel with mutual TLS."""
        credentials = grpc.ssl_channel_credentials(
            root_certificates=Path(self._files["authority"]).read_bytes(),
            private_key=Path(self._files["key"]).read_bytes(),
            certificate_chain=Path(self._files["certificate"]).read_bytes(),
        )
        return self._secure_channel(self.endpoint, credentials)


def connect(connection: dict[str, str]) -> SparkSession:
    """A session as users make it."""
    url = connection["url"]
    if "certificate" in connection:
        return SparkSession.builder.channelBuilder(CertificateChannelBuilder(url, connection)).create()
    return SparkSession.builder.remote(url).create()


def counted(connection: dict[str, str]) -> dict[str, Any]:
    """The answers, and how many retries they took."""
    counter = RetryCounter()
    logger.handlers = [counter]
    return {**answers(connection), "retries": counter.retries}


def answers(connection: dict[str, str]) -> dict[str, Any]:
    """A view of the session's own, and a query on it; or the error with its gRPC status."""
    try:
        spark = connect(connection)
        there = spark.catalog.tableExists("mine")
        spark.range(3).createOrReplaceTempView("mine")
        return {"there": there, "rows": [row.id for row in spark.table("mine").collect()]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Asks one after the other."""
    logger.disabled = False
    logger.setLevel(logging.DEBUG)
    print(json.dumps([counted(connection) for connection in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
