"""Models served as SQL functions: Spark's executors call them over HTTP, Ray answers.

`POST /functions` (with the bridge's token) starts a function. Its body:

    {
      "name": "predict_label", "run": "run-7f", "modelDir": "/lake/model/_model_3/model/0",
      "script": {name, source, file, firstLine},            // optional: a predict script
      "modules": [{name, source, file, firstLine}],         // optional: what it may import
      "inputs": ["a", "b"],                                 // optional: where the model does not say it
      "outputColumn": "prediction", "outputType": "double", // optional: where the model does not say it
      "probability": false,                                 // optional: return the classes' probabilities
      "maxConcurrency": 1,                                  // optional: how many copies
      "systemParam": {"num_cpus": "0", "num_gpus": "0", "memory": "…", "resources": "{\\"tpu\\": 1}"},  // optional
      "fitParam": {}, "runtimeEnvironment": {…},            // optional
      "baseUrl": "http://10.0.0.7:8700",                    // optional: the bridge as the executors reach it
      "pythonVersion": "3.11"                               // optional: the executors' Python
    }

and its answer, once every copy has loaded the model:

    {"id", "urlPath": "/functions/<id>", "token", "inputs": [{name, type}], "outputType": "bigint",
     "udf": {command, evalType, outputType, pythonVersion, message}}           // see duet.udf.make_udf

`POST /functions/<id>` (with the function's own token) takes an Arrow IPC stream of the inputs and answers with one of
one column. `DELETE /functions/<id>` (the function's own token) ends it; `end_run(run)` ends all of a run. Errors are
`{"code", "message", "details"?}` with status 4xx for what the caller can mend and 5xx else.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from duet.errors import DuetError

if TYPE_CHECKING:
    from duet.model_hosts import ModelHosts

START_SECONDS = 120.0
SERVER_ERRORS = ("function-crashed", "function-start-timeout")


@dataclass(frozen=True)
class ServedFunction:
    """A function that is being served, with the copies of its model."""

    id: str
    token: str
    run: str
    hosts: ModelHosts


_functions: dict[str, ServedFunction] = {}


async def register(spec: dict[str, Any], default_base_url: str) -> dict[str, Any]:
    """Start a function; see the module's documentation for `spec` and the answer. Raises DuetError."""
    from duet.model_hosts import model_hosts
    from duet.python_alg.predictor import arrow_type
    from duet.udf import make_udf

    options = _ray_options(spec)
    count = _count(spec.get("maxConcurrency", 1))
    identity = secrets.token_hex(8)
    hosts = model_hosts(identity, {key: spec.get(key) for key in _MODEL_KEYS}, count, options)
    served = ServedFunction(identity, secrets.token_urlsafe(32), str(spec.get("run") or ""), hosts)
    try:
        described = await _described(hosts)
        base_url = (spec.get("baseUrl") or default_base_url).rstrip("/")
        inputs = [column["name"] for column in described["inputs"]]
        udf = make_udf(
            spec["name"],
            f"{base_url}/functions/{served.id}",
            served.token,
            inputs,
            arrow_type(described["outputType"]),
            spec.get("pythonVersion"),
        )
    except BaseException:
        hosts.end()
        raise
    _functions[served.id] = served
    return {
        "id": served.id,
        "urlPath": f"/functions/{served.id}",
        "token": served.token,
        "inputs": described["inputs"],
        "outputType": udf["outputType"],
        "udf": udf,
    }


def unregister(function_id: str) -> None:
    """End a function; nothing happens where there is none of that id."""
    served = _functions.pop(function_id, None)
    if served is not None:
        served.hosts.end()


async def end_run(run: str) -> None:
    """End all functions of a run."""
    for served in [served for served in _functions.values() if served.run == run]:
        unregister(served.id)


async def call(served: ServedFunction, body: bytes) -> bytes:
    """Answer one batch by the first copy of the model that is free. Raises DuetError."""
    from ray import exceptions

    try:
        answer, failure = await served.hosts.call(body)
    except exceptions.RayError as error:
        raise DuetError("function-crashed", f"The process that holds the model died: {error}") from error
    if failure is not None:
        raise _as_error(failure)
    return answer


