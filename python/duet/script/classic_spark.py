"""A classic Spark driver in the script's own process."""

from __future__ import annotations

from types import ModuleType


def wire(module: ModuleType) -> None:
    """Wires `pyspark.core.context`, as soon as it has been imported."""
