"""Sees a Spark Connect session's operations on their way to the server and back, and tells Duet of them.

`spark_interceptor` calls it: `ExecutePlan` begins an operation, its stream (or the one of `ReattachExecute`) brings
rows, progress and errors, `ReleaseExecute` ends what ended no other way.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from typing import Any

from duet.script import channel, spark_titles
from duet.script.spark_titles import Title

PLANNING_SECONDS = 2.5
"""How long an interrupt waits for the job of an operation that Apache Spark still plans."""

SECONDS = 1.5
"""How long a server may take to answer an interrupt. Sail does not answer while user code keeps its threads."""


class Operation:
    """One execution on the server: what is known of it until its end is told."""

    def __init__(self, identifier: str, title: Title | None, request: Any) -> None:
        self.identifier = identifier
        self.title = title
        self.tags = frozenset(request.tags)
        self.returns_rows = (
            request.plan.WhichOneof("op_type") == "root" and title is not None and title.kind != "show"
        )
        self.rows = 0
        self.progress: Any = None
        self.error: str | None = None
        self.interrupts = 0
        """Interrupts that the server has not answered yet."""
        self.aimed_at = False
        """Whether an interrupt has meant it, even where the server did not list it as stopped."""
        self.interrupted = False
        self.ended = False
        self.has_job = False
        """Whether stages or rows have shown."""
        self.last_response = ""
        """The id of the last response that has arrived."""


class Operations:
    """The operations of one session."""

    def __init__(self, engine: str) -> None:
        self.stub: Any = None
        """The service's stub, to interrupt by; set as soon as the channel is there."""
        self.closing = False
        """The script has ended: the threads that it left wait for results see no more of them."""
        self.unreachable = False
        """The server did not answer an interrupt: Duet goes on trying, the script does not."""
        self._engine = engine
        self._changed = threading.Condition()
        self._running: dict[str, Operation] = {}
        self._interrupts: list[tuple[Any, list[Operation]]] = []
        """Interrupts on their way, and what each may stop: also an operation that begins in the meantime."""
        self._template: Any = None
        self._metadata: Any = None

    def begin(self, request: Any, metadata: Any) -> Operation:
        """An execution is sent, or sent again because the server had not heard of it."""
        request.operation_id = request.operation_id or str(uuid.uuid4())
        with self._changed:
            operation = self._running.get(request.operation_id)
            if operation is not None:
                return operation
            operation = Operation(request.operation_id, spark_titles.title_of(request), request)
            self._running[request.operation_id] = operation
            for interrupt, aimed in self._interrupts:
                if _is_aimed_at(interrupt, operation):
                    _aim(aimed, operation)
            self._template, self._metadata = request, metadata
        if operation.title is not None:
            site = operation.title.site
            channel.send(
                {
                    "type": "operation-started",
                    "operation": operation.identifier,
                    "kind": operation.title.kind,
                    "title": operation.title.text,
                    **({"file": site.file, "line": site.line} if site is not None else {}),
                }
            )
        return operation

    def running(self, identifier: str) -> Operation | None:
        """The operation, while it has not ended."""
        return self._running.get(identifier)

    def progress(self, operation: Operation, progress: Any) -> None:
        """The server's account of the stages that run."""
        if operation.title is None or progress == operation.progress or not progress.stages:
            return
        operation.progress = progress
        channel.send(
            {
                "type": "operation-progress",
                "operation": operation.identifier,
                "stages": [
                    {
                        "id": stage.stage_id,
                        "tasks": stage.num_tasks,
                        "completed": stage.num_completed_tasks,
                        "bytesRead": stage.input_bytes_read,
                    }
                    for stage in progress.stages
                ],
                "runningTasks": progress.num_inflight_tasks,
            }
        )

    def end(self, operation: Operation) -> None:
        """Tells the end, once: what is known of the operation by now is what became of it."""
        with self._changed:
            if operation.ended:
                return
            operation.ended = True
            self._running.pop(operation.identifier, None)
        if operation.title is None:
            return
        outcome = "cancelled" if operation.interrupted else "failed" if operation.error else "succeeded"
        channel.send(
            {
                "type": "operation-finished",
                "operation": operation.identifier,
                "outcome": outcome,
                **({"rows": operation.rows} if operation.returns_rows and outcome == "succeeded" else {}),
                **({"error": operation.error} if outcome == "failed" else {}),
            }
        )

    def released(self, identifier: str) -> None:
        """The client has done with it. If it has not ended, it was given up, and runs on unless interrupted."""
        operation = self._running.get(identifier)
        if operation is None:
            return
        if operation.error is None and not operation.interrupted:
            operation.interrupted = True
            self._await_job(operation)
            self._interrupt(identifier)
        self.end(operation)

    def interrupt(self, continuation: Any, details: Any, request: Any) -> Any:
        """The script interrupts operations of its session, or PySpark does so after Ctrl-C: then it is bounded."""
        aimed: list[Operation] = []
        interrupt = (request, aimed)
        with self._changed:
            self._interrupts.append(interrupt)
            for operation in self._running.values():
                if _is_aimed_at(request, operation):
                    _aim(aimed, operation)
        is_ctrl_c = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        if is_ctrl_c:
            for operation in aimed:
                self._await_job(operation)
        call = continuation(details._replace(timeout=SECONDS) if is_ctrl_c else details, request)
        answered = call.code() is None or call.code().name == "OK"
        stopped = set(call.result().interrupted_ids) if answered else set()
        with self._changed:
            self._interrupts.remove(interrupt)
            for operation in aimed:
                operation.interrupts -= 1
                operation.interrupted |= operation.identifier in stopped or is_ctrl_c
            self._changed.notify_all()
        if is_ctrl_c:
            self.unreachable |= not answered
            for operation in aimed:
                self.end(operation)
        return call

    def interrupt_all(self) -> None:
        """Interrupts whatever still runs, when the script ends."""
        deadline = time.monotonic() + PLANNING_SECONDS
        while self._engine == "apache" and time.monotonic() < deadline:
            if all(operation.has_job for operation in self._running.values()):
                break
            time.sleep(0.05)
        self.closing = True
        for operation in list(self._running.values()):
            self._interrupt(operation.identifier)
            self.end(operation)

    def is_cut(self, operation: Operation, forgotten: bool = False) -> bool:
        """Whether an end is an interrupt's: Sail ends the stream as if it were complete, or has forgotten it.

        `forgotten` says that Sail knows no such operation: one that was only being set up when it was interrupted is
        not among those that Sail lists as stopped.
        """
        if self._engine != "sail":
            return False
        with self._changed:
            self._changed.wait_for(lambda: operation.interrupts == 0, SECONDS)
            operation.interrupted |= forgotten and operation.aimed_at
            return operation.interrupted

    def _await_job(self, operation: Operation) -> None:
        """Waits until Apache Spark has planned the operation, whose stream nobody reads any more.

        An interrupt before that ends the operation, but not the job that is being made of it: it starts all the same,
        and nothing stops it any more.
        """
        if self._engine != "apache" or operation.has_job:
            return
        import grpc
        from pyspark.sql.connect.proto import base_pb2 as messages

        request = messages.ReattachExecuteRequest(
            session_id=self._template.session_id,
            user_context=self._template.user_context,
            client_type=self._template.client_type,
            operation_id=operation.identifier,
        )
        if operation.last_response:
            request.last_response_id = operation.last_response
        deadline = time.monotonic() + PLANNING_SECONDS
        while not operation.has_job and (left := deadline - time.monotonic()) > 0:
            try:
                stream = self.stub.ReattachExecute(request, metadata=self._metadata, timeout=left)
                for _ in stream:
                    if operation.has_job:
                        break
                stream.cancel()
            except grpc.RpcError:
                # Not known to the server yet, or no longer.
                time.sleep(0.1)

    def _interrupt(self, identifier: str) -> None:
        import grpc
        from pyspark.sql.connect.proto import base_pb2 as messages

        request = messages.InterruptRequest(
            session_id=self._template.session_id,
            user_context=self._template.user_context,
            client_type=self._template.client_type,
            interrupt_type=messages.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID,
            operation_id=identifier,
        )
        try:
            self.stub.Interrupt(request, metadata=self._metadata, timeout=SECONDS)
        except (grpc.RpcError, ValueError):
            # Busy, or gone, or its channel closed: Duet interrupts whatever is left of the run.
            self.unreachable = True


def _aim(aimed: list[Operation], operation: Operation) -> None:
    operation.interrupts += 1
    operation.aimed_at = True
    aimed.append(operation)


def _is_aimed_at(interrupt: Any, operation: Operation) -> bool:
    if interrupt.operation_id:
        return operation.identifier == interrupt.operation_id
    return not interrupt.operation_tag or interrupt.operation_tag in operation.tags
