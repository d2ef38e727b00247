"""Where Ray takes a Spark DataFrame from the script.

Ray's parts that are changed, all of them here, private but for the last:

- `ray.remote_function.RemoteFunction._remote`, `ray.actor.ActorClass._remote` and `ray.actor.ActorMethod._remote`,
  through which every `.remote(…)` goes, with and without `.options(…)`: frames among the arguments are replaced by
  object refs, which Ray's scheduler knows as the task's dependencies. Inside of lists, tuples, dicts and dataclasses
  stands a stand-in that unpickles as the object.
- `ray._private.worker.Worker.put_object`, through which `ray.put` goes: `ray.put(frame)` is the ref of its table.
- `ray.util.register_serializer`: a frame anywhere else, in an object of the user's or a closure, is pickled as its
  table. In the driver that is a ref; in a task, which may return the frame and end, the rows themselves.

They read besides: `RemoteFunction._function`, `ActorClass.__ray_metadata__`, `ActorMethod._signature`, `_method_name`
and `_actor` (`_ray_actor_id`, `_ray_actor_creation_function_descriptor`).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from duet.errors import DuetError
from duet.script import ray_private
from duet.script.frames import arrival
from duet.script.frames.arguments import Place, replace_frames
from duet.script.frames.handed import hand_over
from duet.script.frames.limits import Call
from duet.script.frames.spark_frames import is_frame

Parameters = tuple[list[inspect.Parameter], Mapping[str, Any]]


def wire() -> None:
    """Makes Ray's remote calls and `ray.put` take Spark DataFrames."""
    from ray._private.worker import Worker
    from ray.actor import ActorClass, ActorMethod
    from ray.remote_function import RemoteFunction

    _wrap_remote(RemoteFunction, _function_call, lambda function: _parameters(function._function))
    _wrap_remote(ActorClass, _constructor_call, lambda actor: _parameters(_class(actor).__init__, skip=1))
    _wrap_remote(ActorMethod, _method_call, _method_parameters)
    _wrap_put(Worker)


def register(module: ModuleType) -> None:
    """Registers the serializer of the frames of `module`: `pyspark.sql.connect.dataframe` or its classic sister."""
    from ray.util import register_serializer

    register_serializer(module.DataFrame, serializer=_pickled, deserializer=arrival.take)


class Nested:
    """Stands for a frame inside of an argument; unpickles as the object of the ref."""

    def __init__(self, ref: Any) -> None:
        self._ref = ref

    def __reduce__(self) -> tuple[Any, ...]:
        return (arrival.take, (self._ref,))


def _wrap_remote(
    owner: type, call_of: Callable[[Any, dict[str, Any]], Call], parameters_of: Callable[[Any], Parameters]
) -> None:
    original = owner._remote

    @functools.wraps(original)
    def _remote(self: Any, args: Any = None, kwargs: Any = None, *more: Any, **options: Any) -> Any:
        def replace(frame: Any, place: Place) -> Any:
            kind = place.kind or "arrow"
            arriving = hand_over(frame, kind, call_of(self, options), place.path)
            return Nested(arriving) if place.nested and kind != "dataset" else arriving

        try:
            replaced = replace_frames(
                args or (), kwargs or {}, lambda: parameters_of(self), is_frame, replace
            )
        except DuetError as error:
            raise error.with_traceback(None)  # noqa: B904 - the way through our own files says nothing to its reader
        if replaced is not None:
            args, kwargs = replaced
        result = original(self, args, kwargs, *more, **options)
        if call_of is _constructor_call:
            _made[result._ray_actor_id] = call_of(self, options)
        return result

    owner._remote = _remote


def _wrap_put(worker: type) -> None:
    original = worker.put_object

    @functools.wraps(original)
    def put_object(self: Any, value: Any, *arguments: Any, **options: Any) -> Any:
        if is_frame(value):
            return hand_over(value, "arrow", Call("ray.put"), "value")
        return original(self, value, *arguments, **options)

    worker.put_object = put_object


def _pickled(frame: Any) -> Any:
    """What a frame is pickled as where it is no argument."""
    import ray

    ref = hand_over(frame, "arrow", Call("Ray"), "a DataFrame inside of another object")
    return ray.get(ref) if ray_private.is_worker() else ref


def _function_call(function: Any, options: dict[str, Any]) -> Call:
    return Call(function._function.__name__, options.get("memory"), bool(options.get("runtime_env")))


def _constructor_call(actor: Any, options: dict[str, Any]) -> Call:
    return Call(_class(actor).__name__, options.get("memory"), bool(options.get("runtime_env")))


def _method_call(method: Any, _: dict[str, Any]) -> Call:
    actor = method._actor
    name = actor._ray_actor_creation_function_descriptor.class_name
    made = _made.get(actor._ray_actor_id, Call(name, own_environment=True))
    return dataclasses.replace(made, function=f"{name}.{method._method_name}")


_made: dict[Any, Call] = {}
"""How the actors of this process were made. Of a handle from elsewhere nothing is known: its node is the limit."""


def _class(actor: Any) -> Any:
    return actor.__ray_metadata__.modified_class


def _parameters(function: Any, skip: int = 0) -> Parameters:
    plain = inspect.unwrap(function)
    try:
        signature = list(inspect.signature(plain).parameters.values())[skip:]
    except (TypeError, ValueError):  # Built-in functions may have none.
        return [], {}
    return signature, _names(plain)


def _names(function: Any) -> Mapping[str, Any]:
    if not hasattr(function, "__globals__"):
        return {}
    closure = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
    return {**function.__globals__, **closure}


def _method_parameters(method: Any) -> Parameters:
    module = method._actor._ray_actor_creation_function_descriptor.module_name
    return list(method._signature or ()), vars(sys.modules.get(module, sys))
