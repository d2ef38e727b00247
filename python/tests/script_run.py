"""Runs scripts as Duet does, against a fake Duet: the protocol's other end, in the tests' own process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PYTHON_FOLDER = Path(__file__).parents[1]


class FakeDuet:
    """Listens as Duet does, keeps every message, and gives the engines in `engines`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engines: dict[str, dict[str, Any]] = {}
        self._messages: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._open = 0
        self._connections: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def messages(self, *types: str) -> list[dict[str, Any]]:
        """What has been said, as soon as all who said something have left."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._open == 0, timeout=30)
            return [message for message in self._messages if not types or message["type"] in types]

    def wait_for(self, kind: str, count: int = 1, timeout: float = 60) -> list[dict[str, Any]]:
        """The messages of a type, as soon as there are `count` of them."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = [message for message in self._messages if message["type"] == kind]
            return len(found) >= count

        with self._changed:
            assert self._changed.wait_for(enough, timeout), self._messages
            return found

    def close(self) -> None:
        """Goes away as a killed Duet does."""
        self._listener.close()
        with self._changed:
            for connection in self._connections:
                # A plain close would leave the connection open while a thread reads from it.
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._open += 1
                self._connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                with self._changed:
                    self._messages.append(message)
                    self._changed.notify_all()
                if message["type"] == "need":
                    connection.sendall(json.dumps(self._answer(message)).encode() + b"\n")
        with self._changed:
            self._open -= 1
            self._connections.remove(connection)
            connection.close()
            self._changed.notify_all()

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        engine = self.engines.get(message["engine"])
        if engine is None:
            text = f"no {message['engine']} here"
            return {"type": "engine-failed", "id": message["id"], "code": "engine-start", "message": text}
        return {"type": "engine", "id": message["id"], "engine": engine}


def script_environment(folder: Path, duet: FakeDuet | None = None, **context: Any) -> dict[str, str]:
    """The environment in which Duet would start a script."""
    record = {"run": "test-run", "directory": str(folder), **context}
    if duet is not None:
        record["socket"] = str(duet.path)
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPARK_", "PYSPARK_", "RAY_"))
        },
        "PYTHONPATH": os.pathsep.join([str(PYTHON_FOLDER / "script_site"), str(PYTHON_FOLDER)]),
        "DUET_SCRIPT": json.dumps(record, separators=(",", ":")),
    }


def run_script(
    folder: Path,
    source: str,
    environment: dict[str, str],
    *,
    python: str = sys.executable,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs the text as `script.py` in the folder, to its end."""
    (folder / "script.py").write_text(source)
    return subprocess.run(
        [python, "script.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
