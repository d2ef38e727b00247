"""Ends the driver's JVM with the script, so that none is left when the script has ended.

The JVM ends by itself when its standard input is closed, as it is however this process dies; that takes it a while,
in which it still writes to folders that Duet removes.
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess

SECONDS = 3.0
"""How long the JVM may take to end before it is killed."""


@functools.cache
def end_at_exit() -> None:
    """Registers the JVM's end, once."""
    process = os.getpid()

    def end() -> None:
        if os.getpid() == process:
            _end()

    atexit.register(end)


def _end() -> None:
    from pyspark.core.context import SparkContext

    gateway = SparkContext._gateway
    jvm: subprocess.Popen[bytes] | None = getattr(gateway, "proc", None)
    if jvm is None or jvm.stdin is None:
        return
    running = SparkContext._active_spark_context
    if running is not None:
        running.stop()
    jvm.stdin.close()
    try:
        jvm.wait(SECONDS)
    except subprocess.TimeoutExpired:
        jvm.kill()
        jvm.wait()
