"""What Duet told this process about the run: the JSON text in `DUET_SCRIPT`."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, field
from typing import Any, Literal

VARIABLE = "DUET_SCRIPT"
"""The environment variable that carries the context to the script's process and its children."""


@dataclass(frozen=True)
class SparkEngine:
    """The profile's Spark: a Spark Connect server, or (`classic`) a master to build a classic session on."""

    kind: Literal["sail", "apache", "classic"]
    url: str | None = None
    token: str | None = None
    authorities: str | None = None
    master: str | None = None
    conf: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RayEngine:
    """The profile's Ray: where its control service listens, and what its jobs are started with."""

    address: str
    token_path: str | None = None
    runtime_env: dict[str, Any] | None = None
    embedded: bool = False


@dataclass(frozen=True)
class ScriptContext:
    """The run that this process belongs to. An engine that is None is asked for when it is needed."""

    run: str
    directory: str
    """The run's folder in the lake, which Spark, Ray and the script reach; Duet removes it afterwards."""
    script: str | None = None
    socket: str | None = None
    spark: SparkEngine | None = None
    ray: RayEngine | None = None
    switch_bytes: int = 4 << 20
    """Hand-over to Ray: up to here as Arrow, above as files."""
    plan_bytes: int = 256 << 10
    """Hand-back to Spark: up to here in the plan, above as files."""


@functools.cache
def context() -> ScriptContext | None:
    """The run's context, or None outside of Duet. Raises `ValueError` where the text is not what Duet writes."""
    text = os.environ.get(VARIABLE)
    return parse_context(text) if text else None


def parse_context(text: str) -> ScriptContext:
    """Reads the JSON text of `DUET_SCRIPT`."""
    record = json.loads(text)
    return ScriptContext(
        run=record["run"],
        directory=record["directory"],
        script=record.get("script"),
        socket=record.get("socket"),
        spark=spark_engine(record["spark"]) if record.get("spark") else None,
        ray=ray_engine(record["ray"]) if record.get("ray") else None,
        switch_bytes=record.get("switchBytes", ScriptContext.switch_bytes),
        plan_bytes=record.get("planBytes", ScriptContext.plan_bytes),
    )


def spark_engine(record: dict[str, Any]) -> SparkEngine:
    """Reads the `spark` object of the context or of the channel's `engine` message."""
    if record["kind"] not in ("sail", "apache", "classic"):
        raise ValueError(f"unknown kind of Spark: {record['kind']!r}")
    return SparkEngine(
        kind=record["kind"],
        url=record.get("url"),
        token=record.get("token"),
        authorities=record.get("authorities"),
        master=record.get("master"),
        conf=dict(record.get("conf") or {}),
    )


def ray_engine(record: dict[str, Any]) -> RayEngine:
    """Reads the `ray` object of the context or of the channel's `engine` message."""
    return RayEngine(
        address=record["address"],
        token_path=record.get("tokenPath"),
        runtime_env=record.get("runtimeEnv"),
        embedded=bool(record.get("embedded", False)),
    )
