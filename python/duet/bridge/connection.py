"""One client's WebSocket. A text message holds a JSON array of messages, in both directions.

Client to bridge, by `type`:
`function {identity, reference}` · `submit {id, run, function, name, call, refs?, options?, label?}` ·
`cancel {id, force}` · `release {ids}` · `listen {run}` · `unlisten {run}` · `watch-job {run, job}` · and with a
`request` number that the reply carries: `end-run {run}`, `resources`, `put-json {run, value}`, `get-json {id}`.

Bridge to client: `hello {cluster}` · `result {id, kind, value}` · `failed {id, error}` · `event {run, event}` ·
`reply {request, value | error}` · `lost {message}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from duet.bridge.failures import BridgeError
from duet.bridge.tasks import Task

if TYPE_CHECKING:
    from duet.bridge.state import BridgeState

MAX_MESSAGE = 512 * 1024 * 1024


class Connection:
    """The messages of one client; ends with its socket."""

    def __init__(self, state: BridgeState, socket: web.WebSocketResponse) -> None:
        self._state = state
        self._socket = socket
        self._outgoing: list[str] = []
        self._wake = asyncio.Event()
        self._replies: set[asyncio.Task[None]] = set()
        self.runs: set[str] = set()
        self.listening: set[str] = set()

    async def serve(self) -> None:
        """Read until the client goes."""
        writer = asyncio.create_task(self._write())
        try:
            self.send({"type": "hello", "cluster": await self._state.cluster()})
            async for frame in self._socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    for message in json.loads(frame.data):
                        self._receive(message)
        finally:
            self._state.disconnected(self)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message; all that is queued goes out together."""
        self.send_text(json.dumps(message))

    def send_text(self, message: str) -> None:
        """Queue a message that is JSON already."""
        self._outgoing.append(message)
        if len(self._outgoing) == 1:
            self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._outgoing = self._outgoing, []
            if batch and not self._socket.closed:
                with contextlib.suppress(ConnectionError):
                    await self._socket.send_str(f"[{','.join(batch)}]")

    def _receive(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        state = self._state
        if kind == "submit":
            self.runs.add(message["run"])
            state.tasks.submit(message, self._ended)
        elif kind == "function":
            state.tasks.functions.add(message["identity"], message["reference"])
        elif kind == "cancel":
            state.tasks.cancel(message["id"], message["force"])
        elif kind == "release":
            state.tasks.release(message["ids"])
        elif kind == "listen":
            self.listening.add(message["run"])
            state.listen(message["run"], self)
        elif kind == "watch-job":
            self.runs.add(message["run"])
            state.watch_job(message["run"], message["job"])
        elif kind == "unlisten":
            self.listening.discard(message["run"])
            state.unlisten(message["run"], self)
        else:
            self._later(self._reply(message))

    def _ended(self, task: Task) -> None:
        self._state.ended_event(task)
        if task.lines > 0 or task.error is not None:
            # What it has printed comes first.
            self._later(self._deliver_after_output(task))
        else:
            self._deliver(task)

    async def _deliver_after_output(self, task: Task) -> None:
        await self._state.output_arrived(task)
        self._deliver(task)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        reply = asyncio.create_task(work)
        self._replies.add(reply)
        reply.add_done_callback(self._replies.discard)

    def _deliver(self, task: Task) -> None:
        if task.error is not None:
            self.send({"type": "failed", "id": task.id, "error": task.error})
            return
        # The body is JSON text from the worker: passed on as it stands. Its kind is `json`, `table` or `object`.
        self.send_text(
            f'{{"type":"result","id":{json.dumps(task.id)},"kind":"{task.kind}","value":{task.body}}}'
        )

    async def _reply(self, message: dict[str, Any]) -> None:
        request = message["request"]
        try:
            value = await self._answer(message)
        except BridgeError as error:
            self.send({"type": "reply", "request": request, "error": error.to_json()})
        except Exception as error:
            described = {"code": "bridge-failed", "message": str(error), "rayType": type(error).__name__}
            self.send({"type": "reply", "request": request, "error": described})
        else:
            self.send({"type": "reply", "request": request, "value": value})

    async def _answer(self, message: dict[str, Any]) -> Any:
        kind = message["type"]
        if kind == "end-run":
            self.runs.discard(message["run"])
            await self._state.end_run(message["run"])
            return None
        if kind == "resources":
            return await self._state.nodes()
        if kind == "put-json":
            self.runs.add(message["run"])
            return await self._state.put_json(message["run"], message["value"])
        if kind == "get-json":
            return await self._state.get_json(message["id"])
        raise BridgeError("protocol", f"The bridge does not know the message {kind!r}.")
