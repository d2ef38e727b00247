"""Runs a Spark server that ends when its parent does.

The parent holds the other end of standard input. The system closes it however the parent ends, kill -9
included, and then the server ends too::

    python -m duet.keeper sail spark server --port 0     Sail, in this process: costs no start time
    python -m duet.keeper command java …                 any other program, as a child
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

GRACE_SECONDS = 5.0
"""How long a child may take to end by itself before it is killed."""


def when_parent_is_gone(action: Callable[[], None]) -> None:
    """Calls ``action`` in a thread of its own as soon as standard input is closed."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        action()

    threading.Thread(target=watch, name="duet-keeper", daemon=True).start()


def run_sail(arguments: list[str]) -> None:
    """Runs the ``sail`` command line in this process."""
    when_parent_is_gone(lambda: os._exit(0))
    threading.Thread(target=_preload, name="duet-preload", daemon=True).start()
    from pysail import _native

    _native.main(["sail", *arguments])


def _preload() -> None:
    """Imports what Sail imports for its first session: 0.3 s that nobody waits for when it is done beforehand.

    With ``DUET_KEEPER_WARM`` also what it imports for the first function in Python, which takes 0.7 s more.
    """
    names = ["pyspark"]
    if os.environ.get("DUET_KEEPER_WARM"):
        names += ["pandas", "pyarrow", "pyspark.worker"]
    for name in names:
        importlib.import_module(name)


def run_command(command: list[str]) -> int:
    """Runs a program in a process group of its own and resolves to its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def end(*_: object) -> None:
        _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        _signal_group(child, signal.SIGKILL)

    def end_soon(*_: object) -> None:
        threading.Thread(target=end, daemon=True).start()

    when_parent_is_gone(end)
    signal.signal(signal.SIGTERM, end_soon)
    signal.signal(signal.SIGINT, end_soon)
    code = child.wait()
    # What the program started may outlive it (Spark's Python workers do, for a moment).
    _signal_group(child, signal.SIGKILL)
    return 128 - code if code < 0 else code


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        # The group is empty: all of it has ended.
        return


def main(arguments: list[str]) -> int:
    """Runs what the first argument names."""
    kind, rest = (arguments[0] if arguments else ""), arguments[1:]
    if kind == "sail":
        run_sail(rest)
        return 0
    if kind == "command" and rest:
        return run_command(rest)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
