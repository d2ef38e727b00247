"""Watches the Ray tasks that a script's processes start on a cluster, and tells what happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

LAST_PATIENCE = 3.0


class JobTasks:
    """Watches each Ray job of the script, from when it is named until `close`.

    `on_change` gets one dictionary for each new state, with the fields of the run event `ray-task`; `on_note` what a
    person should know: that a task waits for what no node has, that Ray's control service does not answer.
    """

    def __init__(
        self,
        gcs_address: str,
        on_change: Callable[[dict[str, Any]], None],
        on_note: Callable[[str], None],
    ) -> None:
        self._address = gcs_address
        self._on_change = on_change
        self._on_note = on_note
        self._jobs: list[str] = []
        self._watch: Any = None
        self._starting: asyncio.Task[None] | None = None

    def add(self, job: str) -> None:
        """Watch a job too: its id in hexadecimal."""
        self._jobs.append(job)
        if self._watch is not None:
            self._watch.watch(job)
        elif self._starting is None:
            self._starting = asyncio.create_task(self._start())

    async def close(self) -> None:
        """Wait for the jobs' end, 3 s at most, tell what has happened last, and stop."""
        if self._starting is not None:
            await self._starting
        if self._watch is not None:
            await self._watch.end(LAST_PATIENCE)

    async def _start(self) -> None:
        # Importing Ray takes half a second, in which the script's output must not stand still.
        try:
            job_watch = await asyncio.to_thread(_job_watch)
            self._watch = job_watch.JobWatch(self._address, self._tell)
        except Exception as error:
            # The script runs without being watched.
            self._on_note(f"Ray does not tell of the script's tasks: {error}")
            return
        for job in self._jobs:
            self._watch.watch(job)

    def _tell(self, event: dict[str, Any]) -> None:
        if event["type"] == "note":
            self._on_note(event["text"])
        elif event["type"] == "task":
            self._on_change({name: value for name, value in event.items() if name not in ("type", "root")})


def _job_watch() -> Any:
    from duet.bridge import job_watch

    return job_watch
