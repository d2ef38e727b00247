"""Gives a Spark session back when the script ends: its operations interrupted, its place on the server freed."""

from __future__ import annotations

import atexit
import contextlib
import os
import weakref
from typing import Any

from duet.script.spark_operations import Operations

SECONDS = 1.5
"""How long a server may take over one call at the script's end; Duet looks after the rest."""


def release_at_exit(session: Any, connection: Any, operations: Operations) -> Any:
    """Registers the session's end; gives the service's stub, whose calls need no thread and no retries.

    It runs before PySpark's own handler, which would only clean the session's models.
    """
    from pyspark.sql.connect.proto import base_pb2 as messages
    from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

    stub = SparkConnectServiceStub(connection.channel)
    reference = weakref.ref(session)
    process = os.getpid()

    def release() -> None:
        live = reference()
        if live is None or live.is_stopped or os.getpid() != process:
            return
        import grpc

        try:
            operations.interrupt_all()
            if not operations.unreachable:
                request = messages.ReleaseSessionRequest(session_id=live.session_id)
                request.user_context.user_id = connection.userId
                # What the server does not answer in time is Duet's to release: it knows the session too.
                with contextlib.suppress(grpc.RpcError):
                    stub.ReleaseSession(request, metadata=connection.metadata(), timeout=SECONDS)
        finally:
            live.client.close()

    atexit.register(release)
    return stub
