"""The bridge's HTTP side: routes, the token, errors."""

from __future__ import annotations

import hmac
import importlib.util
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from duet.bridge import tables
from duet.bridge.connection import MAX_MESSAGE, Connection
from duet.bridge.failures import BridgeError
from duet.bridge.state import BridgeState
from duet.errors import DuetError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS = {"unauthorized": 401, "ref-unknown": 404, "protocol": 400, "table-invalid": 400, "not-a-table": 409}

# Served functions have tokens of their own, which they check themselves.
OWN_TOKENS = "/functions/"


def make_application(state: BridgeState, token: str) -> web.Application:
    """The web application of a bridge; every call needs `Authorization: Bearer <token>`."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check_token(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if not request.path.startswith(OWN_TOKENS) and not hmac.compare_digest(given, expected):
            raise BridgeError("unauthorized", "The call has no token, or not the one of this bridge.")
        return await handler(request)

    @web.middleware
    async def describe_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except BridgeError as error:
            return web.json_response(error.to_json(), status=_STATUS.get(error.code, 500))
        except ConnectionError:
            # The client has gone in the middle of its call; nobody reads the answer.
            return web.Response(status=400)

    async def connect(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, compress=False)
        await socket.prepare(request)
        connection = Connection(state, socket)
        state.connected(connection)
        await connection.serve()
        return socket

    async def health(request: web.Request) -> web.Response:
        return web.json_response(await state.cluster())

    async def put_table(request: web.Request) -> web.Response:
        return await tables.put_table(state, request)

    async def get_table(request: web.Request) -> web.StreamResponse:
        return await tables.get_table(state, request)

    application = web.Application(middlewares=[describe_errors, check_token], client_max_size=0)
    application.add_routes(
        [
            web.get("/health", health),
            web.get("/connect", connect),
            web.put("/tables", put_table),
            web.get("/tables/{id}", get_table),
        ]
    )
    if importlib.util.find_spec("duet.environment") is not None:
        application.add_routes([web.post("/environments", _ensure_environment)])
    if importlib.util.find_spec("duet.functions") is not None:
        from duet.functions import routes

        application.add_routes(routes)
    return application


async def _ensure_environment(request: web.Request) -> web.StreamResponse:
    """Answer `POST /environments` with JSON lines: `{"line"}`…, then `{"runtimeEnvironment"}` or `{"error"}`."""
    from duet.environment import ensure_environment

    specification = await request.json()
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)

    async def write(message: dict[str, Any]) -> None:
        await response.write(f"{json.dumps(message)}\n".encode())

    async def on_line(line: str) -> None:
        await write({"line": line})

    try:
        await write({"runtimeEnvironment": await ensure_environment(specification, on_line)})
    except DuetError as error:
        described = {"code": error.code, "message": error.message, "details": error.details}
        await write({"error": described})
    except ConnectionError:
        # The client has gone, and with it the need for the environment.
        raise
    except Exception as error:
        message = f"The environment could not be built: {error}"
        await write(
            {"error": {"code": "environment-failed", "message": message, "rayType": type(error).__name__}}
        )
    await response.write_eof()
    return response
