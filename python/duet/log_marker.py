"""Lines of a task's output, marked so that the bridge knows in Ray's log stream which task wrote them.

A marked line is `RS task US text US`, with RS and US the ASCII separators 0x1e and 0x1f; the last one tells a
whole line from one that was read while it was being written.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

START = "\x1e"
SEPARATOR = "\x1f"
LIVE_LIMIT = 5_000_000
TAIL_LINES = 100
LINE_LIMIT = 32_768
BAR_INTERVAL = 1.0


class MarkedLine(NamedTuple):
    """A line as `parse` gives it back. `complete` is false when the line was read before its end was written."""

    root: str
    text: str
    complete: bool


def parse(line: str) -> MarkedLine | None:
    """Read a marked line; None for a line that carries no mark."""
    if not line.startswith(START):
        return None
    root, separator, text = line[1:].partition(SEPARATOR)
    if not separator:
        return None
    complete = text.endswith(SEPARATOR)
    return MarkedLine(root, text[:-1] if complete else text, complete)


class OutputBudget:
    """How much of a task's output still goes out live: shared by its two streams; counts the lines that went."""

    def __init__(self, limit: int = LIVE_LIMIT) -> None:
        self.left = limit
        self.lines = 0
        self.lock = threading.RLock()

    def take(self, size: int) -> bool:
        """Whether a line of `size` characters may go out; once one may not, no later one may."""
        if self.left < size:
            self.left = -1
            return False
        self.left -= size
        return True


class MarkedStream(io.TextIOBase):
    """A text stream that passes each whole line on with its task's mark, up to the budget's limit.

    A carriage return starts the line anew, as a terminal would show it; such a line (a progress bar) goes out once
    a second at most, and when it ends. Lines longer than 32 KiB are cut into several.
    """

    encoding = "utf-8"
    errors = "replace"

    def __init__(
        self,
        root: str,
        write: Callable[[str], Any],
        budget: OutputBudget,
        spool: TextIO | None = None,
        descriptor: Callable[[], int] | None = None,
    ) -> None:
        super().__init__()
        self._prefix = f"{START}{root}{SEPARATOR}"
        self._write = write
        self._budget = budget
        self._spool = spool
        self._descriptor = descriptor
        self._pending = ""
        self._bar = ""
        self._bar_time = 0.0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._left_out_lines = 0
        self._left_out_size = 0
        self.buffer = _BinarySide(self)

    def writable(self) -> bool:
        """True: this stream is for writing."""
        return True

    def fileno(self) -> int:
        """The descriptor of the stream behind, for a subprocess that writes beside Python."""
        if self._descriptor is None:
            raise io.UnsupportedOperation("fileno")
        return self._descriptor()

    def write(self, text: str) -> int:
        """Take text; its whole lines go out at once."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._budget.lock:
            if self._spool is not None:
                self._spool.write(text)
            head, line_break, rest = text.rpartition("\n")
            if line_break:
                self._lines(f"{self._pending}{head}".split("\n"))
                self._pending = rest
            else:
                self._pending += text
            if len(self._pending) > LINE_LIMIT or "\r" in self._pending:
                self._shorten_pending()
        return len(text)

    def flush(self) -> None:
        """Nothing to do: whole lines have gone out already, and the rest waits for its line break."""

    def finish(self) -> None:
        """Deliver a last line that has no line break, and the end of what was left out."""
        with self._budget.lock:
            if self._pending:
                last, self._pending = self._pending, ""
                self._lines([last])
            elif self._bar:
                self._line(self._bar)
            self._bar = ""
            if self._left_out_lines > 0:
                skipped = self._left_out_lines - len(self._tail)
                size = self._left_out_size - sum(len(line) + 1 for line in self._tail)
                if skipped > 0:
                    self._send(
                        f"… {skipped:,} lines ({size:,} characters) left out; the last {len(self._tail)} follow …"
                    )
                for line in self._tail:
                    self._send(line)
                self._left_out_lines = 0
                self._tail.clear()

    def _lines(self, lines: list[str]) -> None:
        self._bar = ""
        for line in lines:
            if "\r" in line:
                line = line.rstrip("\r").rpartition("\r")[2]
            if len(line) <= LINE_LIMIT:
                self._line(line)
            else:
                for start in range(0, len(line), LINE_LIMIT):
                    self._line(line[start : start + LINE_LIMIT])

    def _shorten_pending(self) -> None:
        if "\r" in self._pending:
            before, _, after = self._pending.rpartition("\r")
            # What a bar shows is its last complete state: the text between two carriage returns.
            shown = after or before.rpartition("\r")[2]
            self._pending = f"\r{after}" if after else f"{shown}\r"
            now = time.monotonic()
            if shown and shown != self._bar and now - self._bar_time >= BAR_INTERVAL:
                self._bar, self._bar_time = shown, now
                self._line(shown)
                self._pending = "\r"
        while len(self._pending) > LINE_LIMIT:
            self._line(self._pending[:LINE_LIMIT])
            self._pending = self._pending[LINE_LIMIT:]

    def _line(self, line: str) -> None:
        if self._budget.take(len(line) + 1):
            self._send(line)
        else:
            self._left_out_lines += 1
            self._left_out_size += len(line) + 1
            self._tail.append(line)

    def _send(self, line: str) -> None:
        self._budget.lines += 1
        self._write(f"{self._prefix}{line}{SEPARATOR}\n")


class _BinarySide(io.RawIOBase):
    """What `sys.stdout.buffer` is while output is marked: bytes become text as they come."""

    def __init__(self, stream: MarkedStream) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._stream.write(self._decoder.decode(content))
        return len(content)


def _whole_writer(stream: TextIO) -> Callable[[str], None]:
    """A function that hands a line to the operating system at once, so that no reader sees half of it for long."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return lambda text: (stream.write(text), stream.flush(), None)[-1]

    def write(text: str) -> None:
        stream.flush()
        data = memoryview(text.encode("utf-8", "replace"))
        while data:
            data = data[os.write(descriptor, data) :]

    return write


@contextmanager
def marked_output(
    root: str, spool: str | os.PathLike[str] | None = None, budget: OutputBudget | None = None
) -> Iterator[OutputBudget]:
    """While the body runs, what it prints goes out line by line with the mark of the task `root`.

    `budget` limits what goes out live (5 MB by default); `spool` names a file that gets everything. What was left
    out is told at the end, with its last 100 lines. Inside another `marked_output` of the same task only the spool
    is added. Gives the budget, whose `lines` counts the marked lines.
    """
    file = None if spool is None else Path(spool).open("a", encoding="utf-8", errors="replace")  # noqa: SIM115
    before = sys.stdout, sys.stderr
    if isinstance(before[0], MarkedStream) and isinstance(before[1], MarkedStream):
        outer = before[0]._spool, before[1]._spool
        if file is not None:
            before[0]._spool = before[1]._spool = file
        try:
            yield before[0]._budget
        finally:
            before[0]._spool, before[1]._spool = outer
            _close(file)
        return
    budget = budget or OutputBudget()
    streams = tuple(
        MarkedStream(root, _whole_writer(stream), budget, file, getattr(stream, "fileno", None))
        for stream in before
    )
    sys.stdout, sys.stderr = streams  # type: ignore[assignment]
    try:
        yield budget
    finally:
        sys.stdout, sys.stderr = before
        for stream in streams:
            stream.finish()
        _close(file)


def _close(file: TextIO | None) -> None:
    if file is not None:
        file.close()
