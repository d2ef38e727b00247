"""Ray's stream of worker output, taken apart: which task wrote which line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from duet import log_marker
from duet.bridge.tasks import Task

HOLD = 1.5

# Ray's own processes whose words are worth the bridge's log.
SYSTEM_PROCESSES = ("raylet", "gcs_server")

# Where a process runs: node address and process id.
Process = tuple[str, str]


@dataclass
class _Unattributed:
    process: Process
    stream: str
    text: str
    time: float


@dataclass
class LogRouter:
    """Passes each line on as `emit(task or None, ray task id or None, stream, text)`.

    Marked lines name their task. Others (nested tasks, C libraries, subprocesses) are attributed by the process
    they come from; where that process is not known yet they are held until the next look at Ray's task states,
    1.5 s at most.
    """

    find_task: Callable[[str], Task | None]
    locate: Callable[[Process], tuple[Task, str | None] | None]
    emit: Callable[[Task | None, str | None, str, str], None]
    system: Callable[[str], None]
    _torn: dict[tuple[Process, str], str] = field(default_factory=dict)
    _arrived: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = field(default_factory=dict)
    _held: list[_Unattributed] = field(default_factory=list)

    def receive(self, batch: dict[str, Any]) -> None:
        """Take one batch of Ray's log monitor: `{ip, pid, is_err, lines, …}`."""
        process = (str(batch.get("ip")), str(batch.get("pid")))
        stream = "stderr" if batch.get("is_err") else "stdout"
        if not process[1].isdigit():
            if process[1] in SYSTEM_PROCESSES:
                self.system("\n".join(line for line in batch["lines"] if line.strip()))
            return
        root, texts = "", list[str]()
        unmarked = list[str]()
        for line in batch["lines"]:
            line = self._joined(process, stream, line)
            if line is None:
                continue
            marked = log_marker.parse(line)
            if marked is None:
                unmarked.append(line)
                continue
            if marked.root != root:
                self._deliver(root, stream, texts)
                root, texts = marked.root, []
            texts.append(marked.text)
        self._deliver(root, stream, texts)
        if unmarked:
            self._attribute(_Unattributed(process, stream, "\n".join(unmarked), time.monotonic()))

    def _joined(self, process: Process, stream: str, line: str) -> str | None:
        """The whole line, or None while its end has not been read."""
        key = (process, stream)
        begun = self._torn.pop(key, None)
        if begun is not None:
            line = begun + line
        if line.startswith(log_marker.START) and not line.endswith(log_marker.SEPARATOR):
            self._torn[key] = line
            return None
        return line

    def _deliver(self, root: str, stream: str, texts: list[str]) -> None:
        if not texts:
            return
        task = self.find_task(root)
        if task is None:
            return
        self.emit(task, None, stream, "\n".join(texts))
        arrived = self._arrived.get(root, 0) + len(texts)
        self._arrived[root] = arrived
        for lines, waiter in self._waiting.get(root, ()):
            if arrived >= lines and not waiter.done():
                waiter.set_result(None)

    def _attribute(self, lines: _Unattributed) -> None:
        place = self.locate(lines.process)
        if place is None:
            self._held.append(lines)
        else:
            self.emit(place[0], place[1], lines.stream, lines.text)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for lines, or lines wait to be attributed."""
        return bool(self._held) or bool(self._waiting)

    def attribute_held(self) -> None:
        """Try again to attribute the lines that are held, after each look at states; give up on old ones."""
        held, self._held = self._held, []
        for lines in held:
            if time.monotonic() - lines.time < HOLD:
                self._attribute(lines)
            else:
                place = self.locate(lines.process)
                self.emit(*(place or (None, None)), lines.stream, lines.text)

    async def arrived(self, root: str, lines: int, patience: float) -> None:
        """Wait until `lines` marked lines of the task have been passed on, `patience` seconds at most."""
        if self._arrived.get(root, 0) >= lines:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(root, [])
        waiters.append((lines, waiter))
        try:
            await asyncio.wait([waiter], timeout=patience)
        finally:
            waiters.remove((lines, waiter))
            if not waiters:
                self._waiting.pop(root, None)

    def forget(self, root: str) -> None:
        """Drop the count of a task whose run has ended."""
        self._arrived.pop(root, None)
