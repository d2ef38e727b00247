"""Functions that clients have sent, as Ray remote functions: exported once, with a handle for each set of options."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ray


def _runner(identity: str, reference: dict[str, Any]) -> Callable[..., Any]:
    """The function that Ray ships: it holds the source as text and compiles it in the worker."""

    def run(call: bytes, *references: Any) -> Any:
        from duet.task_runner import execute

        return execute(identity, reference, call, references)

    # Ray shows the name in its own tools, and pickles functions of an unknown module by value.
    run.__name__ = run.__qualname__ = reference["name"]
    run.__module__ = "duet_functions"
    return run


def ray_options(options: dict[str, Any]) -> dict[str, Any]:
    """Translate a client's task options (`numCpus`, `memory`, …) into Ray's."""
    translated: dict[str, Any] = {}
    for name, ray_name in _OPTION_NAMES.items():
        if options.get(name) is not None:
            translated[ray_name] = options[name]
    return translated


_OPTION_NAMES = {
    "numCpus": "num_cpus",
    "numGpus": "num_gpus",
    "memory": "memory",
    "resources": "resources",
    "maxRetries": "max_retries",
    "runtimeEnvironment": "runtime_env",
}


def requested_resources(options: dict[str, Any]) -> dict[str, float]:
    """What a task with these options needs of a node, in Ray's resource names."""
    request = {
        "CPU": float(options.get("numCpus", 1)),
        "GPU": float(options.get("numGpus", 0)),
        "memory": float(options.get("memory", 0)),
    }
    request.update({name: float(amount) for name, amount in (options.get("resources") or {}).items()})
    return {name: amount for name, amount in request.items() if amount > 0}


class RemoteFunctions:
    """All functions of this bridge by identity (the client's hash of source, name and place)."""

    def __init__(self) -> None:
        self._functions: dict[str, Any] = {}
        self._handles: dict[tuple[str, str], Any] = {}

    def add(self, identity: str, reference: dict[str, Any]) -> None:
        """Make a function known; a second time is harmless."""
        if identity not in self._functions:
            self._functions[identity] = ray.remote(_runner(identity, reference))

    def handle(self, identity: str, options: dict[str, Any] | None) -> Any:
        """What to call `.remote` on. Raises ValueError or TypeError for options that Ray does not accept."""
        key = (identity, json.dumps(options, sort_keys=True) if options else "")
        handle = self._handles.get(key)
        if handle is None:
            function = self._functions[identity]
            handle = self._handles[key] = function.options(num_returns=2, **ray_options(options or {}))
        return handle
