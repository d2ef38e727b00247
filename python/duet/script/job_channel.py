"""The end of a script's channel on a Ray cluster: a Unix domain socket that its processes connect to."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_LINE = 4 << 20

_NO_ENGINE = {
    "spark": (
        "spark-not-in-profile",
        "The profile {profile} names no Spark that the cluster reaches. Add to it in duet.toml: "
        'spark = "sc://host:15002"',
    ),
    "ray": ("engine-not-given", "This process of the script was not told where Ray is."),
}


class JobChannel:
    """Takes the messages of the script's processes; silent connections only wait for this end to go."""

    def __init__(self, profile: str, on_message: Callable[[dict[str, Any]], None]) -> None:
        self._profile = profile
        self._on_message = on_message
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()

    async def listen(self, path: Path) -> None:
        """Start to listen at `path`, where nothing is yet."""
        self._server = await asyncio.start_unix_server(self._serve, path, limit=LONGEST_LINE)

    async def settle(self, patience: float) -> None:
        """Wait until the processes have gone and all that they wrote is read, `patience` seconds at most."""
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=patience)

    async def close(self) -> None:
        """Close all connections: processes of the script that still run end themselves."""
        if self._server is not None:
            self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        assert handler is not None
        self._handlers.add(handler)
        try:
            # A process that was killed resets its connection.
            with contextlib.suppress(ConnectionError):
                while line := await reader.readline():
                    self._take(line, writer)
        finally:
            self._handlers.discard(handler)
            writer.close()

    def _take(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        message = json.loads(line)
        if message["type"] != "need":
            self._on_message(message)
            return
        code, text = _NO_ENGINE[message["engine"]]
        answer = {
            "type": "engine-failed",
            "id": message["id"],
            "code": code,
            "message": text.format(profile=self._profile),
        }
        writer.write(json.dumps(answer).encode() + b"\n")
