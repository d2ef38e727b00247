"""The runtime environment that a script's Ray job is started with: the script's own, in the run's environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHOOSE_PYTHON = ("py_executable", "pip", "uv", "conda", "container", "image_uri")
"""The fields of a runtime environment that decide which packages its workers have."""


def job_runtime_env(options: Mapping[str, Any], of_run: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What to pass to `ray.init` as `runtime_env`, given its options; None where nothing is asked for.

    What the script says wins over what the run has. Of environment variables and modules both count, one by one; a
    script that chooses its workers' packages itself gets those alone.
    """
    given = options.get("runtime_env")
    if given is None and options.get("job_config") is not None:
        given = options["job_config"].runtime_env
    if not of_run:
        return given or None
    merged = dict(given or {})
    chooses = any(merged.get(name) for name in CHOOSE_PYTHON)
    for name, value in of_run.items():
        if name == "env_vars":
            merged[name] = {**value, **(merged.get(name) or {})}
        elif name == "py_modules":
            merged[name] = [*(merged.get(name) or []), *value]
        elif not (chooses and name in CHOOSE_PYTHON):
            merged.setdefault(name, value)
    return merged
