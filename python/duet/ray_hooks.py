"""What a worker's Ray does differently while it runs users' code."""

from __future__ import annotations

import functools
import logging
from types import CodeType
from typing import Any

from duet.user_source import reduce_code


def prepare_worker() -> None:
    """Set this worker process up for users' code, once.

    `ray.init()` and `ray.shutdown()` do nothing in it: the process is connected already, and must stay so.
    Functions that Ray pickles take the text of their source along, for tracebacks in other workers.
    """
    import ray
    from ray.cloudpickle.cloudpickle import Pickler

    if getattr(ray.init, "duet", False):
        return
    plain_reduce = Pickler.dispatch_table[CodeType]
    Pickler.dispatch_table[CodeType] = functools.partial(_reduce, plain_reduce)
    ray.init = _already_connected(ray.init)
    ray.shutdown = _stays_connected(ray.shutdown)


def _reduce(plain_reduce: Any, code: CodeType) -> tuple[Any, ...]:
    return reduce_code(code, plain_reduce)


def _already_connected(original: Any) -> Any:
    @functools.wraps(original)
    def init(*arguments: Any, **options: Any) -> Any:
        import ray

        if not ray.is_initialized():
            return original(*arguments, **options)
        log = logging.getLogger("ray._private.worker")
        level = log.level
        log.setLevel(logging.WARNING)
        try:
            return original(ignore_reinit_error=True)
        finally:
            log.setLevel(level)

    init.duet = True  # type: ignore[attr-defined]
    return init


def _stays_connected(original: Any) -> Any:
    @functools.wraps(original)
    def shutdown(*arguments: Any, **options: Any) -> None:
        return None

    return shutdown
