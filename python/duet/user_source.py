"""Users' Python as text with a place: compiled, imported, quoted in tracebacks and shipped to other workers.

A user's Python stands in a block string of an MLSQL file. Everything here serves one aim: whatever goes wrong
in it, in whichever process, is shown with that file, that line and that text.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import linecache
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from duet.python_alg.check import compile_source


@dataclass(frozen=True)
class UserSource:
    """One block of Python: its table's name, its text, and where in which file the text starts (line from 1)."""

    name: str
    source: str
    file: str
    first_line: int = 1

    @staticmethod
    def from_json(value: dict[str, Any]) -> UserSource:
        """Read `{"name", "source", "file", "firstLine"}`; the last two may be missing."""
        name = str(value["name"])
        return UserSource(
            name, str(value["source"]), str(value.get("file") or name), int(value.get("firstLine") or 1)
        )

    def compile(self) -> CodeType:
        """Compile for `exec`; raises SyntaxError with the file's own line numbers."""
        return compile_source(self.source, self.file, self.first_line)


# The sources that this process knows, by file: what a code object of that file takes along when it is pickled.
_sources_by_file: dict[str, tuple[UserSource, ...]] = {}


def remember(sources: Iterable[UserSource]) -> None:
    """Make the text of `sources` known to tracebacks, replacing what was known of the same files."""
    by_file: dict[str, list[UserSource]] = {}
    for source in sources:
        by_file.setdefault(source.file, []).append(source)
    for file, blocks in by_file.items():
        lines: list[str] = []
        for block in blocks:
            start = block.first_line - 1
            text = [f"{line}\n" for line in block.source.split("\n")]
            lines.extend(["\n"] * (start + len(text) - len(lines)))
            lines[start : start + len(text)] = text
        linecache.cache[file] = (sum(map(len, lines)), None, lines, file)
        _sources_by_file[file] = tuple(blocks)


def forget(sources: Iterable[UserSource]) -> None:
    """Undo `remember`."""
    for file in {source.file for source in sources}:
        linecache.cache.pop(file, None)
        _sources_by_file.pop(file, None)


def is_user_file(file: str) -> bool:
    """Whether code of `file` is a user's block that this process knows."""
    return file in _sources_by_file


def reduce_code(code: CodeType, plain_reduce: Any) -> tuple[Any, ...]:
    """A pickler's reducer for code objects: users' code takes its sources along, other code goes as ever."""
    sources = _sources_by_file.get(code.co_filename)
    reduced: tuple[Any, ...] = plain_reduce(code)
    if sources is None:
        return reduced
    return (_restore_code, (sources, reduced[0], reduced[1]))


def _restore_code(sources: tuple[UserSource, ...], make: Any, arguments: tuple[Any, ...]) -> CodeType:
    from duet.ray_hooks import prepare_worker

    prepare_worker()
    remember(sources)
    code: CodeType = make(*arguments)
    return code


class _SourceLoader(importlib.abc.InspectLoader):
    """Loads one user module from its text and marks it as one to be pickled by value."""

    def __init__(self, source: UserSource) -> None:
        self.source = source

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def get_source(self, fullname: str) -> str:
        return self.source.source

    def get_code(self, fullname: str) -> CodeType:
        return self.source.compile()

    def exec_module(self, module: ModuleType) -> None:
        from ray import cloudpickle

        # Other workers cannot import it, so what Ray pickles must hold its functions and classes themselves.
        cloudpickle.register_pickle_by_value(module)
        exec(self.get_code(module.__name__), module.__dict__)


class _SourceFinder(importlib.abc.MetaPathFinder):
    def __init__(self, sources: Sequence[UserSource]) -> None:
        self.sources = {source.name: source for source in sources}

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        source = self.sources.get(fullname)
        if source is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _SourceLoader(source), origin=source.file)


@contextmanager
def importable(sources: Sequence[UserSource]) -> Iterator[None]:
    """Make `import <table name>` give the source of that name, and leave no trace of it afterwards."""
    finder = _SourceFinder(sources)
    shadowed = {name: sys.modules.pop(name) for name in finder.sources if _is_user_module(name)}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        for name in finder.sources:
            if _is_user_module(name):
                _forget_module(name)
        sys.modules.update(shadowed)


def _is_user_module(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return isinstance(getattr(spec, "loader", None), _SourceLoader)


def _forget_module(name: str) -> None:
    from ray import cloudpickle

    if name in cloudpickle.list_registry_pickle_by_value():
        cloudpickle.unregister_pickle_by_value(sys.modules[name])
    del sys.modules[name]
