"""Watches Ray jobs of other drivers: what happens to their tasks and actors, told as the bridge tells of its own.

It needs an event loop and the address of the control service (GCS), no Ray driver: an ordinary script's process is
left alone, and on a cluster it works in the process that started the script.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from duet.bridge.environment_change import EnvironmentChange
from duet.bridge.job_info import JobInfo, LivingActor
from duet.bridge.placement import unplaceable
from duet.bridge.task_events import TaskEvents, TaskProgress

LOOK_INTERVAL = 0.25
LAST_LOOK_INTERVAL = 0.02
BUSY_SHARE = 10
PARENT_PATIENCE = 1.5
UNPLACEABLE_AFTER = 5.0
FAILURES = 5

_DRIVER = "ff" * 20
_SUPERSEDED = ("waiting", "pending")


@dataclass(kw_only=True)
class JobTask(TaskProgress):
    """A task of a watched job. `root` is the task of the driver's own that it descends from, maybe itself."""

    root: str
    parent: str | None
    function: str
    actor: str | None


@dataclass
class _Job:
    id: str
    tasks: dict[str, JobTask] = field(default_factory=dict)
    unplaced: dict[str, float] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    ended: float | None = None
    failures: int = 0


class JobWatch:
    """Looks at the watched jobs until they end, and calls `tell` with events as dictionaries.

    The events are those of `packages/ray/src/ray-event.ts`: of the types `task`, `environment` and `note`. After the
    end of a job it waits for reports of the job's workers, `settle` seconds at most: more than the workers wait
    between two (`RAY_task_events_report_interval_ms`, a second unless Ray was told otherwise). `ends_with_run` says
    that the Ray ends with the run, and its detached actors too.
    """

    def __init__(
        self,
        gcs_address: str,
        tell: Callable[[dict[str, Any]], None],
        *,
        settle: float = 1.2,
        ends_with_run: bool = False,
    ) -> None:
        self._events = TaskEvents(gcs_address)
        self._info = JobInfo(self._events.channel)
        self._tell = tell
        self._settle = settle
        self._ends_with_run = ends_with_run
        self._jobs: dict[str, _Job] = {}
        self._over = asyncio.Event()
        self._ending = asyncio.Event()
        self._unplaceable: set[str] = set()
        self._looking: asyncio.Task[None] | None = None

    def watch(self, job: str) -> None:
        """Watch a job, by its id in hexadecimal, from now on; a second time is harmless."""
        if job not in self._jobs:
            self._jobs[job] = _Job(job)
            self._over.clear()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._keep_looking())

    def environment_changed(self, job: str, change: EnvironmentChange) -> None:
        """Tell of an environment that is built for tasks, if the job is one of the watched."""
        if job in self._jobs:
            event = {"type": "environment", "time": round(time.time() * 1000), **dataclasses.asdict(change)}
            self._tell(event)

    @property
    def is_watching(self) -> bool:
        """Whether a watched job has not ended yet."""
        return self._looking is not None and not self._looking.done()

    async def end(self, patience: float = 5.0) -> None:
        """Wait until the jobs have ended and all of it has been told; after `patience` seconds call it their end."""
        self._ending.set()
        if self.is_watching:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), patience)
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        for job in self._unfinished():
            self._end_job(job)
        await self._events.close()

    def _unfinished(self) -> list[_Job]:
        return [job for job in self._jobs.values() if job.ended is None or job.tasks]

    async def _keep_looking(self) -> None:
        while jobs := self._unfinished():
            began = time.monotonic()
            for job in jobs:
                try:
                    await self._look(job)
                    job.failures = 0
                except Exception as error:
                    self._failed(job, error)
            cost = time.monotonic() - began
            if self._ending.is_set():
                await asyncio.sleep(max(LAST_LOOK_INTERVAL, cost))
            else:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), max(LOOK_INTERVAL, BUSY_SHARE * cost))
        self._over.set()

    def _failed(self, job: _Job, error: Exception) -> None:
        job.failures += 1
        if job.failures == FAILURES:
            reason = error.details() if isinstance(error, grpc.RpcError) else repr(error)
            self._tell(_note(f"Ray does not tell of the script's tasks: {reason}"))

    async def _look(self, job: _Job) -> None:
        # First whether it has ended: what is read afterwards is then all that its driver had to say.
        if job.ended is None and await self._info.has_ended(job.id):
            job.ended = time.monotonic()
        reply = await self._events.of_job(job.id)
        self._take_all(job, list(reply.events_by_task))
        if reply.num_status_task_events_dropped > 0:
            self._take_evicted(job, {event.task_id.hex() for event in reply.events_by_task})
        if job.ended is None:
            await self._check_placement(job)
        elif not self._live(job) or time.monotonic() - job.ended > self._settle:
            self._end_job(job)
            for actor in await self._info.detached_actors(job.id):
                self._tell(_note(_lives_on(actor, self._ends_with_run)))

    def _live(self, job: _Job) -> list[JobTask]:
        return [task for task in job.tasks.values() if task.live]

    def _take_all(self, job: _Job, events: list[Any]) -> None:
        unplaced = events
        unknown: set[str] | None = None
        # A parent may stand behind its child: look again at those whose parent was not known yet.
        while unplaced:
            again = [event for event in unplaced if not self._take(job, event, unknown)]
            if len(again) < len(unplaced):
                unknown = None
            elif unknown is None:
                unknown = {event.task_id.hex() for event in again}
            else:
                break
            unplaced = again

    def _take(self, job: _Job, event: Any, unknown: set[str] | None) -> bool:
        identity = event.task_id.hex()
        task = job.tasks.get(identity)
        if task is None:
            if not event.HasField("task_info"):
                return False
            task = self._place(job, identity, event.task_info, unknown)
            if task is None:
                return False
            job.tasks[identity] = task
        elif not task.is_news(event):
            return True
        changes = list(task.advance(event))
        for index, (state, at) in enumerate(changes):
            if state not in _SUPERSEDED or index == len(changes) - 1:
                self._changed(task, state, at)
        return True

    def _place(self, job: _Job, identity: str, info: Any, unknown: set[str] | None) -> JobTask | None:
        """The task under its parent; None where that is not known. With `unknown`, which those are, not for ever."""
        parent_id = info.parent_task_id.hex()
        parent = job.tasks.get(parent_id)
        if parent is None and parent_id != _DRIVER + job.id:
            # Its parent has not been reported yet, or is one of those that Ray has dropped.
            since = job.unplaced.setdefault(identity, time.monotonic())
            if unknown is None or parent_id in unknown:
                return None
            if job.ended is None and time.monotonic() - since < PARENT_PATIENCE:
                return None
        job.unplaced.pop(identity, None)
        function = info.func_or_class_name
        name = info.name or function
        if function.endswith(".__init__"):
            function = function.removesuffix(".__init__")
            name = function
        return JobTask(
            id=identity,
            name=name,
            resources=dict(info.required_resources),
            root=identity if parent is None else parent.root,
            parent=None if parent is None else parent.id,
            function=function,
            actor=info.actor_id.hex() or None,
        )

    def _take_evicted(self, job: _Job, listed: set[str]) -> None:
        """Ray keeps 10,000 tasks and drops those first that have ended: what is missing twice has finished."""
        missing = {task.id for task in self._live(job) if task.id not in listed}
        for identity in missing & job.gone:
            job.tasks[identity].state = "finished"
            self._changed(job.tasks[identity], "finished", time.time() * 1000)
        job.gone = missing

    def _end_job(self, job: _Job) -> None:
        """Ray has ended the tasks with their driver, though it says so only later."""
        for task in self._live(job):
            task.state = "cancelled" if task.executed is None else "finished"
            self._changed(task, task.state, task.executed or time.time() * 1000)
        job.tasks.clear()
        job.ended = job.ended or time.monotonic()

    def _changed(self, task: JobTask, state: str, at: float) -> None:
        event: dict[str, Any] = {
            "type": "task",
            "root": task.root,
            "task": task.id,
            "name": task.name,
            "function": task.function,
            "state": state,
            "resources": task.resources,
            "time": round(at),
        }
        for name, value in (
            ("parent", task.parent),
            ("actor", task.actor),
            ("node", task.node),
            ("error", task.error),
        ):
            if value is not None:
                event[name] = value
        self._tell(event)

    async def _check_placement(self, job: _Job) -> None:
        """Tell once of each kind of task that waits for what no node has."""
        now = time.time()
        waiting = [
            task
            for task in self._live(job)
            if task.state == "pending"
            and now - task.since > UNPLACEABLE_AFTER
            # What a placement group has reserved is not a resource of a node.
            and not any("_group_" in name for name in task.resources)
        ]
        if not waiting:
            return
        nodes = await self._info.nodes()
        for task in waiting:
            reason = unplaceable(task.resources, nodes)
            if reason is not None and f"{task.name} {reason}" not in self._unplaceable:
                self._unplaceable.add(f"{task.name} {reason}")
                self._tell(_note(f"the task {task.name!r} waits: {reason}"))


def _note(text: str) -> dict[str, Any]:
    return {"type": "note", "text": text, "time": round(time.time() * 1000)}


def _lives_on(actor: LivingActor, ends_with_run: bool) -> str:
    if ends_with_run:
        return (
            f"the detached actor {actor.name!r} ends with the run, whose own Ray it lives in; a Ray that `duet up` "
            "keeps would keep it"
        )
    return (
        f"the detached actor {actor.name!r} lives on: ray.kill(ray.get_actor({actor.name!r}, "
        f"namespace={actor.namespace!r})) ends it"
    )
