"""What a script prints and does, as lines of its Ray job's log, so that they can be told apart again.

A line that begins with RS (0x1e) is a record: `RS kind US payload US`; any other line is standard output as it
stands. `e` is a line of standard error; `O` and `E` are bytes of standard output and error in base64 (what is no
UTF-8, or no whole line); the other kinds hold JSON. `packages/python-script/src/cluster/log-decoder.ts` is the reader.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Literal

from duet.log_marker import SEPARATOR, START

VERSION = 1

Stream = Literal["stdout", "stderr"]
RecordKind = Literal["begin", "message", "task", "failed", "exit"]

_START = START.encode()
_SEPARATOR = SEPARATOR.encode()
_BYTES_KIND: dict[Stream, bytes] = {"stdout": b"O", "stderr": b"E"}
_LONGEST_PART = 65_536


class JobLog:
    """Writes the log, in the order in which things come. What is not a whole line yet waits for `flush`."""

    def __init__(self, write: Callable[[bytes], Any]) -> None:
        self._write = write
        self._parts: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}

    @property
    def pending(self) -> bool:
        """Whether a part of a line waits for its end."""
        return any(self._parts.values())

    def record(self, kind: RecordKind, value: dict[str, Any]) -> None:
        """Write a record."""
        self.flush()
        self._record(kind.encode(), json.dumps(value, separators=(",", ":"), default=str).encode())

    def output(self, stream: Stream, data: bytes) -> None:
        """Take what the script has printed."""
        other: Stream = "stderr" if stream == "stdout" else "stdout"
        self._flush(other)
        lines, line_break, rest = (self._parts[stream] + data).rpartition(b"\n")
        self._parts[stream] = rest
        if line_break:
            self._lines(stream, lines + line_break)
        if len(rest) >= _LONGEST_PART:
            self._flush(stream)

    def flush(self) -> None:
        """Write the parts of lines that wait."""
        self._flush("stdout")
        self._flush("stderr")

    def _flush(self, stream: Stream) -> None:
        part, self._parts[stream] = self._parts[stream], b""
        if part:
            self._record(_BYTES_KIND[stream], base64.b64encode(part))

    def _lines(self, stream: Stream, lines: bytes) -> None:
        if not _is_text(lines):
            self._record(_BYTES_KIND[stream], base64.b64encode(lines))
        elif stream == "stderr":
            for line in lines[:-1].split(b"\n"):
                self._record(b"e", line)
        elif lines.startswith(_START) or b"\n" + _START in lines:
            self._record(_BYTES_KIND[stream], base64.b64encode(lines))
        else:
            self._write(lines)

    def _record(self, kind: bytes, payload: bytes) -> None:
        self._write(_START + kind + _SEPARATOR + payload + _SEPARATOR + b"\n")


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
