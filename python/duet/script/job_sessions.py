"""Ends the Spark sessions of a script that was killed and could not do so itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from duet.script.context import SparkEngine
from duet.script.spark_channel import channel_builder

SECONDS = 2.0
"""How long a server may take over one call."""


def release_sessions(sessions: Iterable[dict[str, Any]], engine: SparkEngine) -> None:
    """Interrupt and release sessions, each a `spark-session` message. What a server does not do in time stays."""
    import grpc
    from pyspark.sql.connect.proto import base_pb2 as messages
    from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

    for session in sessions:
        builder = channel_builder(replace(engine, url=session["url"]))
        user = messages.UserContext(user_id=session["userId"])
        identity = session["sessionId"]
        interrupt = messages.InterruptRequest(
            session_id=identity,
            user_context=user,
            interrupt_type=messages.InterruptRequest.InterruptType.INTERRUPT_TYPE_ALL,
        )
        release = messages.ReleaseSessionRequest(session_id=identity, user_context=user)
        with builder.toChannel() as channel, contextlib.suppress(grpc.RpcError):
            stub = SparkConnectServiceStub(channel)
            stub.Interrupt(interrupt, metadata=builder.metadata(), timeout=SECONDS)
            stub.ReleaseSession(release, metadata=builder.metadata(), timeout=SECONDS)
