"""Runs a submitted function inside a Ray worker. The bridge never does: users' code stays out of it.

Each task returns two objects: its value, for other tasks, and a small envelope of bytes for the client:
`<kind> <number of marked lines>\\n<JSON>`, kind being `json`, `table`, `object` or `failed`.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from duet.errors import DuetError
from duet.failure import describe_failure
from duet.log_marker import OutputBudget, marked_output
from duet.ray_hooks import prepare_worker
from duet.task_context import TaskContext, entered
from duet.user_source import UserSource, remember


@dataclass(frozen=True)
class TaskFailed:
    """What stands in Ray for the value of a task whose function raised: tasks that depend on it fail too."""

    name: str
    failure: dict[str, Any]


# Functions that this worker has made ready, by their hash.
_functions: dict[str, Callable[..., Any]] = {}


def execute(
    identity: str, reference: dict[str, Any], call: bytes, references: tuple[Any, ...]
) -> tuple[Any, bytes]:
    """Run the function that `reference` describes; `call` is JSON `{task, run, label?, args, kwargs?, refs?}`.

    `refs` lists, for each of `references`, the position or keyword that it stands at.
    """
    request = json.loads(call)
    arguments, keywords = request["args"], request.get("kwargs") or {}
    budget = OutputBudget()
    try:
        for place, value in zip(request.get("refs") or (), references, strict=True):
            if isinstance(value, TaskFailed):
                raise _dependency_failed(value)
            if isinstance(place, int):
                arguments[place] = value
            else:
                keywords[place] = value
        context = TaskContext(request["task"], request["run"], request.get("label"))
        with entered(context), marked_output(context.root, budget=budget):
            try:
                function = _function(identity, reference)
                value = function(*arguments, **keywords)
                if inspect.iscoroutine(value):
                    value = asyncio.run(value)
            finally:
                _flush_logging()
        kind, body = _describe(value)
    except KeyboardInterrupt:
        # Ray cancels a task this way and reports it itself.
        raise
    except BaseException as error:
        failure = describe_failure(error)
        return TaskFailed(reference["name"], failure), _envelope("failed", budget.lines, json.dumps(failure))
    return value, _envelope(kind, budget.lines, body)


def _envelope(kind: str, lines: int, body: str) -> bytes:
    return f"{kind} {lines}\n{body}".encode()


def _function(identity: str, reference: dict[str, Any]) -> Callable[..., Any]:
    known = _functions.get(identity)
    if known is not None:
        return known
    prepare_worker()
    name = reference["name"]
    namespace = _load_source(reference) if "source" in reference else _import(reference["module"])
    value: Any = namespace
    for part in name.split("."):
        value = getattr(value, part, None)
    # A function that the user decorated for Ray is meant to be called here as it was written.
    value = getattr(value, "_function", value) if type(value).__name__ == "RemoteFunction" else value
    if not callable(value):
        place = reference.get("module") or reference.get("file") or "the source"
        raise DuetError("function-missing", f"{place} has no function {name!r}.")
    _functions[identity] = value
    return value


def _import(module: str) -> ModuleType:
    return importlib.import_module(module)


def _load_source(reference: dict[str, Any]) -> ModuleType:
    source = UserSource.from_json({"name": reference["name"], **reference})
    remember([source])
    # Not in sys.modules: what cannot be imported elsewhere is pickled by value into nested tasks.
    module = ModuleType("duet_task")
    exec(source.compile(), module.__dict__)
    return module


def _describe(value: Any) -> tuple[str, str]:
    described = _describe_table(value)
    if described is not None:
        return "table", json.dumps(described)
    try:
        return "json", json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return "json", json.dumps(_plain(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        kind = type(value)
        return "object", json.dumps({"type": f"{kind.__module__}.{kind.__qualname__}"})


def _describe_table(value: Any) -> dict[str, Any] | None:
    arrow = sys.modules.get("pyarrow")
    if arrow is None or not isinstance(value, (arrow.Table, arrow.RecordBatch)):
        return None
    return {"rows": value.num_rows, "bytes": value.nbytes, "columns": value.schema.names}


def _plain(value: Any) -> Any:
    """NumPy's scalars as Python's own, numbers that JSON lacks (NaN, infinities) as null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return _plain(value.item())
    return value


def _dependency_failed(value: TaskFailed) -> DuetError:
    message = value.failure.get("message", "")
    return DuetError(
        "dependency-failed", f"The task {value.name!r} that this one depends on has failed: {message}"
    )


def _flush_logging() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
