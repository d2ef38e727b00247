"""What Ray reports about a task that did not end well, as an error for people with a stable code."""

from __future__ import annotations

import io
import json
import pickle
import re
from typing import Any

import ray
from ray import exceptions

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

# The first kind that fits decides.
_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (exceptions.TaskCancelledError, "task-cancelled"),
    (exceptions.OutOfMemoryError, "out-of-memory"),
    (exceptions.WorkerCrashedError, "worker-crashed"),
    (exceptions.NodeDiedError, "node-lost"),
    (exceptions.LocalRayletDiedError, "ray-lost"),
    (exceptions.RuntimeEnvSetupError, "environment-failed"),
    (exceptions.TaskUnschedulableError, "task-unschedulable"),
    (exceptions.OutOfDiskError, "disk-full"),
    (exceptions.ObjectStoreFullError, "object-store-full"),
    (exceptions.ObjectLostError, "object-lost"),
)

_WORDS = {
    "task-cancelled": "The task was cancelled.",
    "worker-crashed": "The worker process that ran the task died.",
    "out-of-memory": "The task was ended because its node ran out of memory.",
    "node-lost": "The node that ran the task died.",
    "ray-lost": "Ray's node process (raylet) died.",
    "environment-failed": "The Python environment of the task could not be set up.",
    "task-unschedulable": "No node can run the task.",
    "disk-full": "Ray's disk is full.",
    "object-store-full": "Ray's object store is full.",
    "object-lost": "An object that the task needs is lost.",
}


class BridgeError(Exception):
    """An error that goes to the client as it stands."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def to_json(self) -> dict[str, Any]:
        """`{code, message, details?}`."""
        described: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            described["details"] = self.details
        return described


def describe_ray_error(error: BaseException) -> dict[str, Any]:
    """`{code, message, rayType, traceback?}` for an exception that Ray gives in place of a task's result."""
    words = _ESCAPES.sub("", str(error)).strip()
    if isinstance(error, exceptions.RayTaskError) and isinstance(error.cause, exceptions.RayError):
        error = error.cause
    described: dict[str, Any] = {"rayType": type(error).__name__}
    for kind, code in _CODES:
        if isinstance(error, kind):
            described["code"] = code
            described["message"] = f"{_WORDS[code]} {words}".strip()
            return described
    lines = [line for line in words.splitlines() if line.strip()]
    described["code"] = "task-failed"
    described["message"] = lines[-1].strip() if lines else type(error).__name__
    described["traceback"] = words
    return described


def describe_user_error(body: str) -> dict[str, Any]:
    """The same for an exception that the task's function raised, from the JSON of `duet.failure`."""
    failure = json.loads(body)
    code = "task-failed" if failure["code"] == "python-error" else failure["code"]
    details = {name: failure[name] for name in ("file", "line") if name in failure} | failure.get(
        "details", {}
    )
    described = {
        "code": code,
        "message": failure["message"],
        "rayType": failure["type"],
        "traceback": failure["traceback"],
    }
    if details:
        described["details"] = details
    return described


class _RayErrorsOnly(pickle.Unpickler):
    """Unpickles Ray's own exceptions and nothing of users': their code does not run in the bridge."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "ray.exceptions" or (module == "builtins" and name.endswith(("Error", "Exception"))):
            return super().find_class(module, name)
        if module in ("ray._raylet", "ray.includes.unique_ids") and name.endswith("ID"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not one of Ray's exceptions")


def keep_user_exceptions_out() -> None:
    """Make this process read the exceptions of tasks without unpickling users' classes."""

    def from_ray_exception(message: Any) -> BaseException:
        try:
            error = _RayErrorsOnly(io.BytesIO(message.serialized_exception)).load()
        except Exception:
            return exceptions.UnserializableException(message.formatted_exception_string)
        return error if isinstance(error, BaseException) else exceptions.RaySystemError(str(error))

    ray.exceptions.RayError.from_ray_exception = staticmethod(from_ray_exception)
