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
