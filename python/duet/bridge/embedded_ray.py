"""A one-node Ray that lives and dies with this process."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Ray puts `session_<date>_<pid>/sockets/plasma_store` (64 characters) behind it; a socket's path may have 107.
LONGEST_DIRECTORY = 40
OBJECT_STORE_SHARE = 0.3
SMALLEST_SHARED_MEMORY = 256 * 1024 * 1024

# Ray reads these when it is imported or starts its processes; what the user has set stays.
_SETTINGS = {
    # Without it Ray ignores the node's address here and listens on all interfaces.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Every failure reaches the task's client; Ray need not print it as well.
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    # A task that is out of memory again and again would be retried for ever.
    "RAY_task_oom_retries": "2",
    # The other reader starts 32 actors for each read.
    "RAY_DATA_USE_DATASOURCE_V2": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    # Task states and output are to be seen as they happen.
    "RAY_task_events_report_interval_ms": "100",
    "RAY_task_events_max_num_task_in_gcs": "10000",
    "LOG_NAME_UPDATE_INTERVAL_S": "0.1",
    # Ordinary scripts may call `ray.init()` in their tasks.
    "RAY_preload_python_modules": "duet.script.ray_worker",
    # A raylet that is not ready at the first try is asked again after this time, not after a second.
    "RAY_raylet_client_connect_timeout_milliseconds": "50",
    "RAY_raylet_client_num_connect_attempts": "600",
}


@dataclass(frozen=True)
class EmbeddedOptions:
    """How large the one node is; None leaves it to Ray. `memory` is what tasks may reserve, in bytes."""

    num_cpus: int | None = None
    num_gpus: int | None = None
    memory: int | None = None
    resources: dict[str, float] = field(default_factory=dict)
    directory: Path | None = None


class EmbeddedRay:
    """The running one-node Ray. `close` ends it and removes its temporary files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.token_path = directory / "token"

    def close(self) -> None:
        """End Ray and remove its files; within 2 s."""
        import ray

        with contextlib.suppress(Exception):
            ray.shutdown()
        shutil.rmtree(self.directory, ignore_errors=True)


def prepare(options: EmbeddedOptions) -> EmbeddedRay:
    """Make the directory and the token, and set the environment. To be called before Ray is imported."""
    _remove_left_behind()
    directory = options.directory
    if directory is None or len(str(directory.absolute())) > LONGEST_DIRECTORY:
        directory = Path(tempfile.mkdtemp(prefix=f"duet-ray-{os.getpid()}-", dir=_short_temporary()))
    else:
        directory = directory.absolute()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    embedded = EmbeddedRay(directory)
    embedded.token_path.touch(mode=0o600)
    embedded.token_path.write_text(secrets.token_hex(32))
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(embedded.token_path)
    os.environ.pop("RAY_ADDRESS", None)
    return embedded


def _short_temporary() -> str:
    ordinary = tempfile.gettempdir()
    return ordinary if len(ordinary) <= LONGEST_DIRECTORY - len("/duet-ray-1234567-12345678") else "/tmp"


def _remove_left_behind() -> None:
    """Remove the directories of bridges that were killed."""
    for left in Path(_short_temporary()).glob("duet-ray-*-*"):
        owner = left.name.split("-")[2]
        if not owner.isdigit() or _runs(int(owner)) or left.stat().st_uid != os.getuid():
            continue
        shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def start(options: EmbeddedOptions, embedded: EmbeddedRay) -> None:
    """Start Ray in this process. Raises what Ray raises."""
    import ray

    _leave_out_what_nobody_uses()
    limits: dict[str, Any] = {}
    if options.memory is not None:
        limits["_memory"] = options.memory
    store = _object_store_memory()
    if store is not None:
        limits["object_store_memory"] = store
    ray.init(
        address="local",
        include_dashboard=False,
        num_cpus=options.num_cpus,
        num_gpus=options.num_gpus,
        resources=options.resources,
        logging_level="warning",
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=str(embedded.directory),
        **limits,
    )


def _object_store_memory() -> int | None:
    """30 % of the memory, where shared memory has room for it; None leaves a very small one to Ray."""
    import ray

    share = int(ray._private.utils.get_system_memory() * OBJECT_STORE_SHARE)
    try:
        room = shutil.disk_usage("/dev/shm").free
    except OSError:
        return share
    if room < SMALLEST_SHARED_MEMORY:
        return None
    return min(share, int(room * 0.9))


def _leave_out_what_nobody_uses() -> None:
    """Start neither dashboard nor its agent, autoscaler's monitor or log monitor: half of Ray's start-up, 350 MB.

    `ray.init` has no options for it. Ray treats the first and the third as absent when they do not start; the
    agent is replaced (`quiet_agent.py`), and `node_logs.py` does the log monitor's work. The runtime env agent, which
    stays, gets Duet's store (`environment_agent.py`).
    """
    from ray._private import node, ray_constants, services

    build_command = services._build_python_executable_command_memory_profileable

    def build(component: str, *arguments: Any, **options: Any) -> list[str]:
        if component == ray_constants.PROCESS_TYPE_DASHBOARD_AGENT:
            return [sys.executable, "-I", "-S", str(Path(__file__).parent / "quiet_agent.py")]
        command: list[str] = build_command(component, *arguments, **options)
        if component == ray_constants.PROCESS_TYPE_RUNTIME_ENV_AGENT:
            # By itself it tries for a minute to tell the dead about the death of its node.
            ends = [sys.executable, "-I", "-S", str(Path(__file__).parent / "ends_with_parent.py")]
            return [*ends, *command, str(Path(__file__).parent / "environment_agent.py")]
        return command

    services._build_python_executable_command_memory_profileable = build
    services.start_api_server = lambda *arguments, **options: (None, None)
    node.Node.start_monitor = lambda self: None
    node.Node.start_log_monitor = lambda self: None
