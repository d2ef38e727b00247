"""What Ray's control service (GCS) knows of the tasks of this driver: states, nodes, processes, parents."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray._private.gcs_utils import create_gcs_channel
from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc
from ray.core.generated.common_pb2 import ErrorType, TaskStatus

from duet.bridge.logs import Process
from duet.bridge.tasks import Task

LIMIT = 10_000

_ORDER = ("waiting", "pending", "running", "finished", "failed")
_STATES = {
    "waiting": ("PENDING_ARGS_AVAIL",),
    "pending": (
        "PENDING_NODE_ASSIGNMENT",
        "PENDING_OBJ_STORE_MEM_AVAIL",
        "PENDING_ARGS_FETCH",
        "GETTING_AND_PINNING_ARGS",
        "SUBMITTED_TO_WORKER",
        "PENDING_ACTOR_TASK_ARGS_FETCH",
        "PENDING_ACTOR_TASK_ORDERING_OR_CONCURRENCY",
    ),
    "running": ("RUNNING", "RUNNING_IN_RAY_GET", "RUNNING_IN_RAY_WAIT"),
    "finished": ("FINISHED",),
    "failed": ("FAILED",),
}
_KNOWN_STATUSES = frozenset(TaskStatus.keys())
_STATE_OF = {
    TaskStatus.Value(status): state
    for state, statuses in _STATES.items()
    for status in statuses
    if status in _KNOWN_STATUSES
}


@dataclass
class ObservedTask:
    """A Ray task as last seen. `root` is the task of a client that it descends from, maybe itself."""

    id: str
    root: Task
    parent: str | None
    name: str
    resources: dict[str, float]
    attempt: int = 0
    state: str = ""
    since: float = 0.0
    process: Process | None = None
    node: str | None = None
    error: str | None = None
    children: list[str] = field(default_factory=list)

    @property
    def live(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in ("", "waiting", "pending", "running")


class TaskStates:
    """Asks for task states on demand and tells what has changed since, one call of `on_change` for each state."""

    def __init__(
        self,
        find_root: Callable[[str], Task | None],
        node_address: Callable[[str], str | None],
        on_change: Callable[[ObservedTask, str, float], None],
    ) -> None:
        context = ray.get_runtime_context()
        self._channel = create_gcs_channel(context.gcs_address, aio=True)
        self._stub = gcs_service_pb2_grpc.TaskInfoGcsServiceStub(self._channel)
        self._request = gcs_service_pb2.GetTaskEventsRequest(limit=LIMIT)
        job = self._request.filters.job_filters.add()
        job.job_id = bytes.fromhex(context.get_job_id())
        self._request.filters.exclude_driver = True
        self._find_root = find_root
        self._node_address = node_address
        self._on_change = on_change
        self._observed: dict[str, ObservedTask] = {}
        self._processes: dict[Process, ObservedTask] = {}

    async def look(self) -> None:
        """Ask once. Raises what gRPC raises when the service does not answer within 5 s."""
        reply = await self._stub.GetTaskEvents(self._request, timeout=5)
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
        elif not observed.live and event.attempt_number <= observed.attempt:
            return True
        self._update(observed, event)
        return True

    def _place(self, identity: str, info: Any) -> ObservedTask | None:
        root = self._find_root(identity)
        resources = dict(info.required_resources)
        if root is not None:
            return ObservedTask(identity, root, None, root.name, resources)
        parent = self._observed.get(info.parent_task_id.hex())
        if parent is None:
            return None
        parent.children.append(identity)
        parent_name = parent.root.id if parent.parent is None else parent.id
        name = info.name or info.func_or_class_name
        return ObservedTask(identity, parent.root, parent_name, name, resources)

    def _update(self, observed: ObservedTask, event: Any) -> None:
        update = event.state_updates
        if event.attempt_number > observed.attempt:
            observed.attempt, observed.state = event.attempt_number, ""
        if update.HasField("node_id"):
            observed.node = update.node_id.hex()
        if update.HasField("worker_pid") and observed.node is not None:
            observed.process = (self._node_address(observed.node) or "", str(update.worker_pid))
            self._processes[observed.process] = observed
        times: dict[str, int] = {}
        for status, at in update.state_ts_ns.items():
            state = _STATE_OF.get(status)
            if state is not None:
                times[state] = min(at, times.get(state, at))
        seen = _ORDER.index(observed.state) if observed.state in _ORDER else -1
        for state in _ORDER[seen + 1 :]:
            if state not in times:
                continue
            if state == "failed":
                observed.error = update.error_info.error_message or ErrorType.Name(
                    update.error_info.error_type
                )
                if update.error_info.error_type == ErrorType.Value("TASK_CANCELLED"):
                    state = "cancelled"
            observed.state, observed.since = state, time.time()
            self._on_change(observed, state, times["failed" if state == "cancelled" else state] / 1e6)

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
        await self._channel.close()
