"""Sail and the wiring of frames in the tests' own process, for the tests that hand tables over."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SWITCH_BYTES = 64 * 1024
PLAN_BYTES = 16 * 1024


@contextmanager
def sail_server(folder: Path) -> Iterator[str]:
    """A Sail on a free port, ended by its pid."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "sail"),
        "spark",
        "server",
        "--ip",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, "RUST_LOG": "error"})
    try:
        _wait_for(port, process)
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < deadline, "Sail did not start"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)


@contextmanager
def in_a_run(directory: Path) -> Iterator[None]:
    """Makes this process one of a run, with small sizes above which tables go as files."""
    from duet.script import context

    sizes = {"switchBytes": SWITCH_BYTES, "planBytes": PLAN_BYTES}
    os.environ[context.VARIABLE] = json.dumps({"run": "test", "directory": str(directory), **sizes})
    context.context.cache_clear()
    try:
        yield
    finally:
        del os.environ[context.VARIABLE]
        context.context.cache_clear()


def eventually(condition: Any, seconds: float = 20) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's folder."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def spark(ray_node: Any, directory: Path) -> Iterator[Any]:
    """A session of a Sail of this module's own, wired to Ray."""
    from pyspark.sql.connect.session import SparkSession

    from duet.script import frames

    with sail_server(directory.parent) as url, in_a_run(directory):
        session = SparkSession.builder.remote(url).create()
        frames.wire()
        yield session
        session.stop()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Duet is told."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr("duet.script.channel.send", messages.append)
    return messages


def numbers(spark: Any, rows: int) -> Any:
    """A frame of three columns, 20 to 40 bytes a row."""
    columns = ("id", "cast(id as double) / 2 as half", "concat('n', id) as name")
    return spark.range(0, rows, 1, 4).selectExpr(*columns)


def folders(directory: Path) -> set[str]:
    """What lies in the run's folder."""
    return {path.name for path in directory.iterdir()}