_MODEL_KEYS = (
    "modelDir",
    "script",
    "modules",
    "inputs",
    "outputColumn",
    "outputType",
    "probability",
    "systemParam",
    "fitParam",
)


async def _described(hosts: ModelHosts) -> dict[str, Any]:
    from ray import exceptions

    try:
        answers = await asyncio.wait_for(hosts.describe(), START_SECONDS)
    except asyncio.TimeoutError:
        raise DuetError(
            "function-start-timeout",
            f"The model was not loaded after {START_SECONDS:.0f} s: Ray may have no room for its copies "
            "(maxConcurrency, systemParam.num_cpus, num_gpus).",
        ) from None
    except exceptions.RayError as error:
        raise DuetError("function-crashed", f"The process that loads the model died: {error}") from error
    for answer in answers:
        if "error" in answer:
            raise _as_error(answer["error"])
    return answers[0]


def _as_error(failure: dict[str, Any]) -> DuetError:
    return DuetError(failure["code"], failure["message"], **failure.get("details", {}))


def _count(value: Any) -> int:
    try:
        count = int(value)
    except (TypeError, ValueError):
        count = 0
    if not 1 <= count <= 1000:
        raise DuetError("option-invalid", f"maxConcurrency is a number from 1 to 1000, not {value!r}.")
    return count


def _ray_options(spec: dict[str, Any]) -> dict[str, Any]:
    """Ray's options for the copies from `systemParam`, whose values are text."""
    given = spec.get("systemParam") or {}
    options: dict[str, Any] = {"num_cpus": 0}
    for key, read in (
        ("num_cpus", float),
        ("num_gpus", float),
        ("memory", _bytes),
        ("resources", json.loads),
    ):
        if key in given:
            try:
                options[key] = read(given[key])
            except ValueError as error:
                raise DuetError(
                    "option-invalid", f"systemParam.{key}: {given[key]!r} cannot be read: {error}"
                ) from error
    if spec.get("runtimeEnvironment"):
        options["runtime_env"] = spec["runtimeEnvironment"]
    return options


def _bytes(value: Any) -> int:
    """A size as `systemParam.memory` gives it: bytes, or `512m`, `2g`."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", str(value), re.IGNORECASE)
    if found is None:
        raise ValueError("a size is a number of bytes, or one such as 512m or 2g")
    return round(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))


async def _register(request: web.Request) -> web.Response:
    try:
        return web.json_response(await register(await request.json(), str(request.url.origin())))
    except DuetError as error:
        return _refusal(error)


async def _call(request: web.Request) -> web.Response:
    try:
        served = _authorized(request)
        content = await call(served, await request.read())
    except DuetError as error:
        return _refusal(error)
    return web.Response(body=content, content_type="application/vnd.apache.arrow.stream")


async def _unregister(request: web.Request) -> web.Response:
    try:
        unregister(_authorized(request).id)
    except DuetError as error:
        return _refusal(error)
    return web.Response(status=204)


def _authorized(request: web.Request) -> ServedFunction:
    served = _functions.get(request.match_info["id"])
    if served is None:
        raise DuetError("function-ended", "The function is not served (any more): its run has ended.")
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {served.token}".encode()):
        raise DuetError("unauthorized", "The call has no token, or not the one of this function.")
    return served


def _refusal(error: DuetError) -> web.Response:
    status = {"unauthorized": 401, "function-ended": 404}.get(
        error.code, 500 if error.code in SERVER_ERRORS else 422
    )
    described: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details:
        described["details"] = error.details
    return web.json_response(described, status=status, dumps=lambda value: json.dumps(value, default=str))


routes: list[web.RouteDef] = [
    web.post("/functions", _register),
    web.post("/functions/{id}", _call),
    web.delete("/functions/{id}", _unregister),
]
