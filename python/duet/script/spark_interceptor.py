"""The gRPC interceptor of a Spark Connect session: PySpark's channel builder takes it, and every call passes it."""

from __future__ import annotations

import threading
from typing import Any

import grpc

from duet.script.spark_operations import Operation, Operations


class OperationInterceptor(grpc.UnaryStreamClientInterceptor, grpc.UnaryUnaryClientInterceptor):
    """Shows the calls of executions to the session's operations, and passes them on as they are."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        """`ExecutePlan` and `ReattachExecute`."""
        method = _method(details)
        operation = None
        if method == "ExecutePlan":
            operation = self._operations.begin(request, details.metadata)
        elif method == "ReattachExecute":
            operation = self._operations.running(request.operation_id)
        stream = continuation(details, request)
        return stream if operation is None else _Responses(stream, self._operations, operation)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        """`Interrupt` and `ReleaseExecute`; nothing waits for a server that has not answered an interrupt."""
        method = _method(details)
        if method == "Interrupt":
            call = self._operations.interrupt(continuation, details, request)
            return _Answer("InterruptResponse", request) if self._operations.unreachable else call
        if method == "ReleaseExecute" and request.HasField("release_all"):
            self._operations.released(request.operation_id)
            if self._operations.unreachable:
                return _Answer("ReleaseExecuteResponse", request)
        return continuation(details, request)


class _Responses:
    """The stream of an operation's responses, looked at as it passes."""

    def __init__(self, stream: Any, operations: Operations, operation: Operation) -> None:
        self._stream = stream
        self._operations = operations
        self._operation = operation

    def __iter__(self) -> _Responses:
        return self

    def __next__(self) -> Any:
        try:
            response = next(self._stream)
        except StopIteration:
            self._stop_if_closing()
            self._raise_if_cut()
            raise
        except grpc.RpcError as error:
            self._stop_if_closing()
            message = _first_line(error)
            self._raise_if_cut(forgotten="operation not found" in message)
            self._operation.error = message
            self._operation.interrupted |= "OPERATION_CANCELED" in self._operation.error
            raise
        self._stop_if_closing()
        self._note(response)
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _note(self, response: Any) -> None:
        operation = self._operation
        operation.last_response = response.response_id
        if response.HasField("execution_progress"):
            operation.has_job |= bool(response.execution_progress.stages)
            self._operations.progress(operation, response.execution_progress)
        if response.HasField("arrow_batch"):
            operation.has_job = True
            if response.arrow_batch.chunk_index == 0:
                operation.rows += response.arrow_batch.row_count
        if response.HasField("result_complete"):
            self._raise_if_cut()
            self._operations.end(operation)

    def _stop_if_closing(self) -> None:
        """Keeps a daemon thread from an error that only the script's end, and its interrupt, brought about."""
        if self._operations.closing and threading.current_thread() is not threading.main_thread():
            threading.Event().wait()

    def _raise_if_cut(self, forgotten: bool = False) -> None:
        if not self._operations.is_cut(self._operation, forgotten):
            return
        from pyspark.errors.exceptions.connect import SparkConnectException

        message = "[OPERATION_CANCELED] The operation was interrupted: its rows are not complete."
        raise SparkConnectException(message) from None


class _Answer:
    """Stands for an answer that the server did not give: nothing is in it."""

    def __init__(self, name: str, request: Any) -> None:
        self._name = name
        self._session = request.session_id

    def result(self) -> Any:
        """The empty message."""
        from pyspark.sql.connect.proto import base_pb2 as messages

        return getattr(messages, self._name)(session_id=self._session)


def _method(details: Any) -> str:
    return str(details.method).rpartition("/")[2]


def _first_line(error: Any) -> str:
    details = error.details() if hasattr(error, "details") else None
    lines = (line.strip() for line in (details or str(error)).splitlines())
    return next((line for line in lines if line), "unknown error")
