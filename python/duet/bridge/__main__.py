"""`python -m duet.bridge`: start the bridge, tell where it answers, end it without a trace."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from duet.bridge.embedded_ray import EmbeddedOptions, EmbeddedRay, prepare, start

EXIT_USAGE = 2
EXIT_PORT_TAKEN = 3
EXIT_RAY_FAILED = 4
EXIT_RAY_LOST = 5
STOP_PATIENCE = 2.5
CONNECT_PATIENCE = 5.0


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; exits with status 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m duet.bridge", description="A bridge from HTTP to Ray.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument(
        "--token-file", type=Path, required=True, help="file that holds the token of every call"
    )
    parser.add_argument(
        "--ready-file", type=Path, required=True, help="file to write when the bridge answers"
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--embedded", action="store_true", help="start a one-node Ray that ends with the bridge"
    )
    which.add_argument("--address", help="address of a running Ray cluster")
    parser.add_argument("--num-cpus", type=int, help="CPUs of the one node (default: the machine's)")
    parser.add_argument("--num-gpus", type=int, help="GPUs of the one node (default: those found)")
    parser.add_argument(
        "--resources", type=json.loads, default={}, help="custom resources of the one node, as JSON"
    )
    parser.add_argument("--memory", type=int, help="memory that tasks may reserve, in bytes")
    parser.add_argument("--temp-dir", type=Path, help="directory for Ray's files (default: a temporary one)")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input is closed")
    return parser.parse_args(arguments)


def main() -> int:
    """Run until the bridge is told to stop; gives the exit status."""
    arguments = read_arguments()
    try:
        token = arguments.token_file.read_text().strip()
    except OSError as error:
        return _fail(EXIT_USAGE, f"The token file cannot be read: {error}")
    if not token:
        return _fail(EXIT_USAGE, f"The token file {arguments.token_file} is empty.")
    try:
        listener = socket.create_server((arguments.host, arguments.port), backlog=128)
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        return _fail(EXIT_PORT_TAKEN, f"The bridge cannot listen on {where}: {error.strerror or error}.")
    stop = StopSignal()
    if arguments.watch_stdin:
        threading.Thread(target=_watch_stdin, args=(stop,), name="watch-stdin", daemon=True).start()
    # Ray's start is mostly waiting: the rest is imported meanwhile.
    threading.Thread(target=_import_server, name="import-server", daemon=True).start()
    embedded: EmbeddedRay | None = None
    try:
        if arguments.embedded:
            options = EmbeddedOptions(
                arguments.num_cpus,
                arguments.num_gpus,
                arguments.memory,
                arguments.resources,
                arguments.temp_dir,
            )
            embedded = prepare(options)
            start(options, embedded)
        else:
            _connect(arguments.address)
    except Exception as error:
        if embedded is not None:
            embedded.close()
        return _fail(EXIT_RAY_FAILED, f"Ray cannot be reached or started: {error}")
    try:
        return asyncio.run(_serve(arguments, token, listener, stop, embedded))
    finally:
        _end_soon(embedded)


def _fail(status: int, message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return status


def _connect(address: str) -> None:
    if address != "auto":
        _check_address(address)
    if address.startswith(("127.0.0.1:", "localhost:", "[::1]:")):
        # Without it Ray takes this machine's outward address instead.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    import ray

    package = Path(__file__).parent.parent
    ray.init(
        address=address,
        logging_level="warning",
        log_to_driver=True,
        runtime_env={"py_modules": [str(package)], "excludes": ["__pycache__"]},
    )


def _check_address(address: str) -> None:
    """Raise OSError or ValueError soon where Ray would try for 90 s."""
    host, separator, port = address.rpartition(":")
    if "://" in address or not separator or not port.isdigit():
        raise ValueError(f"{address!r} is no host:port of a Ray head node (its GCS port, by default 6379)")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_PATIENCE).close()
    except OSError as error:
        raise OSError(f"nothing answers at {address}: {error.strerror or error}") from error


def _import_server() -> None:
    import pyarrow  # noqa: F401


class StopSignal:
    """That the bridge is to end: before its loop runs, at once; afterwards in order."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self.event: asyncio.Event | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> asyncio.Event:
        """From now on the event tells."""
        self.event = asyncio.Event()
        self._loop = loop
        return self.event

    def give(self) -> None:
        """Called on any thread."""
        if self._loop is None or self.event is None:
            # Ray's processes end with this one.
            os._exit(0)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.event.set)


def _watch_stdin(stop: StopSignal) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    stop.give()


async def _serve(
    arguments: argparse.Namespace,
    token: str,
    listener: socket.socket,
    stop: StopSignal,
    embedded: EmbeddedRay | None,
) -> int:
    import ray
    from aiohttp import web

    from duet.bridge.environment_change import EnvironmentChange
    from duet.bridge.failures import keep_user_exceptions_out
    from duet.bridge.node_logs import follow_cluster_logs, read_node_logs
    from duet.bridge.ray_watch import watch_ray
    from duet.bridge.server import make_application
    from duet.bridge.state import BridgeState

    # What has been imported stays; a run may hold ten thousand tasks, all of them alive.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    keep_user_exceptions_out()
    loop = asyncio.get_running_loop()
    stopping = stop.attach(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    state = BridgeState(
        loop,
        None if embedded is None else embedded.token_path,
        ends_with_run=embedded is not None and arguments.watch_stdin,
    )

    def on_log(batch: dict[str, Any]) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(state.output.receive, batch)

    def on_environment(job: str, change: EnvironmentChange) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(state.environment_changed, job, change)

    if embedded is None:
        end_logs = follow_cluster_logs(on_log)
    else:
        end_logs = read_node_logs(on_log, on_environment, lambda: state.is_busy or state.is_watching)
    await state.nodes()
    runner = web.AppRunner(
        make_application(state, token), access_log=None, handle_signals=False, read_bufsize=4 * 1024 * 1024
    )
    await runner.setup()
    await web.SockSite(runner, listener).start()
    host, port = listener.getsockname()[:2]
    _write_ready(
        arguments.ready_file,
        {
            "url": f"http://{f'[{host}]' if ':' in host else host}:{port}",
            "pid": os.getpid(),
            "rayVersion": ray.__version__,
            "gcsAddress": ray.get_runtime_context().gcs_address,
            **({} if embedded is None else {"tokenPath": str(embedded.token_path)}),
        },
    )
    lost = asyncio.create_task(watch_ray())
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait([lost, stopped], return_when=asyncio.FIRST_COMPLETED)
    status = 0
    if lost.done():
        status = EXIT_RAY_LOST
        print(lost.result(), file=sys.stderr, flush=True)
        await state.announce_loss(lost.result())
    threading.Thread(target=_end_late, args=(embedded,), name="end-late", daemon=True).start()
    arguments.ready_file.unlink(missing_ok=True)
    end_logs()
    await state.close()
    await runner.shutdown()
    return status


def _write_ready(file: Path, content: dict[str, Any]) -> None:
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    beside.write_text(json.dumps(content))
    beside.replace(file)


def _end_soon(embedded: EmbeddedRay | None) -> None:
    threading.Thread(target=_end_late, args=(embedded,), name="end-late", daemon=True).start()
    if embedded is not None:
        embedded.close()


def _end_late(embedded: EmbeddedRay | None) -> None:
    """End this process by force when ending in order takes too long; Ray's processes go with it."""
    import shutil
    import time

    time.sleep(STOP_PATIENCE)
    if embedded is not None:
        shutil.rmtree(embedded.directory, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
