"""Finding Spark DataFrames among the arguments of a remote call, and putting something else in their places."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duet.script.frames.kinds import EMPTY, Annotation, Kind, field_of

_PLAIN = frozenset({int, float, str, bytes, bool, complex, type(None)})


@dataclass(frozen=True)
class Place:
    """Where a frame stands among the arguments of one call."""

    path: str
    """For people: `data`, `tables[0]`, `parts['train']`."""
    kind: Kind | None
    """What the annotation asks for."""
    nested: bool
    """Inside of another object, not an argument by itself."""


Replace = Callable[[Any, Place], Any]


def replace_frames(
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    parameters: Callable[[], tuple[Iterable[inspect.Parameter], Mapping[str, Any]]],
    is_frame: Callable[[Any], bool],
    replace: Replace,
) -> tuple[list[Any], dict[str, Any]] | None:
    """The arguments with `replace(frame, place)` in the place of each frame, or None where there are no frames.

    Lists, tuples, dicts and dataclasses that hold a frame are copied; nothing of the caller's is changed.
    `parameters` gives the signature, and the names that texts among its annotations are written in.
    """
    walk = _Walk(is_frame, replace)
    if not any(walk.holds_frame(value) for value in (*arguments, *keywords.values())):
        return None
    signature, names = parameters()
    annotations = _Annotations(signature, names)
    positional = [
        walk.replaced(value, *annotations.positional(position)) for position, value in enumerate(arguments)
    ]
    named = {name: walk.replaced(value, *annotations.named(name)) for name, value in keywords.items()}
    return positional, named


class _Annotations:
    def __init__(self, signature: Iterable[inspect.Parameter], names: Mapping[str, Any]) -> None:
        self._parameters = list(signature)
        self._names = names

    def positional(self, position: int) -> tuple[Annotation, str]:
        ordered = [
            one for one in self._parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        ]
        if position < len(ordered):
            return self._of(ordered[position]), ordered[position].name
        for one in self._parameters:
            if one.kind is one.VAR_POSITIONAL:
                return self._of(one), f"{one.name}[{position - len(ordered)}]"
        return EMPTY, f"argument {position + 1}"

    def named(self, name: str) -> tuple[Annotation, str]:
        for one in self._parameters:
            if one.kind is one.VAR_KEYWORD or (
                one.name == name and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
            ):
                return self._of(one), name
        return EMPTY, name

    def _of(self, parameter: inspect.Parameter) -> Annotation:
        value = parameter.annotation
        return EMPTY if value is inspect.Parameter.empty else Annotation(value, self._names)


class _Walk:
    def __init__(self, is_frame: Callable[[Any], bool], replace: Replace) -> None:
        self._is_frame = is_frame
        self._replace = replace
        self._holds: dict[int, bool] = {}
        self._copies: dict[tuple[int, int], Any] = {}

    def holds_frame(self, value: Any) -> bool:
        if type(value) in _PLAIN:
            return False
        if self._is_frame(value):
            return True
        inner = _contents(value)
        if inner is None:
            return False
        known = self._holds.get(id(value))
        if known is None:
            self._holds[id(value)] = False  # What holds itself adds nothing.
            known = self._holds[id(value)] = any(self.holds_frame(one) for one in inner)
        return known

    def replaced(self, value: Any, annotation: Annotation, path: str, nested: bool = False) -> Any:
        if type(value) in _PLAIN:
            return value
        if self._is_frame(value):
            return self._replace(value, Place(path, annotation.kind(), nested))
        if not self.holds_frame(value):
            return value
        # The same object may stand in two places, which ask for different things.
        key = (id(value), id(annotation.value))
        if key not in self._copies:
            self._copies[key] = None
            self._copies[key] = self._copied(value, annotation, path, key)
        return self._copies[key]

    def _copied(self, value: Any, annotation: Annotation, path: str, key: tuple[int, int]) -> Any:
        if isinstance(value, dict):
            same = self._copies[key] = copy.copy(value)
            for name, one in value.items():
                same[name] = self.replaced(one, annotation.entry(name), f"{path}[{name!r}]", True)
            return same
        if isinstance(value, list):
            same = self._copies[key] = []
            for position, one in enumerate(value):
                same.append(self.replaced(one, annotation.element(position), f"{path}[{position}]", True))
            return same
        if isinstance(value, tuple):
            return self._copied_tuple(value, annotation, path)
        same = self._copies[key] = copy.copy(value)
        for field in dataclasses.fields(value):
            item = getattr(value, field.name, None)
            new = self.replaced(item, field_of(type(value), field.name), f"{path}.{field.name}", True)
            if new is not item:
                object.__setattr__(same, field.name, new)  # As dataclasses do it where they are frozen.
        return same

    def _copied_tuple(self, value: tuple[Any, ...], annotation: Annotation, path: str) -> Any:
        names = getattr(type(value), "_fields", None)
        if names is None:
            return tuple(
                self.replaced(one, annotation.element(position), f"{path}[{position}]", True)
                for position, one in enumerate(value)
            )
        return type(value)._make(
            self.replaced(one, field_of(type(value), name), f"{path}.{name}", True)
            for name, one in zip(names, value, strict=True)
        )


def _contents(value: Any) -> Iterable[Any] | None:
    if isinstance(value, dict):
        return value.values()
    if type(value) in (list, tuple) or (isinstance(value, tuple) and hasattr(value, "_fields")):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, one.name, None) for one in dataclasses.fields(value)]
    return None
