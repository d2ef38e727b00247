"""What a submitted function can know about the task that it runs as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class TaskContext:
    """The task submitted through the bridge (`root`), its run, and the label that its events carry."""

    root: str
    run: str
    label: str | None = None


_current: TaskContext | None = None


def current() -> TaskContext:
    """The context of the task that this worker process runs; RuntimeError outside of one."""
    if _current is None:
        raise RuntimeError("No task of Duet runs in this process.")
    return _current


@contextmanager
def entered(context: TaskContext) -> Iterator[None]:
    """Make `context` the current one for the body. A Ray worker process runs one task at a time."""
    global _current
    before, _current = _current, context
    try:
        yield
    finally:
        _current = before
