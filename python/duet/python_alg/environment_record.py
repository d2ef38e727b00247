"""What a training ran on, for the record beside its model."""

from __future__ import annotations

import platform
import sys
from functools import lru_cache
from importlib import metadata
from typing import Any


@lru_cache(maxsize=1)
def environment_record() -> dict[str, Any]:
    """Python's version and executable, the machine, and every installed package with its version."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "packages": dict(
            sorted(
                (item.metadata["Name"], item.version)
                for item in metadata.distributions()
                if item.metadata["Name"]
            )
        ),
    }
