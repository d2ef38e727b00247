"""The line to Duet: tells it what the script does, and asks it for engines.

A Unix domain socket that carries JSON objects, one a line, both ways (`packages/python-script` has the other end).
A message is written at once if the socket takes it; what it does not take is written by a thread that lives as
long as that lasts. So nothing waits for Duet, and a process that is told nothing has no thread of Duet's.
"""

from __future__ import annotations

import atexit
import collections
import itertools
import json
import os
import socket
import threading
import time
from typing import Any, Literal

from duet.errors import DuetError
from duet.script.context import context

MOST_WAITING = 10_000
"""Messages that wait for a Duet that does not read; more are dropped, and counted in a note."""

FLUSH_SECONDS = 2.0


def send(message: dict[str, Any]) -> None:
    """Tells Duet something: `time` and `process` are added. Never waits, never raises."""
    _channel().send(message)


def note(text: str) -> None:
    """Tells the person something, once a process."""
    channel = _channel()
    if text not in channel.noted:
        channel.noted.add(text)
        channel.send({"type": "note", "text": text})


def need(engine: Literal["spark", "ray"]) -> dict[str, Any]:
    """Asks for an engine and waits for it: the object that `DUET_SCRIPT` would have had.

    Raises `DuetError` with Duet's code and words where it cannot be had.
    """
    return _channel().need(engine)


def _channel() -> _Channel:
    global _current
    with _lock:
        if _current is None:
            known = context()
            _current = _Channel(known.socket if known is not None else None)
    return _current


class _Channel:
    def __init__(self, path: str | None) -> None:
        self.noted: set[str] = set()
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._identifiers = itertools.count(1)
        self._waiting: collections.deque[bytes] = collections.deque()
        self._dropped = 0
        self._drain: threading.Thread | None = None
        self._socket = _connect(path) if path is not None else None
        self._received = b""

    def send(self, message: dict[str, Any]) -> None:
        stamped = {"time": time.time_ns() // 1_000_000, "process": os.getpid(), **message}
        line = json.dumps(stamped, separators=(",", ":"), default=str).encode() + b"\n"
        with self._lock:
            if self._socket is None:
                return
            if not self._waiting:
                line = self._write_now(self._socket, line)
                if not line:
                    return
            if len(self._waiting) >= MOST_WAITING:
                self._dropped += 1
                return
            self._waiting.append(line)
            if self._drain is None:
                self._drain = threading.Thread(target=self._write_waiting, name="duet-channel", daemon=True)
                self._drain.start()

    def need(self, engine: str) -> dict[str, Any]:
        connection = self._socket
        if connection is None:
            raise DuetError(
                "engine-not-given", f"This process was given no {engine.title()}, and cannot ask for it."
            )
        with self._asking:
            identifier = next(self._identifiers)
            self.send({"type": "need", "id": identifier, "engine": engine})
            while True:
                answer = json.loads(self._read_line(connection, engine))
                if answer.get("id") != identifier:
                    continue
                if answer["type"] == "engine":
                    return answer["engine"]
                raise DuetError(answer["code"], answer["message"], engine=engine)

    def flush(self) -> None:
        drain = self._drain
        if drain is not None:
            drain.join(FLUSH_SECONDS)

    def leave(self) -> None:
        """Closes this process's copy of the socket; what is said later is not heard."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _write_now(self, connection: socket.socket, line: bytes) -> bytes:
        """Writes what the socket takes, and gives back the rest."""
        try:
            while line:
                line = line[connection.send(line, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            pass
        except OSError:
            self._end()
            return b""
        return line

    def _write_waiting(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._socket is None:
                    self._drain = None
                    dropped, self._dropped = self._dropped, 0
                    break
                line, connection = self._waiting[0], self._socket
            try:
                connection.sendall(line)
            except OSError:
                with self._lock:
                    self._end()
                continue
            with self._lock:
                self._waiting.popleft()
        if dropped:
            self.send({"type": "note", "text": f"{dropped} messages of the script's progress were dropped"})

    def _end(self) -> None:
        """Nobody listens any more: `duet.script.watch` ends the process."""
        self._socket = None
        self._waiting.clear()

    def _read_line(self, connection: socket.socket, engine: str) -> bytes:
        while b"\n" not in self._received:
            try:
                received = connection.recv(65536)
            except ConnectionError:
                received = b""
            if not received:
                raise DuetError("duet-ended", f"Duet ended while it was asked for {engine.title()}.")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return line


def _connect(path: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def _end() -> None:
    if _current is not None:
        _current.flush()
        _current.leave()


def _after_fork() -> None:
    """A forked child has a connection of its own, made when it is first used."""
    global _current, _lock
    _lock = threading.Lock()
    if _current is not None:
        _current.leave()
        _current = None


_lock = threading.Lock()
_current: _Channel | None = None
os.register_at_fork(after_in_child=_after_fork)
atexit.register(_end)
