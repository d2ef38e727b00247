"""Ends this process when Duet is gone, whatever the user's code does, and without a thread.

The kernel is told to send SIGTERM when the socket to Duet ends. A thread would do as well, but Python warns users
who fork a process that has threads. Low-level modules only: every Python process of a run imports this.
"""

from __future__ import annotations

import _signal
import _socket
import fcntl
import os

_watch: tuple[int, int] | None = None
"""The connection's descriptor, kept without an object that would warn of being left open, and its inode."""


def watch(path: str) -> None:
    """Connects to Duet's socket and stays silent on it. Where nobody listens, there is nothing to watch."""
    global _watch
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return
    descriptor = connection.detach()
    os.set_inheritable(descriptor, False)
    _watch = (descriptor, os.fstat(descriptor).st_ino)
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, _signal.SIGTERM)
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | fcntl.FASYNC)
    else:
        _watch_by_thread(descriptor)


def after_fork(path: str) -> None:
    """A forked child leaves its parent's connection alone, and has its own."""
    if _watch is not None and _is_open(*_watch):
        os.close(_watch[0])
    watch(path)


def _is_open(descriptor: int, inode: int) -> bool:
    """Whether it is still ours: a program may close all descriptors, and use the number again."""
    try:
        return os.fstat(descriptor).st_ino == inode
    except OSError:
        return False


def _watch_by_thread(descriptor: int) -> None:
    import threading

    def wait() -> None:
        while os.read(descriptor, 4096):
            pass
        os.kill(os.getpid(), _signal.SIGTERM)

    threading.Thread(target=wait, name="duet-watch", daemon=True).start()
