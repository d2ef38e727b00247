"""Sees a Spark Connect session's operations on their way to the server and back, and tells Duet of them.

A gRPC interceptor, which PySpark's channel builder takes: `ExecutePlan` begins an operation, its stream (or the one
of `ReattachExecute`) brings rows, progress and errors, `ReleaseExecute` ends what ended no other way.
"""

from __future__ import annotations

import sys
import threading
import uuid
from typing import Any

from duet.script import channel, spark_titles
from duet.script.spark_titles import Title

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
        self.interrupted = False
        self.ended = False


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
        self._template: Any = None
        self._metadata: Any = None

    def interceptor(self) -> Any:
        """What PySpark's channel builder is given."""
        import grpc

        operations = self

        class OperationInterceptor(grpc.UnaryStreamClientInterceptor, grpc.UnaryUnaryClientInterceptor):
            """Passes every call on as it is."""

            def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
                method = details.method.rpartition("/")[2]
                if method == "ExecutePlan":
                    operation = operations.begin(request, details.metadata)
                elif method == "ReattachExecute":
                    operation = operations.running(request.operation_id)
                else:
                    operation = None
                stream = continuation(details, request)
                return stream if operation is None else _Responses(stream, operations, operation)

            def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
                method = details.method.rpartition("/")[2]
                if method == "Interrupt":
                    return operations.interrupt(continuation, details, request)
                if method == "ReleaseExecute" and request.HasField("release_all"):
                    operations.released(request.operation_id)
                    if operations.unreachable:
                        return _Answer("ReleaseExecuteResponse", request)
                return continuation(details, request)

        return OperationInterceptor()

    def begin(self, request: Any, metadata: Any) -> Operation:
        """An execution is sent, or sent again because the server had not heard of it."""
        request.operation_id = request.operation_id or str(uuid.uuid4())
        with self._changed:
            operation = self._running.get(request.operation_id)
            if operation is not None:
                return operation
            operation = Operation(request.operation_id, spark_titles.title_of(request), request)
            self._running[request.operation_id] = operation
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
            self._interrupt(identifier)
        self.end(operation)

    def interrupt(self, continuation: Any, details: Any, request: Any) -> Any:
        """The script interrupts operations of its session, or PySpark does so after Ctrl-C.

        PySpark would wait for as long as the server is busy: after Ctrl-C an answer that does not come is an empty one.
        """
        with self._changed:
            aimed = [operation for operation in self._running.values() if _is_aimed_at(request, operation)]
            for operation in aimed:
                operation.interrupts += 1
        is_ctrl_c = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        call = continuation(details._replace(timeout=SECONDS) if is_ctrl_c else details, request)
        answered = call.code() is None or call.code().name == "OK"
        stopped = set(call.result().interrupted_ids) if answered else set()
        with self._changed:
            for operation in aimed:
                operation.interrupts -= 1
                operation.interrupted |= operation.identifier in stopped or is_ctrl_c
            self._changed.notify_all()
        if not is_ctrl_c:
            return call
        for operation in aimed:
            self.end(operation)
        self.unreachable |= not answered
        return call if answered else _Answer("InterruptResponse", request)

    def interrupt_all(self) -> None:
        """Interrupts whatever still runs, when the script ends."""
        self.closing = True
        for operation in list(self._running.values()):
            self._interrupt(operation.identifier)
            self.end(operation)

    def is_cut(self, operation: Operation) -> bool:
        """Whether an end is an interrupt's: Sail ends the stream as if it were complete, or has forgotten it."""
        if self._engine != "sail":
            return False
        with self._changed:
            self._changed.wait_for(lambda: operation.interrupts == 0, SECONDS)
            return operation.interrupted

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


def _is_aimed_at(interrupt: Any, operation: Operation) -> bool:
    if interrupt.operation_id:
        return operation.identifier == interrupt.operation_id
    return not interrupt.operation_tag or interrupt.operation_tag in operation.tags


class _Responses:
    """The stream of an operation's responses, looked at as it passes."""

    def __init__(self, stream: Any, operations: Operations, operation: Operation) -> None:
        self._stream = stream
        self._operations = operations
        self._operation = operation

    def __iter__(self) -> _Responses:
        return self

    def __next__(self) -> Any:
        import grpc

        operation = self._operation
        try:
            response = next(self._stream)
        except StopIteration:
            self._stop_if_closing()
            if self._operations.is_cut(operation):
                raise self._cut() from None
            raise
        except grpc.RpcError as error:
            self._stop_if_closing()
            if self._operations.is_cut(operation):
                raise self._cut() from None
            operation.error = _first_line(error)
            operation.interrupted |= "OPERATION_CANCELED" in operation.error
            raise
        self._stop_if_closing()
        if response.HasField("execution_progress"):
            self._operations.progress(operation, response.execution_progress)
        if response.HasField("arrow_batch") and response.arrow_batch.chunk_index == 0:
            operation.rows += response.arrow_batch.row_count
        if response.HasField("result_complete"):
            if self._operations.is_cut(operation):
                raise self._cut()
            self._operations.end(operation)
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _stop_if_closing(self) -> None:
        """Keeps a daemon thread from an error that only the script's end, and its interrupt, brought about."""
        if self._operations.closing and threading.current_thread() is not threading.main_thread():
            threading.Event().wait()

    def _cut(self) -> Exception:
        from pyspark.errors.exceptions.connect import SparkConnectException

        return SparkConnectException(
            "[OPERATION_CANCELED] The operation was interrupted: its rows are not complete."
        )


class _Answer:
    """Stands for an answer that the server did not give: nothing is in it."""

    def __init__(self, name: str, request: Any) -> None:
        self._name = name
        self._session = request.session_id

    def result(self) -> Any:
        from pyspark.sql.connect.proto import base_pb2 as messages

        return getattr(messages, self._name)(session_id=self._session)


def _first_line(error: Any) -> str:
    details = error.details() if hasattr(error, "details") else None
    return next(
        (line.strip() for line in (details or str(error)).splitlines() if line.strip()), "unknown error"
    )
