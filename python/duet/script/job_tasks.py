"""Watches the Ray tasks that a script's processes start, and tells what happens to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

QUIET_INTERVAL = 1.0
BUSY_INTERVAL = 0.3
FAILURES = 5


class JobTasks:
    """Looks at the tasks of each Ray job of the script, from when it is named until `close`.

    `on_change` gets one dictionary for each new state, with the fields of the run event `ray-task`; `on_problem` is
    told once when Ray's control service does not say.
    """

    def __init__(
        self,
        gcs_address: str,
        on_change: Callable[[dict[str, Any]], None],
        on_problem: Callable[[str], None],
    ) -> None:
        self._address = gcs_address
        self._on_change = on_change
        self._on_problem = on_problem
        self._jobs: set[str] = set()
        self._events: Any = None
        self._tasks: dict[str, Any] = {}
        self._watching: asyncio.Task[None] | None = None

    def add(self, job: str) -> None:
        """Watch a job too: its id in hexadecimal."""
        self._jobs.add(job)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look once more, for what has happened last, and stop."""
        if self._watching is None:
            return
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        if self._events is not None:
            # That the last look fails is no loss: the script has ended, and with it its tasks.
            with contextlib.suppress(Exception):
                await self._look()
            await self._events.close()

    async def _watch(self) -> None:
        # Importing Ray takes half a second, in which the script's output must not stand still.
        module = await asyncio.to_thread(_task_events)
        self._events = module.TaskEvents(self._address)
        failures = 0
        while True:
            try:
                await self._look()
                failures = 0
            except Exception as error:
                failures += 1
                if failures == FAILURES:
                    self._on_problem(f"Ray does not tell of the script's tasks: {error}")
            busy = any(task.live for task in self._tasks.values())
            await asyncio.sleep(BUSY_INTERVAL if busy else QUIET_INTERVAL)

    async def _look(self) -> None:
        for job in sorted(self._jobs):
            for event in (await self._events.of_job(job)).events_by_task:
                self._take(event)

    def _take(self, event: Any) -> None:
        identity = event.task_id.hex()
        task = self._tasks.get(identity)
        if task is None:
            if not event.HasField("task_info"):
                return
            info = event.task_info
            task = _task_events().TaskProgress(
                id=identity,
                name=info.name or info.func_or_class_name,
                resources=dict(info.required_resources),
            )
            task.parent = info.parent_task_id.hex()
            self._tasks[identity] = task
        elif not task.is_news(event):
            return
        for state, time in task.advance(event):
            self._on_change(self._describe(task, state, time))

    def _describe(self, task: Any, state: str, time: float) -> dict[str, Any]:
        described = {
            "task": task.id,
            "name": task.name,
            "state": state,
            "resources": task.resources,
            "time": time,
        }
        if task.parent in self._tasks:
            described["parent"] = task.parent
        if task.node is not None:
            described["node"] = task.node
        if task.error is not None and state == "failed":
            described["error"] = task.error
        return described


def _task_events() -> Any:
    from duet.bridge import task_events

    return task_events
