"""What a parameter's annotation asks a handed-over DataFrame to arrive as.

An annotation is read only as far as it stands over a DataFrame: `Optional[pd.DataFrame]`, `list["pd.DataFrame"]`,
`dict[str, pl.DataFrame]`, `tuple[pa.Table, ray.data.Dataset]`, a `TypedDict` and the fields of a dataclass. Texts
(`from __future__ import annotations`) are evaluated among the names of the module that they stand in; a name that
exists for type checkers only (`if TYPE_CHECKING: import pandas as pd`) is known by its usual spelling.
"""

from __future__ import annotations

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["arrow", "pandas", "polars", "dataset"]
"""As what a frame arrives: `pyarrow.Table`, `pandas.DataFrame`, `polars.DataFrame`, `ray.data.Dataset`."""

NAMES: Mapping[Kind, str] = {
    "arrow": "pyarrow.Table",
    "pandas": "pandas.DataFrame",
    "polars": "polars.DataFrame",
    "dataset": "ray.data.Dataset",
}

_CLASSES: Mapping[str, tuple[str, Kind]] = {
    "pyarrow": ("Table", "arrow"),
    "pandas": ("DataFrame", "pandas"),
    "polars": ("DataFrame", "polars"),
    "ray.data": ("Dataset", "dataset"),
}

_USUAL_SPELLINGS: Mapping[str, Kind] = {
    "pa.Table": "arrow",
    "pyarrow.Table": "arrow",
    "pd.DataFrame": "pandas",
    "pandas.DataFrame": "pandas",
    "pl.DataFrame": "polars",
    "polars.DataFrame": "polars",
    "ray.data.Dataset": "dataset",
    "data.Dataset": "dataset",
    "Dataset": "dataset",
}


@dataclass(frozen=True)
class Annotation:
    """An annotation and the names that texts in it are written in; `EMPTY` where there is none."""

    value: Any
    names: Mapping[str, Any] = field(default_factory=dict)

    def kind(self) -> Kind | None:
        """What a frame in this place arrives as; None where the annotation does not say."""
        for alternative in self._alternatives():
            found = _kind_of(alternative)
            if found is not None:
                return found
        return None

    def element(self, position: int) -> Annotation:
        """Of an element of a list or tuple."""
        for alternative in self._alternatives():
            origin, arguments = typing.get_origin(alternative), typing.get_args(alternative)
            if not arguments or not _is_class(origin, collections.abc.Iterable) or _is_mapping(origin):
                continue
            if origin is not tuple or arguments[-1] is Ellipsis:
                return self._inner(arguments[0])
            if position < len(arguments):
                return self._inner(arguments[position])
        return EMPTY

    def entry(self, key: Any) -> Annotation:
        """Of a value of a dict."""
        for alternative in self._alternatives():
            arguments = typing.get_args(alternative)
            if len(arguments) == 2 and _is_mapping(typing.get_origin(alternative)):
                return self._inner(arguments[1])
            if typing.is_typeddict(alternative) and key in alternative.__annotations__:
                return field_of(alternative, key)
        return EMPTY

    def _inner(self, value: Any) -> Annotation:
        return Annotation(value, self.names)

    def _alternatives(self) -> Iterator[Any]:
        waiting = [self.value]
        while waiting:
            value = _evaluated(waiting.pop(0), self.names)
            if typing.get_origin(value) in (typing.Union, types.UnionType):
                waiting[:0] = typing.get_args(value)
            elif hasattr(value, "__metadata__"):
                waiting.insert(0, value.__origin__)
            else:
                yield value


EMPTY = Annotation(None)


def field_of(owner: type, name: str) -> Annotation:
    """Of a field of a dataclass, named tuple or typed dict."""
    for base in owner.__mro__:
        value = inspect.get_annotations(base).get(name)
        if value is not None:
            return Annotation(value, vars(sys.modules.get(base.__module__, types)))
    return EMPTY


def _kind_of(value: Any) -> Kind | None:
    if isinstance(value, _Unknown):
        return _USUAL_SPELLINGS.get(value.spelling)
    if not isinstance(value, type):
        return None
    for module_name, (class_name, kind) in _CLASSES.items():
        # Nobody can name a class of a module that has not been imported.
        module = sys.modules.get(module_name)
        known = getattr(module, class_name, None) if module is not None else None
        if known is not None and issubclass(value, known):
            return kind
    return None


def _is_class(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _is_mapping(value: Any) -> bool:
    return _is_class(value, collections.abc.Mapping)


def _evaluated(value: Any, names: Mapping[str, Any]) -> Any:
    # A quoted annotation under `from __future__ import annotations` is a text of a text.
    for _ in range(3):
        text = value.__forward_arg__ if isinstance(value, typing.ForwardRef) else value
        if not isinstance(text, str):
            break
        try:
            value = eval(text, {}, _Names(names))
        except Exception:  # An annotation may be any expression, and none must make a call fail.
            return None
    return value


class _Names(dict[str, Any]):
    """The names of a module; others stand for themselves."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__(vars(__import__("builtins")))
        self.update(names)

    def __missing__(self, name: str) -> Any:
        return _Unknown(name)


class _Unknown:
    """A name that only type checkers know, e.g. `pd.DataFrame`."""

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def __getattr__(self, name: str) -> _Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unknown(f"{self.spelling}.{name}")

    def __getitem__(self, _: Any) -> _Unknown:
        return self

    def __call__(self) -> None:
        """Nothing: `typing` takes only what can be called for a type."""

    def __or__(self, other: Any) -> Any:
        return typing.Union[self, other]  # noqa: UP007

    def __ror__(self, other: Any) -> Any:
        return typing.Union[other, self]  # noqa: UP007
