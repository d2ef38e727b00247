"""Tells Duet of a classic driver's actions: what they are, how far their jobs are, how they end.

Spark's own status tracker knows the jobs by a tag that an action gives to those of its thread; a thread asks it twice
a second, while an action runs.
"""

from __future__ import annotations

import threading
import time
import uuid
from types import TracebackType
from typing import Any, ClassVar

from duet.script import channel, spark_titles
from duet.script.call_site import CallSite, call_site

POLL_SECONDS = 0.5

_inside = threading.local()


def is_inside() -> bool:
    """Whether this thread runs an action already, or is not to tell of any."""
    return getattr(_inside, "operation", None) is not None or spark_titles.is_hidden()


class Action:
    """An action while it runs: a context manager around its call.

    A `lazy` one runs a job only at times, as a reader that infers a schema does: it is told once it has one.
    """

    def __init__(self, kind: str, text: str, *, lazy: bool) -> None:
        from pyspark.core.context import SparkContext

        site = call_site()
        self.identifier = f"classic-{uuid.uuid4()}"
        self.result: Any = None
        self._kind, self._text, self._site = kind, text, site
        self._began = time.time_ns() // 1_000_000
        self._told = False
        self._progress: Any = None
        self._lock = threading.Lock()
        self._context = SparkContext._active_spark_context
        if not lazy:
            self._tell_start()

    def __enter__(self) -> Action:
        _inside.operation = self
        if self._context is not None:
            self._context.addJobTag(self.identifier)
            _Poller.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _inside.operation = None
        _Poller.leave(self)
        if self._context is None or self._context._jsc is None:
            # Made by the action, or stopped in it.
            self._tell_end(error)
            return
        try:
            if isinstance(error, KeyboardInterrupt):
                self._context.cancelJobsWithTag(self.identifier)
            self.poll()
            self._context.removeJobTag(self.identifier)
        finally:
            self._tell_end(error)

    def poll(self) -> None:
        """Tells how far the action's jobs are."""
        tracker = self._context._jsc.sc().statusTracker()
        jobs = sorted(tracker.getJobIdsForTag(self.identifier))
        if not jobs:
            return
        self._tell_start()
        python_tracker = self._context.statusTracker()
        stages = {
            stage: None
            for job in jobs
            if (known := python_tracker.getJobInfo(job))
            for stage in known.stageIds
        }
        infos = {stage: info for stage in stages if (info := python_tracker.getStageInfo(stage)) is not None}
        progress = {
            "stages": [
                {"id": stage, "tasks": info.numTasks, "completed": info.numCompletedTasks, "bytesRead": 0}
                for stage, info in infos.items()
            ],
            "runningTasks": sum(info.numActiveTasks for info in infos.values()),
        }
        if infos and progress != self._progress:
            self._progress = progress
            channel.send({"type": "operation-progress", "operation": self.identifier, **progress})

    def _tell_start(self) -> None:
        with self._lock:
            if self._told:
                return
            self._told = True
        channel.send(
            {
                "type": "operation-started",
                "time": self._began,
                "operation": self.identifier,
                "kind": self._kind,
                "title": _title(self._text, self._site),
                **({"file": self._site.file, "line": self._site.line} if self._site is not None else {}),
            }
        )

    def _tell_end(self, error: BaseException | None) -> None:
        if not self._told:
            return
        rows = _rows(self.result)
        text = "" if error is None else _first_line(error)
        cancelled = isinstance(error, KeyboardInterrupt) or "cancelled" in text or "CANCELLED" in text
        outcome = "succeeded" if error is None else "cancelled" if cancelled else "failed"
        channel.send(
            {
                "type": "operation-finished",
                "operation": self.identifier,
                "outcome": outcome,
                **({"rows": rows} if outcome == "succeeded" and rows is not None else {}),
                **({"error": text} if outcome == "failed" else {}),
            }
        )


class _Poller:
    """One thread for all actions that run; it sleeps while there is none."""

    _changed: ClassVar = threading.Condition()
    _running: ClassVar[list[Action]] = []
    _thread: ClassVar[threading.Thread | None] = None

    @classmethod
    def watch(cls, action: Action) -> None:
        with cls._changed:
            cls._running.append(action)
            cls._changed.notify()
            if cls._thread is None:
                cls._thread = threading.Thread(target=cls._poll, name="duet-spark-jobs", daemon=True)
                cls._thread.start()

    @classmethod
    def leave(cls, action: Action) -> None:
        with cls._changed:
            if action in cls._running:
                cls._running.remove(action)

    @classmethod
    def _poll(cls) -> None:
        while True:
            with cls._changed:
                cls._changed.wait_for(lambda: cls._running)
            time.sleep(POLL_SECONDS)
            with cls._changed:
                running = list(cls._running)
            for action in running:
                try:
                    action.poll()
                except Exception:
                    # The driver is being stopped: the action itself tells how it ends.
                    cls.leave(action)


def _title(text: str, site: CallSite | None) -> str:
    return f"{text} · {site.place}" if site is not None else text


def _rows(result: Any) -> int | None:
    """How many rows came to the script, where the action brought any."""
    for count in (lambda: result.num_rows, lambda: result.shape[0]):
        try:
            return int(count())
        except (AttributeError, TypeError, IndexError):
            continue
    return len(result) if isinstance(result, list) else None


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
