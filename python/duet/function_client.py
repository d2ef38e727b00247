"""What runs in Spark's executors when a query calls a served model. It travels there as source text.

So it may use nothing but the standard library and pyarrow, and no other module of Duet. `duet.udf` ships it;
`duet.functions` is the other side.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

CONNECT_TRIES = 4
CONNECT_SECONDS = 10.0
CALL_SECONDS = 600.0

# Connections that wait for the next batch, by scheme, host and port. Each is used by one thread at a time.
_idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
_lock = threading.Lock()


class ServedFunctionError(Exception):
    """A call of a served model that failed; the message says which function, what and its code."""


def make_function(name: str, url: str, token: str, inputs: Sequence[str]) -> Callable[..., pa.Array]:
    """The function that Spark calls with one Arrow array per argument, and that gives back one of that length."""

    def call(*columns: Any) -> pa.Array:
        if len(columns) != len(inputs):
            raise ServedFunctionError(
                f"{name} takes {len(inputs)} arguments ({', '.join(inputs)}), and was called with {len(columns)}."
            )
        arrays = [pa.array(column) if not isinstance(column, pa.Array) else column for column in columns]
        sink = pa.BufferOutputStream()
        batch = pa.RecordBatch.from_arrays(arrays, names=list(inputs))
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        body = _post(name, url, token, sink.getvalue())
        made = pa.ipc.open_stream(body).read_all().column(0)
        if len(made) != len(batch):
            raise ServedFunctionError(f"{name} was given {len(batch)} rows and gave {len(made)} back.")
        return made.combine_chunks() if made.num_chunks != 1 else made.chunk(0)

    call.__name__ = name
    return call


def _post(name: str, url: str, token: str, body: Any) -> bytes:
    parts = urlsplit(url)
    place = (parts.scheme, parts.netloc)
    connection, reused = _take(name, place)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.apache.arrow.stream"}
    while True:
        try:
            connection.request("POST", parts.path, body=memoryview(body), headers=headers)
            response = connection.getresponse()
            content = response.read()
            break
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if not reused:
                raise ServedFunctionError(
                    f"{name} was called at {parts.netloc}, and the call broke off: {type(error).__name__}: {error}"
                ) from error
            # The other side may close a connection that has waited for long: that is no failure of the call.
            connection, reused = _connect(name, place), False
    if response.will_close:
        connection.close()
    else:
        with _lock:
            _idle.setdefault(place, []).append(connection)
    if response.status != 200:
        raise ServedFunctionError(f"{name} failed: {_reason(response.status, content)}")
    return content


def _take(name: str, place: tuple[str, str]) -> tuple[http.client.HTTPConnection, bool]:
    with _lock:
        waiting = _idle.get(place)
        if waiting:
            return waiting.pop(), True
    return _connect(name, place), False


def _connect(name: str, place: tuple[str, str]) -> http.client.HTTPConnection:
    scheme, address = place
    make = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    for attempt in range(1, CONNECT_TRIES + 1):
        connection = make(address, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            if attempt == CONNECT_TRIES:
                raise ServedFunctionError(
                    f"{name} is served at {address}, which cannot be reached from this Spark executor: {error}"
                ) from error
            time.sleep(0.1 * 2**attempt)
        else:
            connection.sock.settimeout(CALL_SECONDS)
            return connection
    raise AssertionError("unreachable")


def _reason(status: int, content: bytes) -> str:
    try:
        answer = json.loads(content)
        return f"{answer['message']} [{answer['code']}]"
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {status}: {content[:200]!r}"
