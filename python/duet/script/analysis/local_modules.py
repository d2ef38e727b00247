"""The script and the modules beside it that it imports, one after the other as they are found."""

# pathlib takes 9 ms to import, and every script waits for this.
# ruff: noqa: PTH100, PTH112, PTH113, PTH118, PTH120, PTH123, PTH202, PTH206

from __future__ import annotations

import ast
import os
import sys

from duet.script.analysis.scopes import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from duet.script.analysis.read_names import Use

MOST_FILES = 300
MOST_BYTES = 5_000_000
"""More than this is no script with its helpers but an application; reading it would delay the start."""


class LocalModules:
    """Finds, reads and remembers the files."""

    def __init__(self, script: str) -> None:
        self.files: list[str] = []
        self.complete = True
        self.syntax_error: dict[str, Any] | None = None
        self.script_source = b""
        self._script = script
        self._root = os.path.dirname(os.path.abspath(script))
        self._modules: dict[str, Module | None] = {}
        self._queue: list[str] = [os.path.abspath(script)]
        self._bytes = 0

    def __iter__(self) -> Iterator[Module]:
        """The script, and then the modules that :meth:`follow` has found."""
        for file in self._queue:
            module = self._module(file)
            if module is not None:
                yield module

    def is_local(self, package: str) -> bool:
        """Whether an import of this name finds a file of the script's folder."""
        return self._find([package]) is not None

    def follow(self, module: Module, uses: list[Use]) -> None:
        """Has the modules read that this one imports."""
        for use in uses:
            if use.unread:
                continue
            if isinstance(use.node, ast.Import):
                names = [(0, alias.name) for alias in use.node.names]
            elif isinstance(use.node, ast.ImportFrom):
                base = use.node.module or ""
                inner = [f"{base}.{alias.name}".strip(".") for alias in use.node.names]
                names = [(use.node.level, name) for name in (base, *inner)]
            else:
                continue
            for level, name in names:
                for file in self._files_of(module, level, name):
                    if file not in self._queue:
                        self._queue.append(file)

    def _files_of(self, module: Module, level: int, name: str) -> Iterator[str]:
        """The files that an import runs: packages on the way, and the module."""
        parts = self._absolute(module, level, name)
        for count in range(1, len(parts) + 1):
            file = self._find(parts[:count])
            if file:
                yield file

    def _absolute(self, module: Module, level: int, name: str) -> list[str]:
        """The dotted name below the script's folder, in parts; empty for one that lies outside of it."""
        parts = name.split(".") if name else []
        if level == 0:
            return parts
        folder = os.path.dirname(module.file)
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        if folder == self._root or not folder.startswith(self._root + os.sep):
            return []
        return [*os.path.relpath(folder, self._root).split(os.sep), *parts]

    def _find(self, parts: list[str]) -> str | None:
        """The file of a module; an empty text for a folder without `__init__.py`; None where there is none."""
        if not parts or not all(parts) or parts[0] in sys.builtin_module_names:
            return None
        path = os.path.join(self._root, *parts)
        for file in (os.path.join(path, "__init__.py"), f"{path}.py"):
            if os.path.isfile(file):
                return file
        return "" if os.path.isdir(path) and parts[0] not in sys.stdlib_module_names else None

    def _module(self, file: str) -> Module | None:
        if file not in self._modules:
            self._modules[file] = None
            self._modules[file] = self._read(file)
        return self._modules[file]

    def _read(self, file: str) -> Module | None:
        is_script = file == self._queue[0]
        try:
            size = os.path.getsize(file)
            if not is_script and (len(self.files) >= MOST_FILES or self._bytes + size > MOST_BYTES):
                self.complete = False
                return None
            with open(file, "rb") as stream:
                source = stream.read()
        except OSError:
            return None
        self._bytes += len(source)
        self.files.append(self._script if is_script else file)
        if is_script:
            self.script_source = source
        try:
            tree = ast.parse(source, file)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if self.syntax_error is None:
                self.syntax_error = _record(error, file)
            return None
        module = Module(file, tree, lambda level, name: self._resolve(module, level, name))
        return module

    def _resolve(self, module: Module, level: int, name: str) -> Module | None:
        file = self._find(self._absolute(module, level, name))
        return self._module(file) if file else None


def _record(error: Exception, file: str) -> dict[str, Any]:
    place = error if isinstance(error, SyntaxError) else SyntaxError(str(error))
    return {
        "file": file,
        "line": place.lineno or 1,
        "column": place.offset or 1,
        "message": place.msg or "it does not compile",
    }
