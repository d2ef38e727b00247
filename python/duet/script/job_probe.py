"""Looks at a Ray cluster from inside, for `duet doctor`: run as a Ray job, prints one line of JSON behind a mark.

python -m duet.script.job_probe '{"lake": "/shared/lake", "spark": "sc://host:15002"}'
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
import socket
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARK = "duet-probe:"
PATIENCE = 5


def look(wanted: dict[str, Any]) -> dict[str, Any]:
    """What a script would find: its Python, PySpark, an installer for environments, the lake and Spark's port."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "node": platform.node(),
        "ray": _version("ray"),
        "pyspark": _version("pyspark") or _version("pyspark-client"),
        "installer": any(importlib.util.find_spec(name) is not None for name in ("uv", "pip")),
        "lake": _try_lake(wanted.get("lake")),
        "spark": _try_spark(wanted.get("spark")),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _try_lake(path: str | None) -> str | None:
    """None where a file can be written and removed there, else why not."""
    if path is None:
        return None
    probe = Path(path) / f".duet-probe-{uuid.uuid4().hex}"
    try:
        probe.write_text("probe")
        probe.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _try_spark(url: str | None) -> str | None:
    """None where somebody listens at the address, else why not."""
    if url is None:
        return None
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 15002), timeout=PATIENCE):
            return None
    except OSError as error:
        return error.strerror or str(error)


if __name__ == "__main__":
    print(MARK + json.dumps(look(json.loads(sys.argv[1]))), flush=True)
