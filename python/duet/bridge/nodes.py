"""The nodes of the cluster, and processes on them."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

import ray


def living_nodes() -> list[dict[str, Any]]:
    """The nodes that live, with their addresses and total resources."""
    return [
        {
            "id": node["NodeID"],
            "address": node["NodeManagerAddress"],
            "resources": {
                name: amount for name, amount in node["Resources"].items() if not name.startswith("node:")
            },
        }
        for node in ray.nodes()
        if node["Alive"]
    ]


def kill_process_on(node: str, pid: int) -> None:
    """Kill a process of a node: directly on the bridge's own, elsewhere by a task that runs there."""
    if node == ray.get_runtime_context().get_node_id():
        _kill_process(pid)
        return
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    where = NodeAffinitySchedulingStrategy(node, soft=False)
    kill = ray.remote(_kill_process).options(num_cpus=0, scheduling_strategy=where, max_retries=0)
    # The killer may have been given the very process that it was to kill.
    with contextlib.suppress(ray.exceptions.RayError):
        ray.get(kill.remote(pid), timeout=10)


def _kill_process(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
