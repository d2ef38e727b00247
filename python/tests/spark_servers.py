"""Spark Connect servers for tests: Sail, and the Apache Spark of `.venv-apache`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
APACHE_PYTHON = ROOT / ".venv-apache/bin/python"


def sail_server(folder: Path) -> AbstractContextManager[str]:
    """A Sail of its own; gives its `sc://` address."""
    port = free_port()
    sail = str(Path(sys.executable).with_name("sail"))
    command = [sail, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    return spark_server(command, port, {}, folder / "sail.out", 30)


def apache_server(folder: Path) -> AbstractContextManager[str]:
    """An Apache Spark of its own, with two threads; gives its `sc://` address."""
    assert APACHE_PYTHON.exists(), "Apache Spark is not set up (.venv-apache); deselect with -m 'not apache'"
    port = free_port()
    home = next((ROOT / ".venv-apache").glob("lib/python*/site-packages/pyspark"))
    environment = {
        "SPARK_HOME": str(home),
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_LOG_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder),
        "PYSPARK_PYTHON": str(APACHE_PYTHON),
        "PYTHONPATH": "",
    }
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.progress.reportInterval": "200ms",
        "spark.ui.enabled": "false",
        "spark.master": "local[2]",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.memory": "1g",
    }
    command = [str(home / "sbin/start-connect-server.sh")]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    return spark_server(command, port, environment, folder / "spark.out", 90)


@contextmanager
def spark_server(
    command: list[str], port: int, environment: dict[str, str], log: Path, patience: float
) -> Iterator[str]:
    """Start a Spark Connect server, wait until it listens, and end it with all that it started."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **environment}, start_new_session=True
        )
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
