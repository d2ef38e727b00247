"""Wires Ray: `ray.init()`, however it is called, connects to the profile's Ray.

`ray.init` is replaced when Ray has been imported; Ray's own automatic start (the first `.remote()` without an
`init`) and its libraries call it too. The script's arguments that make sense there are kept, the others are left
aside and told once. In a process that is connected already, a Ray worker above all, a further call does nothing.
"""

from __future__ import annotations

import functools
import json
import logging
import os
from types import ModuleType
from typing import Any

from duet.script import channel, ray_private
from duet.script.context import VARIABLE, RayEngine, context, ray_engine
from duet.script.ray_runtime_env import job_runtime_env

METADATA = "duet_script"
"""The metadata of the script's Ray jobs under which their workers find the text of `DUET_SCRIPT`."""

_LEFT_ASIDE = frozenset(
    (
        "num_cpus",
        "num_gpus",
        "resources",
        "labels",
        "object_store_memory",
        "local_mode",
        "allow_multiple",
        "include_dashboard",
        "dashboard_host",
        "dashboard_port",
        "enable_resource_isolation",
        "cgroup_path",
        "system_reserved_cpu",
        "system_reserved_memory",
        "proxy_server_url",
        "object_spilling_directory",
        "_enable_object_reconstruction",
        "_plasma_directory",
        "_node_ip_address",
        "_driver_object_store_memory",
        "_memory",
        "_redis_username",
        "_redis_password",
        "_temp_dir",
        "_metrics_export_port",
        "_system_config",
        "_tracing_startup_hook",
        "_node_name",
    )
)
# What sets the size of the embedded Ray.
_SIZES = {"num_cpus": "--cpus", "num_gpus": "--gpus", "resources": "--resources"}

# Of the embedded Ray, for the script's own process; what the user has set stays. As in `duet.bridge.embedded_ray`.
_SETTINGS = {
    "RAY_task_events_report_interval_ms": "100",
    "RAY_task_oom_retries": "2",
}
_LIBRARY_SETTINGS = {
    "RAY_DATA_USE_DATASOURCE_V2": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
}


def wire(ray: ModuleType) -> None:
    """Replaces `ray.init` and `ray.shutdown`; called when `ray` has been imported. A second time does nothing."""
    if getattr(ray.init, "wired", False):
        return
    known = context()
    if known is not None and (known.ray is None or known.ray.embedded):
        for name, value in _LIBRARY_SETTINGS.items():
            os.environ.setdefault(name, value)
    ray.init = _wired_init(ray, ray.init)
    ray.shutdown = _wired_shutdown(ray.shutdown)


def _wired_init(ray: ModuleType, original: Any) -> Any:
    @functools.wraps(original)
    def init(address: str | None = None, **options: Any) -> Any:
        if ray.is_initialized():
            return _init_again(original, options)
        if context() is None:
            return original(address, **options)
        engine = _engine()
        _prepare(engine)
        with ray_private.without_chatter():
            answer = original(engine.address, **_kept_options(ray, engine, options))
        channel.send({"type": "ray-job", "job": ray.get_runtime_context().get_job_id()})
        _tell_left_aside(ray, engine, address, options)
        return answer

    init.wired = True  # type: ignore[attr-defined]
    return init


def _wired_shutdown(original: Any) -> Any:
    @functools.wraps(original)
    def shutdown(*arguments: Any, **options: Any) -> None:
        # A worker is Ray's: it runs other tasks later.
        if not ray_private.is_worker():
            original(*arguments, **options)

    return shutdown


def _init_again(original: Any, options: dict[str, Any]) -> Any:
    told = _LEFT_ASIDE | {"job_config", "namespace", "runtime_env"}
    asked = sorted(name for name in options if name in told and options[name])
    if asked and context() is not None and not ray_private.is_worker():
        channel.note(
            f"ray.init was called again: {' and '.join(asked)} left aside, the first call's connection goes on"
        )
    log = logging.getLogger("ray")
    with ray_private.without_chatter():
        # What the first call set up of Ray's own log stays.
        return original(
            ignore_reinit_error=True, configure_logging=bool(log.handlers), logging_level=log.level
        )


_asked: RayEngine | None = None


def _engine() -> RayEngine:
    """The run's Ray, from the context or from Duet, which may have to start it."""
    global _asked
    known = context()
    if known is not None and known.ray is not None:
        return known.ray
    if _asked is None:
        _asked = ray_engine(channel.need("ray"))
    return _asked


def _tell_left_aside(
    ray: ModuleType, engine: RayEngine, address: str | None, options: dict[str, Any]
) -> None:
    named = sorted(name for name in options if name in _LEFT_ASIDE and options[name])
    if not _SIZES.keys().isdisjoint(named):
        there = ray.cluster_resources()
        named = [name for name in named if not _is_there(name, options[name], there)]
    if address not in (None, "auto", engine.address):
        named.insert(0, "address")
    if not named:
        return
    flags = [_SIZES[name] for name in named if engine.embedded and name in _SIZES]
    size = f", whose size {' and '.join(f'`{flag}`' for flag in flags)} would set" if flags else ""
    channel.note(f"ray.init: {', '.join(named)} left aside; the script runs on the profile's Ray{size}")


def _is_there(name: str, asked: Any, there: dict[str, float]) -> bool:
    """Whether the run's Ray has the very size that the script asks for."""
    wanted = {"num_cpus": {"CPU": asked}, "num_gpus": {"GPU": asked}, "resources": asked}.get(name)
    return wanted is not None and all(there.get(resource) == amount for resource, amount in wanted.items())


def _prepare(engine: RayEngine) -> None:
    """Sets this process up for the run's Ray: its variables, which are for child processes too."""
    os.environ["RAY_ADDRESS"] = engine.address
    if engine.token_path is not None:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN_PATH"] = engine.token_path
    if engine.embedded:
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
    if engine.address.startswith(("127.0.0.1:", "localhost:", "[::1]:")):
        ray_private.stay_on_loopback()
    ray_private.reread_settings()


def _runtime_env_of_run(engine: RayEngine) -> dict[str, Any] | None:
    """The run's runtime environment; where that brings the wiring to a cluster's workers, with the context for it."""
    of_run = engine.runtime_env
    if engine.embedded or not of_run or "py_modules" not in of_run:
        return of_run
    # The channel is for processes on this machine.
    record = {name: value for name, value in json.loads(os.environ[VARIABLE]).items() if name != "socket"}
    return {**of_run, "env_vars": {VARIABLE: json.dumps(record), **(of_run.get("env_vars") or {})}}


def _kept_options(ray: ModuleType, engine: RayEngine, options: dict[str, Any]) -> dict[str, Any]:
    # What Ray does not know is for Ray to refuse.
    kept = {name: value for name, value in options.items() if name not in _LEFT_ASIDE}
    kept["runtime_env"] = job_runtime_env(options, _runtime_env_of_run(engine))
    if engine.embedded:
        config = options.get("job_config") or ray.job_config.JobConfig()
        config.set_metadata(METADATA, os.environ[VARIABLE])
        kept["job_config"] = config
    return kept
