"""Ray's private parts that the wiring needs, each in one place. Written against Ray 2.60."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_CHATTER = ("Using address ", "Connecting to existing Ray cluster", "Calling ray.init() again")


def stay_on_loopback() -> None:
    """Makes this process take 127.0.0.1 as its own address, as a Ray that listens there alone needs it.

    Otherwise Ray turns it into the machine's outward address. The variable is for this process's children.
    """
    from ray._private import ray_constants

    ray_constants.ENABLE_RAY_CLUSTER = False
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"


def reread_settings() -> None:
    """Makes Ray read its `RAY_…` variables again, which it does by itself only when it is imported."""
    from ray._raylet import AuthenticationTokenLoader, Config

    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def is_worker() -> bool:
    """Whether Ray has started this process to run tasks or an actor."""
    from ray._private.worker import WORKER_MODE, global_worker

    return global_worker.mode == WORKER_MODE


def before_first_task(callback: Callable[[], None]) -> None:
    """Calls `callback` in a worker once its job is known, before it loads the job's first function or class."""
    from ray._private.function_manager import FunctionActorManager

    names = ("get_execution_info", "load_actor_class")
    plain = {name: getattr(FunctionActorManager, name) for name in names}

    def first(name: str) -> Callable[..., Any]:
        def load(self: Any, *arguments: Any, **options: Any) -> Any:
            for restored, method in plain.items():
                setattr(FunctionActorManager, restored, method)
            callback()
            return plain[name](self, *arguments, **options)

        return load

    for name in names:
        setattr(FunctionActorManager, name, first(name))


def job_metadata() -> dict[str, str]:
    """What the driver of this process's job has put into its `JobConfig` as metadata."""
    from ray._private.worker import global_worker

    return dict(global_worker.core_worker.get_job_config().metadata)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Within it `ray.init()` does not log where it connects to, only that it has."""
    log = logging.getLogger("ray._private.worker")
    log.addFilter(_is_no_chatter)
    try:
        yield
    finally:
        log.removeFilter(_is_no_chatter)


def _is_no_chatter(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_CHATTER)
