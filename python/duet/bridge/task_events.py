"""What Ray's control service (GCS) tells of the tasks of a job: read from anywhere, a Ray driver or not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ray._private.gcs_utils import create_gcs_channel
from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc
from ray.core.generated.common_pb2 import ErrorType, TaskStatus

LIMIT = 10_000
PATIENCE = 5

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


@dataclass(kw_only=True)
class TaskProgress:
    """How far a task was when last seen."""

    id: str
    name: str
    resources: dict[str, float]
    attempt: int = 0
    state: str = ""
    since: float = 0.0
    node: str | None = None
    error: str | None = None
    executed: float | None = None
    """When its worker was done with it: told by the worker, where its driver was gone before it could say so."""

    @property
    def live(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in ("", "waiting", "pending", "running")

    def is_news(self, event: Any) -> bool:
        """Whether an event may say more of the task: nothing follows an end but another attempt."""
        if event.attempt_number == self.attempt:
            return self.live
        return bool(event.attempt_number > self.attempt)

    def advance(self, event: Any) -> Iterator[tuple[str, float]]:
        """Take an event in; gives each state that is new, with its time in milliseconds since 1970."""
        update = event.state_updates
        if event.attempt_number > self.attempt:
            self.attempt, self.state = event.attempt_number, ""
        if update.HasField("node_id"):
            self.node = update.node_id.hex()
        self.executed = _executed(event)
        times: dict[str, int] = {}
        for status, at in update.state_ts_ns.items():
            state = _STATE_OF.get(status)
            if state is not None:
                times[state] = min(at, times.get(state, at))
        seen = _ORDER.index(self.state) if self.state in _ORDER else -1
        for state in _ORDER[seen + 1 :]:
            if state not in times:
                continue
            at = times[state] / 1e6
            if state == "failed":
                failure = update.error_info
                if self.executed is not None and failure.error_type == ErrorType.Value("WORKER_DIED"):
                    # Ray ended the worker with its driver, when the task had ended.
                    self.state, self.since = "finished", time.time()
                    yield "finished", self.executed
                    continue
                self.error = failure.error_message or ErrorType.Name(failure.error_type)
                if failure.error_type == ErrorType.Value("TASK_CANCELLED"):
                    state = "cancelled"
            self.state, self.since = state, time.time()
            yield state, at


def _executed(event: Any) -> float | None:
    """When the worker had run the task and stored what it returned, in milliseconds since 1970."""
    for profiled in event.profile_events.events:
        # It stands for a task that returned; one that was cut short ends the others as well.
        if profiled.event_name == "task:store_outputs":
            return float(profiled.end_time / 1e6)
    return None


class TaskEvents:
    """A connection to the control service at `host:port`, with the token that the environment names for Ray."""

    def __init__(self, gcs_address: str) -> None:
        self.channel = create_gcs_channel(gcs_address, aio=True)
        self._stub = gcs_service_pb2_grpc.TaskInfoGcsServiceStub(self.channel)

    async def of_job(self, job: str) -> Any:
        """The tasks of a job, by its id in hexadecimal, as a `GetTaskEventsReply`.

        Raises what gRPC raises when the service does not answer within 5 s.
        """
        request = gcs_service_pb2.GetTaskEventsRequest(limit=LIMIT)
        request.filters.job_filters.add().job_id = bytes.fromhex(job)
        request.filters.exclude_driver = True
        return await self._stub.GetTaskEvents(request, timeout=PATIENCE)

    async def close(self) -> None:
        """Close the connection."""
        await self.channel.close()
