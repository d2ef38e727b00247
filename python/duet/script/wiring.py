"""What each Python process of a run does when it starts, and when it imports PySpark or Ray.

Everything else is imported when it is needed: a script that uses neither pays for this file, the hook and the watch.
"""

from __future__ import annotations

import os

from duet.script import tracebacks, watch
from duet.script.import_hook import when_all_imported, when_imported

TYPE_CHECKING = False  # as in `typing`, which takes 2 ms to import
if TYPE_CHECKING:
    from types import ModuleType


def start() -> None:
    """Watches Duet, keeps tracebacks clean, and registers the wiring."""
    socket = _socket_path(os.environ["DUET_SCRIPT"])
    if socket is not None:
        watch.watch(socket)
        os.register_at_fork(after_in_child=lambda: watch.after_fork(socket))
    tracebacks.install()
    register()


def register() -> None:
    """Registers what is wired when PySpark or Ray is imported."""
    when_imported("pyspark.sql.session", _wire_spark)
    when_imported("pyspark.sql.connect.session", _wire_spark_connect)
    when_imported("pyspark.core.context", _wire_spark_context)
    when_imported("ray", _wire_ray)
    when_all_imported(("pyspark.sql.session", "ray"), _wire_frames)


def _socket_path(context: str) -> str | None:
    """The socket in the text of `DUET_SCRIPT`. Parsing JSON would double the start of an empty script."""
    if '"socket"' not in context:
        return None
    _, found, rest = context.partition('"socket":"')
    path, ended, _ = rest.partition('"')
    if found and ended and "\\" not in path:
        return path
    import json

    return json.loads(context).get("socket")


def _wire_spark(module: ModuleType) -> None:
    from duet.script import spark_session

    spark_session.wire(module)


def _wire_spark_connect(module: ModuleType) -> None:
    from duet.script import spark_session

    spark_session.wire_connect(module)


def _wire_spark_context(module: ModuleType) -> None:
    from duet.script import classic_spark

    classic_spark.wire(module)


def _wire_ray(module: ModuleType) -> None:
    from duet.script import ray_session

    ray_session.wire(module)


def _wire_frames() -> None:
    from duet.script import frames

    frames.wire()
