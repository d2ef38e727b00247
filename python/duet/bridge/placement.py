"""Whether any node of a cluster could ever run a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def unplaceable(request: Mapping[str, float], nodes: Iterable[Mapping[str, Any]]) -> str | None:
    """Why no node can ever hold `request` (resource name to amount), or None where one can.

    `nodes` have `resources`, their totals. What other tasks hold at the moment does not count.
    """
    totals = [node["resources"] for node in nodes]
    if any(all(total.get(name, 0) >= amount for name, amount in request.items()) for total in totals):
        return None
    wanted = ", ".join(f"{amount:g} {name}" for name, amount in sorted(request.items()))
    if not totals:
        return f"it needs {wanted}, and the cluster has no living node."
    largest = {name: max(total.get(name, 0) for total in totals) for name in request}
    short = {name: most for name, most in largest.items() if most < request[name]}
    if short:
        most = ", ".join(f"{amount:g} {name}" for name, amount in sorted(short.items()))
        return f"it needs {wanted}, and the most that a node has is {most}."
    return f"it needs {wanted}, and no single node has all of that."
