"""A script's own log file: what it prints goes on to where it went, and into the file as well."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

LOG_LIMIT = 16 * 1024 * 1024


class ScriptLog:
    """A log file of at most 16 MiB; what is longer is counted and said so at its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._written = 0
        self._left_out = 0

    def __enter__(self) -> ScriptLog:
        self._file = self.path.open("w", encoding="utf-8", errors="replace")
        self._output = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Copying(sys.stdout, self), _Copying(sys.stderr, self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr = self._output
        with self._file:
            if self._left_out:
                self._file.write(
                    f"\n… {self._left_out:,} more characters were printed; this log keeps 16 MiB …\n"
                )

    @contextmanager
    def capturing(self) -> Iterator[None]:
        """Put the copying streams back if the body replaces them."""
        streams = sys.stdout, sys.stderr
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams

    def append(self, text: str) -> None:
        """Write `text` into the file, as far as there is room for it."""
        with self._lock:
            room = LOG_LIMIT - self._written
            if room > 0:
                self._file.write(text[:room])
                self._written += min(len(text), room)
            self._left_out += max(0, len(text) - room)


class _Copying(io.TextIOBase):
    def __init__(self, stream: IO[str], log: ScriptLog) -> None:
        self._stream = stream
        self._log = log

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._log.append(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
