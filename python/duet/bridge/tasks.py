"""The tasks and objects of all runs: submitted, awaited without polling, cancelled, released."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import ray

from duet.bridge.failures import BridgeError, describe_ray_error, describe_user_error
from duet.bridge.remote_functions import RemoteFunctions, requested_resources

CANCEL_GRACE = 2.0
END_WAIT = 5.0


@dataclass(slots=True)
class Task:
    """A task submitted through the bridge. `value` is its Ray object; `kind` says what it holds once it has ended."""

    id: str
    run: Run
    name: str
    label: str | None
    resources: dict[str, float]
    submitted: float
    on_end: Callable[[Task], None]
    value: Any = None
    envelope: Any = None
    kind: str = ""
    lines: int = 0
    body: str = ""
    error: dict[str, Any] | None = None
    # Set when the bridge itself ends the task: what the client is told then.
    verdict: BridgeError | None = None
    ended: float | None = None
    ray_task: str = ""
    has_dependencies: bool = False

    @property
    def state(self) -> str:
        """`pending` until its end, then `finished`, `failed` or `cancelled`."""
        if self.ended is None:
            return "pending"
        if self.error is None:
            return "finished"
        return "cancelled" if self.error["code"] == "task-cancelled" else "failed"


@dataclass(slots=True)
class StoredObject:
    """An object that a client has put: a table or a JSON value."""

    id: str
    run: Run
    value: Any
    kind: str


@dataclass(slots=True)
class Run:
    """Everything that belongs together and ends together."""

    id: str
    objects: dict[str, Task | StoredObject] = field(default_factory=dict)
    live: dict[str, Task] = field(default_factory=dict)
    ending: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)


class Tasks:
    """All runs of this bridge. Every method runs on the event loop's thread."""

    def __init__(self, functions: RemoteFunctions, loop: asyncio.AbstractEventLoop) -> None:
        self.functions = functions
        self.runs: dict[str, Run] = {}
        self.objects: dict[str, Task | StoredObject] = {}
        self.by_ray_task: dict[str, Task] = {}
        self.on_submit: Callable[[Task], None] = lambda task: None
        self._loop = loop
        self._completed: deque[tuple[Task, Any]] = deque()
        self._drain_scheduled = False
        self._next_object = 0

    def run(self, run_id: str) -> Run:
        """The run of that id, made at its first use."""
        run = self.runs.get(run_id)
        if run is None:
            run = self.runs[run_id] = Run(run_id)
        return run

    def submit(self, message: dict[str, Any], on_end: Callable[[Task], None]) -> Task:
        """Hand a task to Ray; `on_end` is called once when it has ended, or at once when it cannot be submitted."""
        options = message.get("options")
        run = self.run(message["run"])
        task = Task(message["id"], run, message["name"], message.get("label"), {}, time.time(), on_end)
        run.objects[task.id] = self.objects[task.id] = task
        try:
            if run.ending:
                raise BridgeError("run-ended", f"The run {run.id} is being ended; it takes no more tasks.")
            task.resources = requested_resources(options or {})
            references = [self._dependency(reference) for reference in message.get("refs", ())]
            handle = self.functions.handle(message["function"], options)
            task.has_dependencies = bool(references)
            task.value, task.envelope = handle.remote(message["call"].encode(), *references)
        except BridgeError as error:
            self._finish(task, error.to_json())
            return task
        except Exception as error:
            self._finish(
                task, {"code": "task-invalid", "message": str(error), "rayType": type(error).__name__}
            )
            return task
        task.ray_task = task.value.task_id().hex()
        self.by_ray_task[task.ray_task] = task
        run.live[task.id] = task
        run.idle.clear()
        self.on_submit(task)
        task.envelope._on_completed(lambda result: self._on_completed(task, result))
        return task

    def _dependency(self, identity: str) -> Any:
        stored = self.objects.get(identity)
        if stored is None or stored.value is None:
            raise BridgeError(
                "ref-unknown",
                f"No object {identity} is known here: it was released, its run has ended, or Ray was restarted.",
            )
        return stored.value

    def _on_completed(self, task: Task, result: Any) -> None:
        # Called by Ray on a thread of its own, many times a second: one wake-up of the loop serves many results.
        self._completed.append((task, result))
        if not self._drain_scheduled:
            self._drain_scheduled = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._drain_scheduled = False
        while self._completed:
            task, result = self._completed.popleft()
            if task.ended is None:
                self._complete(task, result)

    def _complete(self, task: Task, result: Any) -> None:
        if isinstance(result, bytes):
            head, _, body = result.partition(b"\n")
            kind, lines = head.split()
            task.kind, task.lines, task.body = kind.decode(), int(lines), body.decode()
            self._finish(task, describe_user_error(task.body) if task.kind == "failed" else None)
        else:
            self._finish(task, describe_ray_error(result))

    def _finish(self, task: Task, error: dict[str, Any] | None) -> None:
        task.ended = time.time()
        # Whatever a task that was told to end says at last, the reason is why it was told.
        task.error = error if error is None or task.verdict is None else task.verdict.to_json()
        task.envelope = None
        run = task.run
        run.live.pop(task.id, None)
        if not run.live:
            run.idle.set()
        task.on_end(task)

    def store(self, run_id: str, value: Any, kind: str) -> StoredObject:
        """Name an object that has been put into Ray."""
        run = self.run(run_id)
        if run.ending:
            raise BridgeError("run-ended", f"The run {run_id} is being ended; it takes no more objects.")
        self._next_object += 1
        stored = StoredObject(f"object-{self._next_object}", run, value, kind)
        run.objects[stored.id] = self.objects[stored.id] = stored
        return stored

    def find(self, identity: str) -> Task | StoredObject:
        """The object of that id; BridgeError `ref-unknown` where there is none."""
        stored = self.objects.get(identity)
        if stored is None:
            self._dependency(identity)
            raise AssertionError("unreachable")
        return stored

    def cancel(self, identity: str, force: bool) -> None:
        """Ask Ray to cancel a task with all that it has started; nothing happens when it has ended."""
        task = self.objects.get(identity)
        if isinstance(task, Task) and task.ended is None and task.value is not None:
            if task.verdict is None:
                task.verdict = BridgeError("task-cancelled", "The task was cancelled.")
            ray.cancel(task.value, force=force, recursive=True)

    def condemn(self, task: Task, verdict: BridgeError) -> None:
        """End a task for a reason of the bridge's own, which its client is told."""
        if task.ended is None:
            task.verdict = verdict
            ray.cancel(task.value, force=False, recursive=True)

    def release(self, identities: Iterable[str]) -> None:
        """Forget objects; Ray frees them when nothing else needs them. Unknown ones are passed over."""
        for identity in identities:
            stored = self.objects.get(identity)
            if isinstance(stored, Task) and stored.ended is None:
                continue
            if stored is not None:
                self._forget(stored)

    def _forget(self, stored: Task | StoredObject) -> None:
        self.objects.pop(stored.id, None)
        stored.run.objects.pop(stored.id, None)
        if isinstance(stored, Task):
            self.by_ray_task.pop(stored.ray_task, None)
        stored.value = None

    async def stop_run(self, run: Run) -> None:
        """Cancel what still runs, by force after a grace of 2 s, and wait for its end (7 s at most in all)."""
        run.ending = True
        for force, patience in ((False, CANCEL_GRACE), (True, END_WAIT)):
            for task in list(run.live.values()):
                self.cancel(task.id, force)
            if run.live:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(run.idle.wait(), patience)
            if not run.live:
                return

    def drop_run(self, run: Run) -> None:
        """Forget everything of a run."""
        for stored in list(run.objects.values()):
            self._forget(stored)
        self.runs.pop(run.id, None)
