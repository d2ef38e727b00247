"""Makes one environment for a program in another language: `python -m duet.environment`.

Standard input has one line of JSON: `{"spec": {…}, "role": "connect", "cluster": {"python": "3.11.7", "ray": "2.60.0"},
"target": "here" | "cluster"}` (see `duet.environment`; `cluster` may be absent), or `{"sparkRelease": "4.1.1"}`. It
stays open as long as somebody waits: at its end the build is given up. Standard output has a JSON object a line:
`{"packages": 5}` when a build begins, `{"line": "…"}`, `{"note": "…"}`, and at last one of

    {"python": "/…/bin/python" | null, "files": ["/…"], "lasting": true}         for `here`
    {"python": "/…/bin/python"}                                            for a release
    {"runtimeEnv": {…}}                                                    for `cluster`
    {"error": {"code": "…", "message": "…", "file": "…", "line": 3}}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

from duet.environment import cluster_versions, script_environment, spark_release
from duet.environment.cluster import cluster_environment
from duet.errors import DuetError


def _write(message: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


async def _on_line(line: str) -> None:
    _write({"line": line})


async def _on_note(note: str) -> None:
    _write({"note": note})


async def _on_start(packages: int) -> None:
    _write({"packages": packages})


async def _answer(request: dict[str, Any]) -> dict[str, Any]:
    if "sparkRelease" in request:
        python = await spark_release(request["sparkRelease"], _on_line, on_start=_on_start)
        return {"python": str(python)}
    cluster = request.get("cluster")
    if request.get("target") == "cluster":
        python, ray = (cluster["python"], cluster["ray"]) if cluster else cluster_versions()
        described = cluster_environment(request["spec"], request["role"], python=python, ray=ray)
        for note in described.notes:
            await _on_note(note)
        return {"runtimeEnv": described.runtime_env}
    built = await script_environment(
        request["spec"],
        request["role"],
        _on_line,
        cluster=cluster,
        on_note=_on_note,
        on_start=_on_start,
    )
    return {
        "python": None if built.python is None else str(built.python),
        "files": [str(file) for file in built.files],
        "lasting": built.lasting,
    }


async def _main() -> None:
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    request = json.loads(await reader.readline())
    work = asyncio.ensure_future(_answer(request))
    waiting = asyncio.ensure_future(reader.read())
    await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        # Nobody waits any more: uv is ended with the task.
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return
    waiting.cancel()
    try:
        _write(work.result())
    except DuetError as error:
        _write({"error": {"code": error.code, "message": error.message, **error.details}})


asyncio.run(_main())
