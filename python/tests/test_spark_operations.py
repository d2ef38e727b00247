"""The order in which an interrupt and an operation pass each other, which no real server shows on demand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
from pyspark.sql.connect.proto import base_pb2 as messages

from duet.script.spark_operations import Operations


def test_an_interrupt_on_its_way_also_means_an_operation_that_begins_meanwhile() -> None:
    operations = Operations("sail")

    def overtaken(_details: Any, request: Any) -> Any:
        operations.begin(messages.ExecutePlanRequest(operation_id="late"), ())
        answer = messages.InterruptResponse(session_id=request.session_id, interrupted_ids=["late"])
        return SimpleNamespace(code=lambda: grpc.StatusCode.OK, result=lambda: answer)

    request = messages.InterruptRequest(interrupt_type=messages.InterruptRequest.INTERRUPT_TYPE_ALL)
    operations.interrupt(overtaken, SimpleNamespace(), request)
    late = operations.running("late")
    assert late is not None
    assert operations.is_cut(late, forgotten=True), "Sail has forgotten it because of the interrupt"


def test_an_operation_that_begins_after_an_interrupt_is_not_meant() -> None:
    operations = Operations("sail")
    answer = SimpleNamespace(code=lambda: grpc.StatusCode.OK, result=messages.InterruptResponse)
    request = messages.InterruptRequest(interrupt_type=messages.InterruptRequest.INTERRUPT_TYPE_ALL)
    operations.interrupt(lambda _details, _request: answer, SimpleNamespace(), request)
    later = operations.begin(messages.ExecutePlanRequest(operation_id="later"), ())
    assert not operations.is_cut(later, forgotten=True)
