"""Notices that the Ray behind the bridge is gone."""

from __future__ import annotations

import asyncio

from ray._private.worker import global_worker

CHECK_INTERVAL = 1.0
ANSWER_PATIENCE = 3
FAILURES = 2


async def watch_ray() -> str:
    """Return, in words, what is lost once Ray's processes have died or its control service answers no more.

    Takes 7 s at most for a service that hangs, 1 s for a process of the embedded Ray that has died.
    """
    failures = 0
    while True:
        await asyncio.sleep(CHECK_INTERVAL)
        dead = _dead_process()
        if dead is not None:
            return f"Ray is lost: its process {dead} has died."
        try:
            await asyncio.to_thread(_ask)
        except Exception as error:
            failures += 1
            if failures >= FAILURES:
                return f"Ray is lost: its control service (GCS) does not answer: {error}"
        else:
            failures = 0


def _dead_process() -> str | None:
    node = getattr(global_worker, "node", None)
    for name, processes in getattr(node, "all_processes", {}).items():
        if name in ("raylet", "gcs_server") and any(info.process.poll() is not None for info in processes):
            return str(name)
    return None


def _ask() -> None:
    global_worker.gcs_client.internal_kv_exists(b"duet", None, timeout=ANSWER_PATIENCE)
