"""What the parts of one bridge share: tasks, output, task states, listeners, the cluster."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import ray

from duet import functions
from duet.bridge.connection import Connection
from duet.bridge.environment_change import EnvironmentChange
from duet.bridge.failures import BridgeError
from duet.bridge.job_watch import JobWatch
from duet.bridge.logs import LogRouter, Process
from duet.bridge.nodes import kill_process_on, living_nodes
from duet.bridge.placement import unplaceable
from duet.bridge.remote_functions import RemoteFunctions
from duet.bridge.task_states import ObservedTask, TaskStates
from duet.bridge.tasks import Task, Tasks

LOOK_INTERVAL = 0.3
REPORT_DELAY = 0.15
OUTPUT_PATIENCE = 3.0
CRASH_OUTPUT_PATIENCE = 0.4
DISCONNECT_GRACE = 5.0
UNPLACEABLE_AFTER = 5.0
ORPHAN_ROUNDS = 5
NODES_MAX_AGE = 2.0
# More than Ray's processes wait between two reports of their tasks: 0.1 s here, a second by default.
EMBEDDED_SETTLE = 0.4
CLUSTER_SETTLE = 1.3


class BridgeState:
    """The heart of the bridge; everything here runs on one event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, token_path: Path | None, *, ends_with_run: bool
    ) -> None:
        self.loop = loop
        self._token_path = token_path
        self._ends_with_run = ends_with_run
        self._watches: dict[str, JobWatch] = {}
        self.tasks = Tasks(RemoteFunctions(), loop)
        self.tasks.on_submit = self._submitted
        self.listeners: dict[str, set[Connection]] = {}
        self.connections: set[Connection] = set()
        self.states = TaskStates(self.tasks.by_ray_task.get, self._node_address, self._state_changed)
        self.output = LogRouter(self._find_task, self._locate, self._printed, self._system_line)
        self._settling: dict[str, set[asyncio.Task[None]]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._wake_looker = asyncio.Event()
        self._nodes: list[dict[str, Any]] = []
        self._nodes_time = 0.0
        self._end_waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._spawn(self._keep_looking())

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def cluster(self) -> dict[str, Any]:
        """Versions and nodes, for a client that connects."""
        return {
            "rayVersion": ray.__version__,
            "pythonVersion": platform.python_version(),
            "gcsAddress": ray.get_runtime_context().gcs_address,
            **({} if self._token_path is None else {"tokenPath": str(self._token_path)}),
            "nodes": await self.nodes(),
        }

    async def nodes(self) -> list[dict[str, Any]]:
        """The living nodes with their total resources, fresh."""
        self._nodes = await asyncio.to_thread(living_nodes)
        self._nodes_time = time.monotonic()
        return self._nodes

    def _node_address(self, node: str) -> str | None:
        return next((known["address"] for known in self._nodes if known["id"] == node), None)

    # Tasks

    def _submitted(self, task: Task) -> None:
        if task.run.id in self.listeners:
            waits = task.has_dependencies
            self._task_event(task, "waiting" if waits else "pending", task.submitted)
        self._wake_looker.set()

    def ended_event(self, task: Task) -> None:
        """Tell the listeners that a task has ended, once its last output and its children's states are through."""
        for waiter in self._end_waiters.pop(task.id, ()):
            if not waiter.done():
                waiter.set_result(None)
        if task.run.id not in self.listeners:
            return
        settling = self._settling.setdefault(task.run.id, set())
        work = self._spawn(self._settle(task))
        settling.add(work)
        work.add_done_callback(settling.discard)

    async def _settle(self, task: Task) -> None:
        await self.output_arrived(task)
        if task.ray_task and time.time() - (task.ended or 0) < REPORT_DELAY:
            await asyncio.sleep(REPORT_DELAY)
        if task.ray_task:
            await self._look()
        message = task.error["message"] if task.error is not None else None
        self._task_event(task, task.state, task.ended or time.time(), message)

    async def output_arrived(self, task: Task) -> None:
        """Wait until what the task has printed has been passed on: 3 s at most."""
        if task.lines > 0:
            await self.output.arrived(task.id, task.lines, OUTPUT_PATIENCE)
        elif task.error is not None and task.ray_task and task.run.id in self.listeners:
            # Nobody counted the lines of a process that died.
            await asyncio.sleep(CRASH_OUTPUT_PATIENCE)

    async def ended(self, task: Task) -> None:
        """Wait for a task's end; BridgeError when it failed."""
        if task.ended is None:
            waiter: asyncio.Future[None] = self.loop.create_future()
            self._end_waiters.setdefault(task.id, []).append(waiter)
            await waiter
        if task.error is not None:
            raise BridgeError(task.error["code"], task.error["message"])

    async def put_json(self, run: str, value: Any) -> str:
        """Put a JSON value into Ray and give its id."""
        return self.tasks.store(run, await asyncio.to_thread(ray.put, value), "json").id

    async def get_json(self, identity: str) -> Any:
        """The JSON value of an object or of a task, which is awaited."""
        stored = self.tasks.find(identity)
        if isinstance(stored, Task):
            await self.ended(stored)
            if stored.kind in ("json", "table"):
                return json.loads(stored.body)
        elif stored.kind == "json":
            return await asyncio.to_thread(ray.get, stored.value)
        raise BridgeError("not-json", f"The object {identity} holds no JSON value.")

    def watch_job(self, run: str, job: str) -> None:
        """Tell the run's listeners of the tasks of another driver's Ray job until the job or the run ends."""
        watch = self._watches.get(run)
        if watch is None:
            watch = self._watches[run] = JobWatch(
                ray.get_runtime_context().gcs_address,
                functools.partial(self._send, run),
                settle=EMBEDDED_SETTLE if self._token_path is not None else CLUSTER_SETTLE,
                ends_with_run=self._ends_with_run,
            )
        watch.watch(job)

    def environment_changed(self, job: str, change: EnvironmentChange) -> None:
        """Tell those who watch the job of an environment that is built for its tasks."""
        for watch in self._watches.values():
            watch.environment_changed(job, change)

    @property
    def is_watching(self) -> bool:
        """Whether other drivers' jobs are watched."""
        return any(watch.is_watching for watch in self._watches.values())

    async def end_run(self, run_id: str) -> None:
        """Cancel what still runs of a run, wait for its end and the last events, drop its objects and functions."""
        watch = self._watches.pop(run_id, None)
        if watch is not None:
            await watch.end()
        await functions.end_run(run_id)
        run = self.tasks.runs.get(run_id)
        if run is None:
            return
        await self.tasks.stop_run(run)
        settling = self._settling.pop(run_id, None)
        if settling:
            await asyncio.wait(settling)
        await self._end_orphans(run_id)
        for task in run.objects:
            self.output.forget(task)
        self.tasks.drop_run(run)
        self.states.forget(run_id)

    async def _end_orphans(self, run_id: str) -> None:
        """End tasks of the run that outlive the task that started them.

        Nobody here holds their refs, so their processes are killed, and with them those that would have them retried.
        """
        for _ in range(ORPHAN_ROUNDS):
            if not self.states.live_nested(run_id):
                return
            await asyncio.sleep(REPORT_DELAY)
            await self._look()
            orphans = self.states.live_nested(run_id)
            processes = [self.states.idle_owner(orphan) for orphan in orphans]
            processes += [(orphan.node, orphan.process) for orphan in orphans]
            places = {(node, process[1]) for node, process in filter(None, processes) if node and process}
            await asyncio.gather(
                *(asyncio.to_thread(kill_process_on, node, int(pid)) for node, pid in places)
            )
            for orphan in orphans:
                if orphan.process is not None:
                    self.states.end(orphan, "cancelled")

    # Listeners and events

    def listen(self, run: str, connection: Connection) -> None:
        """Send a run's events to a connection from now on."""
        self.listeners.setdefault(run, set()).add(connection)
        self._wake_looker.set()

    def unlisten(self, run: str, connection: Connection) -> None:
        """Send them no more."""
        connections = self.listeners.get(run, set())
        connections.discard(connection)
        if not connections:
            self.listeners.pop(run, None)

    def connected(self, connection: Connection) -> None:
        """A client has come."""
        self.connections.add(connection)

    def disconnected(self, connection: Connection) -> None:
        """A client has gone: its runs end after a grace of 5 s."""
        self.connections.discard(connection)
        for run in list(connection.listening):
            self.unlisten(run, connection)
        for run in connection.runs:
            self._spawn(self._end_abandoned(run))

    async def _end_abandoned(self, run: str) -> None:
        await asyncio.sleep(DISCONNECT_GRACE)
        if not any(run in connection.runs for connection in self.connections):
            await self.end_run(run)

    def _send(self, run: str, event: dict[str, Any]) -> None:
        for connection in self.listeners.get(run, ()):
            connection.send({"type": "event", "run": run, "event": event})

    def _task_event(self, task: Task, state: str, at: float, error: str | None = None, **more: Any) -> None:
        event = {
            "type": "task",
            "root": task.id,
            "task": task.id,
            "name": task.name,
            "state": state,
            "resources": task.resources,
            "time": round(at * 1000),
            **more,
        }
        if task.label is not None:
            event["label"] = task.label
        if error is not None:
            event["error"] = error
        self._send(task.run.id, event)

    def _state_changed(self, observed: ObservedTask, state: str, at: float) -> None:
        root = observed.root
        node = {} if observed.node is None else {"node": observed.node}
        if observed.parent is None:
            if state == "running" and root.ended is None:
                self._task_event(root, state, at / 1000, None, **node)
            return
        event = {
            "type": "task",
            "root": root.id,
            "task": observed.id,
            "parent": observed.parent,
            "name": observed.name,
            "state": state,
            "resources": observed.resources,
            "time": round(at),
            **node,
        }
        if root.label is not None:
            event["label"] = root.label
        if observed.error is not None:
            event["error"] = observed.error
        self._send(root.run.id, event)

    # Output

    def _find_task(self, identity: str) -> Task | None:
        found = self.tasks.objects.get(identity)
        return found if isinstance(found, Task) else None

    def _locate(self, process: Process) -> tuple[Task, str | None] | None:
        observed = self.states.at(process)
        if observed is None:
            return None
        return observed.root, observed.id if observed.parent is not None else None

    def _printed(self, task: Task | None, ray_task: str | None, stream: str, text: str) -> None:
        event: dict[str, Any] = {
            "type": "log",
            "stream": stream,
            "text": text,
            "time": round(time.time() * 1000),
        }
        if task is None:
            if len(self.listeners) == 1:
                self._send(next(iter(self.listeners)), event)
            else:
                self._system_line(text)
            return
        event["root"] = task.id
        event["task"] = ray_task or task.id
        if task.label is not None:
            event["label"] = task.label
        self._send(task.run.id, event)

    def _system_line(self, text: str) -> None:
        if text:
            print(text, file=sys.stderr, flush=True)

    # Looking at Ray

    async def _look(self) -> None:
        try:
            await self.states.look()
        except Exception as error:
            reason = error.details() if isinstance(error, grpc.RpcError) else error
            print(f"Ray's task states could not be read: {reason}", file=sys.stderr, flush=True)
        self.output.attribute_held()

    @property
    def is_busy(self) -> bool:
        """Whether a task runs, its end is being told, or output waits to be attributed."""
        if self.output.is_awaited or any(run.live for run in list(self.tasks.runs.values())):
            return True
        return any(list(self._settling.values()))

    async def _keep_looking(self) -> None:
        while True:
            await self._wake_looker.wait()
            if not self.is_busy:
                self._wake_looker.clear()
                continue
            began = time.monotonic()
            if self.listeners:
                await self._look()
            with contextlib.suppress(Exception):
                await self._check_placement()
            # A long list of tasks is not worth more than a tenth of the bridge's time.
            await asyncio.sleep(max(LOOK_INTERVAL, 10 * (time.monotonic() - began)))

    async def _check_placement(self) -> None:
        """End tasks that no node can ever run, after 5 s."""
        now = time.time()
        waiting: list[tuple[Task, str, dict[str, float]]] = []
        for run in self.tasks.runs.values():
            waiting += [
                (task, task.name, task.resources)
                for task in run.live.values()
                if now - task.submitted > UNPLACEABLE_AFTER
            ]
        for observed in self.states.live():
            if (
                observed.state == "pending"
                and observed.root.ended is None
                and now - observed.since > UNPLACEABLE_AFTER
            ):
                waiting.append((observed.root, observed.name, observed.resources))
        waiting = [entry for entry in waiting if entry[0].verdict is None]
        if not any(unplaceable(resources, self._nodes) for _, _, resources in waiting):
            return
        if time.monotonic() - self._nodes_time > NODES_MAX_AGE:
            await self.nodes()
        for task, name, resources in waiting:
            reason = unplaceable(resources, self._nodes)
            if reason is not None:
                self.tasks.condemn(
                    task, BridgeError("task-unschedulable", f"The task {name!r} cannot be placed: {reason}")
                )

    async def announce_loss(self, message: str) -> None:
        """Tell all clients that Ray is gone."""
        for connection in self.connections:
            connection.send({"type": "lost", "message": message})
        await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Stop the work in the background."""
        for task in list(self._background):
            task.cancel()
        for watch in self._watches.values():
            await watch.end(patience=0)
        await self.states.close()
