"""What the Ray tasks and actors of a user's Python ask for, read from its syntax tree.

Run as `python -I -S declared_resources.py`; it reads the same JSON lines as `check.py` and writes one JSON line
for each `@ray.remote(…)`, `@remote(…)` or `.options(…)` that names CPUs, GPUs, memory or resources as plain
numbers:

    {"name": "f", "file": "essay.mlsql", "line": 5, "resources": {"CPU": 2, "GPU": 1}}

Numbers that are computed are left out: only a running program knows them. A block that does not compile gives
nothing; `check.py` has told about it. This file imports nothing but the standard library.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from typing import Any

NAMES = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}


def declared_resources(source: str, file: str, first_line: int = 1) -> Iterator[dict[str, Any]]:
    """The requests of one block, in the order of its lines; `first_line` is the line of `file` where it starts."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            calls = [
                (node.name, item)
                for item in node.decorator_list
                if isinstance(item, ast.Call) and _is_remote(item.func)
            ]
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "options"
        ):
            calls = [(ast.unparse(node.func.value), node)]
        else:
            continue
        for name, call in calls:
            resources = _constants(call)
            if resources:
                yield {
                    "name": name,
                    "file": file,
                    "line": call.lineno + first_line - 1,
                    "resources": resources,
                }


def _is_remote(function: ast.expr) -> bool:
    return (isinstance(function, ast.Attribute) and function.attr == "remote") or (
        isinstance(function, ast.Name) and function.id == "remote"
    )


def _constants(call: ast.Call) -> dict[str, float]:
    found: dict[str, float] = {}
    for keyword in call.keywords:
        if keyword.arg in NAMES and _is_number(keyword.value):
            found[NAMES[keyword.arg]] = ast.literal_eval(keyword.value)
        elif keyword.arg == "resources" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_number(value):
                    found[key.value] = ast.literal_eval(value)
    return found


def _is_number(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
    )


def main() -> None:
    """Answer standard input's blocks on standard output."""
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in sys.stdin:
        if line.strip():
            block = json.loads(line)
            for found in declared_resources(block["source"], block["file"], int(block.get("firstLine") or 1)):
                sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
