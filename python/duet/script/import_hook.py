"""Calls back when a module has been imported, whoever imports it and however late."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in `typing`, which takes 2 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Callback = Callable[[ModuleType], None]

_callbacks: dict[str, list[Callback]] = {}


def when_imported(module_name: str, callback: Callback) -> None:
    """Calls `callback(module)` as soon as the module's own code has run: at once where it has been imported.

    What the callback raises comes out of the user's `import` statement. A reloaded module is reported again.
    """
    _callbacks.setdefault(module_name, []).append(callback)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    module = sys.modules.get(module_name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        callback(module)


def when_all_imported(module_names: Sequence[str], callback: Callable[[], None]) -> None:
    """Calls `callback()` once, when all of the modules have been imported."""
    missing = set(module_names)
    if not missing:
        callback()

    def seen(name: str) -> Callback:
        def note(_: ModuleType) -> None:
            if name in missing:
                missing.discard(name)
                if not missing:
                    callback()

        return note

    for name in module_names:
        when_imported(name, seen(name))


class _Finder:
    """Stands first on `sys.meta_path`, and lets the others find what it was asked for."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _callbacks:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader:
    """Runs the module with its own loader, which is the one that the module knows, and then the callbacks."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        spec.loader = self._loader
        try:
            return self._loader.create_module(spec)
        finally:
            spec.loader = self

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        for callback in tuple(_callbacks[module.__name__]):
            callback(module)

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)
