"""Which Spark this process works with: the one that it was given, or else the one that Duet starts when asked."""

from __future__ import annotations

import functools

from duet.errors import DuetError
from duet.script import channel
from duet.script import context as script_context
from duet.script.context import SparkEngine


@functools.cache
def spark_engine() -> SparkEngine:
    """The run's Spark. Waits for its start; raises `DuetError` where it cannot be had."""
    known = script_context.context()
    if known is not None and known.spark is not None:
        return known.spark
    engine = script_context.spark_engine(channel.need("spark"))
    if engine.kind == "classic":
        raise DuetError(
            "classic-spark-too-late",
            "This run needs a classic Spark driver, which has to be known before the script starts.\n"
            "Run it with: duet run --spark classic script.py",
        )
    return engine


def is_classic() -> bool:
    """Whether the script builds its Spark driver in its own process: known from the start, or not so."""
    known = script_context.context()
    return known is not None and known.spark is not None and known.spark.kind == "classic"
