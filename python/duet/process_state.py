"""Keeping one user script's traces out of the process that the next one runs in."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

PR_SET_CHILD_SUBREAPER = 36


@contextmanager
def restored_process(
    main: ModuleType, arguments: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """Run the body as a script of its own would run; afterwards put everything back that scripts change.

    Set for the body and restored: `__main__`, `sys.argv`, working directory, environment variables. Restored
    only: `sys.path`, import hooks, exception hook, recursion limit, warning filters, root logger, signal
    handlers, random states of `random` and NumPy.
    """
    saved_modules = {"__main__": sys.modules.get("__main__")}
    saved_lists = [
        (kept, list(kept)) for kept in (sys.argv, sys.path, sys.meta_path, sys.path_hooks, warnings.filters)
    ]
    saved_environment = dict(os.environ)
    saved_directory = Path.cwd()
    saved_hook, saved_limit, saved_mask = sys.excepthook, sys.getrecursionlimit(), os.umask(0o022)
    os.umask(saved_mask)
    root = logging.getLogger()
    saved_level, saved_handlers = root.level, list(root.handlers)
    saved_signals = _signal_handlers()
    saved_random = random.getstate()
    numpy = sys.modules.get("numpy")
    saved_numpy = numpy.random.get_state() if numpy is not None else None
    try:
        sys.modules["__main__"] = main
        sys.argv[:] = arguments
        os.chdir(directory)
        os.environ.update(environment)
        yield
    finally:
        os.chdir(saved_directory)
        os.environ.clear()
        os.environ.update(saved_environment)
        os.umask(saved_mask)
        for kept, content in saved_lists:
            kept[:] = content
        for name, module in saved_modules.items():
            if module is not None:
                sys.modules[name] = module
        sys.excepthook = saved_hook
        sys.setrecursionlimit(saved_limit)
        root.setLevel(saved_level)
        root.handlers[:] = saved_handlers
        for number, handler in saved_signals.items():
            signal.signal(number, handler)
        random.setstate(saved_random)
        if numpy is not None and saved_numpy is not None:
            numpy.random.set_state(saved_numpy)


def _signal_handlers() -> dict[signal.Signals, signal._HANDLER]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    handlers = {}
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
    ):
        handler = signal.getsignal(number)
        if handler is not None:
            handlers[number] = handler
    return handlers


@contextmanager
def no_children_left(grace: float = 2.0) -> Iterator[None]:
    """End every process that the body starts and leaves running: asked first, killed after `grace` seconds.

    On Linux this covers processes that have detached themselves (daemons) too.
    """
    import psutil

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    this = psutil.Process()
    before = {child.pid for child in this.children(recursive=True)}
    try:
        yield
    finally:
        _end_joblib_workers()
        left = [child for child in this.children(recursive=True) if child.pid not in before]
        for child in left:
            with contextlib.suppress(psutil.Error):
                child.terminate()
        _, alive = psutil.wait_procs(left, timeout=grace)
        for child in alive:
            with contextlib.suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(alive, timeout=grace)


def _end_joblib_workers() -> None:
    # joblib keeps its pool for later calls; killed behind its back, the next call in this process would fail.
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    executor = getattr(loky, "_executor", None)
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)


def threads_left(before: set[threading.Thread], patience: float = 1.0) -> list[threading.Thread]:
    """The threads that run now, did not run `before` and do not end within `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
        if not left or time.monotonic() > deadline:
            return left
        left[0].join(0.05)
