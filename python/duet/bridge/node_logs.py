"""Where worker output comes from: the embedded node's own files, or the log stream of a cluster."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from duet.bridge.environment_change import EnvironmentChange, read_change

# Seconds between two looks at the files while nothing is printed, and between two looks for new files.
BUSY_PAUSE = 0.04
IDLE_PAUSE = 0.3
NEW_FILES_INTERVAL = 0.1
# Seconds after another driver's worker has printed in which it may well print again.
OTHERS_BUSY = 10.0


def read_node_logs(
    receive: Callable[[dict[str, Any]], None],
    environment_changed: Callable[[str, EnvironmentChange], None],
    is_busy: Callable[[], bool],
) -> Callable[[], None]:
    """Call `receive`, on a thread, with what Ray's log monitor finds in the log files of this process's own node.

    The monitor runs here and hands its batches over directly: no process of its own, no way through Ray's control
    service. What workers of other drivers print, it publishes there as a log monitor of Ray's does, and their drivers
    print it. `environment_changed` gets what the runtime env agent says of the environments that it builds for a job.
    While `is_busy` says no and no other driver's worker has printed for a while, it looks less often. Gives the
    function that ends it.
    """
    from ray._private import log_monitor
    from ray._private.worker import global_worker

    log_monitor.RAY_RUNTIME_ENV_LOG_TO_DRIVER_ENABLED = 1
    # Ray's own knows no job ids with letters.
    log_monitor.RUNTIME_ENV_SETUP_PATTERN = re.compile(r".*/runtime_env_setup-([0-9a-f]+)\.log")
    own_job = global_worker.current_job_id.hex()
    control_service = global_worker.gcs_client
    published_at = 0.0

    class Receiver:
        def publish_logs(self, batch: dict[str, Any]) -> None:
            nonlocal published_at
            job = batch["job"]
            if batch["pid"] == "runtime_env":
                for change in filter(None, map(read_change, batch["lines"])):
                    environment_changed(job, change)
                return
            if job != own_job:
                control_service.publish_logs(batch)
            if job and job != own_job:
                published_at = time.monotonic()
            else:
                receive(batch)

    node = global_worker.node
    monitor = log_monitor.LogMonitor(
        node.node_ip_address, node.get_logs_dir_path(), Receiver(), log_monitor.is_proc_alive
    )
    stop = threading.Event()

    def run() -> None:
        looked_for_files = 0.0
        while not stop.is_set():
            try:
                if time.monotonic() - looked_for_files > NEW_FILES_INTERVAL:
                    looked_for_files = time.monotonic()
                    monitor.update_log_filenames()
                monitor.open_closed_files()
                published = monitor.check_log_files_and_publish_updates()
            except Exception as error:
                print(f"The output of Ray's workers could not be read: {error}", file=sys.stderr, flush=True)
                published = False
            if not published:
                busy = is_busy() or time.monotonic() - published_at < OTHERS_BUSY
                stop.wait(BUSY_PAUSE if busy else IDLE_PAUSE)

    thread = threading.Thread(target=run, name="node-logs", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(1)

    return end


def follow_cluster_logs(receive: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
    """Call `receive`, on a thread of Ray's, with the batches that the log monitors of a cluster's nodes publish.

    Gives the function that ends it.
    """
    from ray._private.worker import global_worker_stdstream_dispatcher

    # Ray would print them.
    with contextlib.suppress(ValueError):
        global_worker_stdstream_dispatcher.remove_handler("ray_print_logs")
    global_worker_stdstream_dispatcher.add_handler("duet", receive)
    return lambda: global_worker_stdstream_dispatcher.remove_handler("duet")
