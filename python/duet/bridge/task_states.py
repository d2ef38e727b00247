"""What Ray's control service (GCS) knows of the tasks of this driver: states, nodes, processes, parents."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray

from duet.bridge.logs import Process
from duet.bridge.task_events import TaskEvents, TaskProgress
from duet.bridge.tasks import Task


@dataclass(kw_only=True)
class ObservedTask(TaskProgress):
    """A Ray task as last seen. `root` is the task of a client that it descends from, maybe itself."""

    root: Task
    parent: str | None
    process: Process | None = None
    children: list[str] = field(default_factory=list)


class TaskStates:
    """Asks for task states on demand and tells what has changed since, one call of `on_change` for each state."""

    def __init__(
        self,
        find_root: Callable[[str], Task | None],
        node_address: Callable[[str], str | None],
        on_change: Callable[[ObservedTask, str, float], None],
    ) -> None:
        context = ray.get_runtime_context()
        self._events = TaskEvents(context.gcs_address)
        self._job = context.get_job_id()
        self._find_root = find_root
        self._node_address = node_address
        self._on_change = on_change
        self._observed: dict[str, ObservedTask] = {}
        self._processes: dict[Process, ObservedTask] = {}

    async def look(self) -> None:
        """Ask once. Raises what gRPC raises when the service does not answer within 5 s."""
        reply = await self._events.of_job(self._job)
        unplaced = list(reply.events_by_task)
        # A parent may stand behind its child: look again at those whose parent was not known yet.
        while unplaced:
            again = [event for event in unplaced if not self._take(event)]
            if len(again) == len(unplaced):
                break
            unplaced = again

    def _take(self, event: Any) -> bool:
        identity = event.task_id.hex()
        observed = self._observed.get(identity)
        if observed is None:
            if not event.HasField("task_info"):
                return False
            observed = self._place(identity, event.task_info)
            if observed is None:
                return False
            self._observed[identity] = observed
        elif not observed.is_news(event):
            return True
        self._update(observed, event)
        return True

    def _place(self, identity: str, info: Any) -> ObservedTask | None:
        root = self._find_root(identity)
        resources = dict(info.required_resources)
        if root is not None:
            return ObservedTask(id=identity, name=root.name, resources=resources, root=root, parent=None)
        parent = self._observed.get(info.parent_task_id.hex())
        if parent is None:
            return None
        parent.children.append(identity)
        return ObservedTask(
            id=identity,
            name=info.name or info.func_or_class_name,
            resources=resources,
            root=parent.root,
            parent=parent.root.id if parent.parent is None else parent.id,
        )

    def _update(self, observed: ObservedTask, event: Any) -> None:
        changes = list(observed.advance(event))
        update = event.state_updates
        if update.HasField("worker_pid") and observed.node is not None:
            observed.process = (self._node_address(observed.node) or "", str(update.worker_pid))
            self._processes[observed.process] = observed
        for state, at in changes:
            self._on_change(observed, state, at)

    def at(self, process: Process) -> ObservedTask | None:
        """The task that a process was last seen with."""
        return self._processes.get(process)

    def live(self) -> list[ObservedTask]:
        """All tasks that had not ended when last seen."""
        return [observed for observed in self._observed.values() if observed.live]

    def live_nested(self, run: str) -> list[ObservedTask]:
        """The tasks of a run, other than those of its client, that had not ended when last seen."""
        return [task for task in self.live() if task.parent is not None and task.root.run.id == run]

    def idle_owner(self, child: ObservedTask) -> tuple[str | None, Process | None] | None:
        """Node and process of the task that started `child`, where that one has ended and nothing has followed it."""
        for task in self._observed.values():
            if child.id in task.children and not task.live and task.process is not None:
                return (task.node, task.process) if self._processes.get(task.process) is task else None
        return None

    def end(self, observed: ObservedTask, state: str) -> None:
        """Note that a task has been ended, and tell so."""
        observed.state, observed.since = state, time.time()
        self._on_change(observed, state, time.time() * 1000)

    def forget(self, run: str) -> None:
        """Drop what belongs to a run that has ended."""
        gone = [identity for identity, observed in self._observed.items() if observed.root.run.id == run]
        for identity in gone:
            del self._observed[identity]
        self._processes = {
            process: observed for process, observed in self._processes.items() if observed.root.run.id != run
        }

    async def close(self) -> None:
        """Close the channel."""
        await self._events.close()
