"""A real bridge with its embedded Ray, started as Duet does, for tests of ordinary scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYTHON_FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True)
class RunningBridge:
    """Where it answers, and where its Ray does."""

    url: str
    token: str
    gcs_address: str
    token_path: str

    @property
    def engine(self) -> dict[str, Any]:
        """The object `ray` of a script's context."""
        return {"address": self.gcs_address, "tokenPath": self.token_path, "embedded": True}

    @property
    def ray_settings(self) -> dict[str, str]:
        """The variables with which Ray's own client code reaches it."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": self.token_path,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        }


@contextmanager
def running_bridge(folder: Path, *options: str) -> Iterator[RunningBridge]:
    """Start one with two CPUs, and end it with its Ray afterwards."""
    token, ready = folder / "token", folder / "ready.json"
    token.write_text("a token of this test")
    command = [sys.executable, "-m", "duet.bridge", "--embedded", "--num-cpus", "2", "--watch-stdin"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    process = subprocess.Popen(
        [*command, "--token-file", str(token), "--ready-file", str(ready), *options],
        stdin=subprocess.PIPE,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(PYTHON_FOLDER), "DUET_HOME": str(folder / "home")},
    )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None and time.monotonic() < deadline, "the bridge did not start"
            time.sleep(0.05)
        record = json.loads(ready.read_text())
        yield RunningBridge(record["url"], token.read_text(), record["gcsAddress"], record["tokenPath"])
    finally:
        process.terminate()
        process.wait(30)
