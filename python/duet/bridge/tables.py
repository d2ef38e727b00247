"""Arrow tables in and out over HTTP.

`PUT /tables?run=R`: the body is any number of Arrow IPC streams, each behind its length (4 bytes, big-endian); all
of one schema. Answer `{id, rows, bytes}`. `GET /tables/ID`: one Arrow IPC stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ray
from aiohttp import web

from duet.bridge.failures import BridgeError
from duet.bridge.tasks import Task

if TYPE_CHECKING:
    from aiohttp import StreamReader

    from duet.bridge.state import BridgeState

BATCH_ROWS = 131_072
SEND_SIZE = 4 * 1024 * 1024


class _StreamsReader:
    """Cuts a body into its Arrow streams; each lands in one buffer of its own size, never to be copied again."""

    def __init__(self, content: StreamReader) -> None:
        self._content = content
        self._rest = memoryview(b"")

    async def next_stream(self) -> Any | None:
        """The next stream as an Arrow buffer; None at the end of the body."""
        import pyarrow

        header = bytearray(4)
        got = await self._fill(memoryview(header))
        if got == 0:
            return None
        if got < 4:
            raise BridgeError("table-cut-off", "The table's body ended within the length of a stream.")
        size = int.from_bytes(header, "big")
        buffer = pyarrow.allocate_buffer(size)
        if await self._fill(memoryview(buffer).cast("B")) < size:
            raise BridgeError("table-cut-off", "The table's body ended within a stream.")
        return buffer

    async def _fill(self, target: memoryview) -> int:
        filled = 0
        while filled < len(target):
            if not self._rest:
                chunk = await self._content.readany()
                if not chunk:
                    return filled
                self._rest = memoryview(chunk)
            size = min(len(self._rest), len(target) - filled)
            target[filled : filled + size] = self._rest[:size]
            self._rest = self._rest[size:]
            filled += size
        return filled


def _open_stream(buffer: Any) -> Any:
    import pyarrow

    try:
        return pyarrow.ipc.open_stream(buffer).read_all()
    except pyarrow.ArrowInvalid as error:
        raise BridgeError("table-invalid", f"The body is no Arrow IPC stream: {error}") from error


def _store(tables: list[Any]) -> tuple[Any, int, int]:
    import pyarrow

    try:
        table = pyarrow.concat_tables(tables)
    except pyarrow.ArrowInvalid as error:
        raise BridgeError(
            "table-invalid", f"The streams of one table differ in their schema: {error}"
        ) from error
    return ray.put(table), table.num_rows, table.nbytes


async def put_table(state: BridgeState, request: web.Request) -> web.Response:
    """Answer `PUT /tables`."""
    run = request.query.get("run")
    if not run:
        raise BridgeError("protocol", "PUT /tables needs ?run=.")
    reader = _StreamsReader(request.content)
    tables = []
    while (buffer := await reader.next_stream()) is not None:
        tables.append(_open_stream(buffer))
    if not tables:
        raise BridgeError("table-invalid", "The body holds no Arrow stream, not even one without rows.")
    value, rows, size = await asyncio.to_thread(_store, tables)
    stored = state.tasks.store(run, value, "table")
    return web.json_response({"id": stored.id, "rows": rows, "bytes": size})


class _Chunks:
    """A file for Arrow's writer that hands its bytes on."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self.parts.append(part)
        self.size += len(part)
        return len(part)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        whole = b"".join(self.parts)
        self.parts, self.size = [], 0
        return whole


def _ipc_chunks(value: Any) -> Iterator[bytes]:
    import pyarrow

    table = pyarrow.Table.from_batches([value]) if isinstance(value, pyarrow.RecordBatch) else value
    sink = _Chunks()
    with pyarrow.ipc.new_stream(pyarrow.PythonFile(sink, mode="w"), table.schema) as writer:
        # Some readers, Sail among them, look for the columns in the first batch: there is always one.
        empty = [pyarrow.RecordBatch.from_pylist([], schema=table.schema)]
        for batch in table.to_batches(max_chunksize=BATCH_ROWS) or empty:
            writer.write_batch(batch)
            if sink.size >= SEND_SIZE:
                yield sink.take()
    yield sink.take()


async def get_table(state: BridgeState, request: web.Request) -> web.StreamResponse:
    """Answer `GET /tables/{id}`; waits for the task whose value it is."""
    stored = state.tasks.find(request.match_info["id"])
    if isinstance(stored, Task):
        await state.ended(stored)
    if stored.kind != "table":
        raise BridgeError("not-a-table", f"The object {stored.id} holds no table.")
    value = await asyncio.to_thread(ray.get, stored.value)
    response = web.StreamResponse(headers={"Content-Type": "application/vnd.apache.arrow.stream"})
    await response.prepare(request)
    chunks = _ipc_chunks(value)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        await response.write(chunk)
    await response.write_eof()
    return response
