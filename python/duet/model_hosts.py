"""Where served models live in Ray: in actors of their own, or in the workers that run tasks anyway.

A plain model is applied by tasks. Their workers are warm: they have trained or predicted before and have its
libraries loaded, where a new actor takes seconds to import them. Each worker keeps the last few models that it has
loaded. A model that holds a GPU, needs an environment of its own or brings user modules gets actors: these end with
the function, and with them all that they hold.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Protocol

from duet.served_model import ServedModel

MODELS_OF_A_WORKER = 4


class ModelHosts(Protocol):
    """Copies of one model, each of which answers one batch at a time."""

    async def describe(self) -> list[dict[str, Any]]:
        """What the copies say of themselves, once they have loaded the model (see `ServedModel.describe`)."""

    async def call(self, body: bytes) -> tuple[bytes, dict[str, Any] | None]:
        """Have a free copy answer a batch (see `ServedModel.call`). Raises ray.exceptions.RayError."""

    def end(self) -> None:
        """Let go of the copies; calls that run may fail."""


def model_hosts(identity: str, spec: dict[str, Any], count: int, options: dict[str, Any]) -> ModelHosts:
    """Start `count` copies of the model of `spec` with Ray's `options`; `identity` is the function's own."""
    own = spec.get("script") or spec.get("modules") or "runtime_env" in options or options.get("num_gpus")
    return ActorHosts(spec, count, options) if own else TaskHosts(identity, spec, count, options)


class ActorHosts:
    """Each copy is an actor; one that dies is started again."""

    def __init__(self, spec: dict[str, Any], count: int, options: dict[str, Any]) -> None:
        import ray

        actor_class = ray.remote(ServedModel).options(max_restarts=3, max_task_retries=1, **options)
        self._actors = [actor_class.remote(spec) for _ in range(count)]
        self._free: asyncio.Queue[Any] = asyncio.Queue()
        for actor in self._actors:
            self._free.put_nowait(actor)

    async def describe(self) -> list[dict[str, Any]]:
        """See `ModelHosts`."""

        async def one(actor: Any) -> dict[str, Any]:
            return await actor.describe.remote()

        return list(await asyncio.gather(*map(one, self._actors)))

    async def call(self, body: bytes) -> tuple[bytes, dict[str, Any] | None]:
        """See `ModelHosts`."""
        actor = await self._free.get()
        try:
            return await actor.call.remote(body)
        finally:
            self._free.put_nowait(actor)

    def end(self) -> None:
        """See `ModelHosts`."""
        import ray

        for actor in self._actors:
            ray.kill(actor)


class TaskHosts:
    """Each call is a task; at most `count` run at once."""

    def __init__(self, identity: str, spec: dict[str, Any], count: int, options: dict[str, Any]) -> None:
        import ray

        self._describe = ray.remote(describe_model).options(max_retries=3, **options)
        self._call = ray.remote(call_model).options(max_retries=3, **options)
        self._key = (identity, ray.put(spec))
        self._room = asyncio.Semaphore(count)

    async def describe(self) -> list[dict[str, Any]]:
        """See `ModelHosts`."""
        identity, spec = self._key
        return [await self._describe.remote(identity, spec)]

    async def call(self, body: bytes) -> tuple[bytes, dict[str, Any] | None]:
        """See `ModelHosts`."""
        identity, spec = self._key
        async with self._room:
            return await self._call.remote(identity, spec, body)

    def end(self) -> None:
        """See `ModelHosts`. The workers forget the model when they have loaded a few others."""


_models: OrderedDict[str, ServedModel] = OrderedDict()


def describe_model(identity: str, spec: dict[str, Any]) -> dict[str, Any]:
    """In a worker: what the model says of itself."""
    return _loaded(identity, spec).describe()


def call_model(identity: str, spec: dict[str, Any], body: bytes) -> tuple[bytes, dict[str, Any] | None]:
    """In a worker: the answer to one batch."""
    return _loaded(identity, spec).call(body)


def _loaded(identity: str, spec: dict[str, Any]) -> ServedModel:
    model = _models.pop(identity, None) or ServedModel(spec)
    _models[identity] = model
    while len(_models) > MODELS_OF_A_WORKER:
        _models.popitem(last=False)
    return model
