"""Does a user's Python compile? A fast command line for many blocks, and the compiler that the runner uses.

Run as `python -I -S check.py`; it reads JSON lines from stdin, one block each:

    {"name": "py_train", "source": "import ray\\n…", "file": "essay.mlsql", "firstLine": 3, "firstColumn": 15}

`firstLine` and `firstColumn` (both from 1, both optional) say where in `file` the source's first character
stands. It writes one JSON line per finding, in the order of the blocks, and nothing for a clean block:

    {"name": "py_train", "code": "python-syntax-error", "severity": "error", "message": "'(' was never closed",
     "file": "essay.mlsql", "line": 5, "column": 6, "endLine": 5, "endColumn": 7, "text": "print((1)"}

Codes: `python-syntax-error`, and `python-syntax-warning` for what Python itself warns of. Lines and columns are
those of `file`, columns in characters from 1, ends exclusive. The exit status is 0 whatever was found.
This file imports nothing but the standard library, to start in a few hundredths of a second.
"""

from __future__ import annotations

import json
import sys
import warnings
from types import CodeType
from typing import Any


def compile_source(source: str, file: str, first_line: int = 1) -> CodeType:
    """Compile `source` so that tracebacks and syntax errors name `file` and its lines.

    `first_line` is the line of `file` at which the source starts. Raises SyntaxError whatever is wrong.
    """
    # Empty lines in front are what moves every line number: those of the code and those of a SyntaxError.
    padded = "\n" * (max(first_line, 1) - 1) + source
    try:
        return compile(padded, file, "exec", dont_inherit=True)
    except (ValueError, UnicodeError) as error:
        raise SyntaxError(str(error), (file, max(first_line, 1), 1, None)) from None
    except (MemoryError, RecursionError):
        raise SyntaxError(
            "too deeply nested for Python to compile", (file, max(first_line, 1), 1, None)
        ) from None


def check_block(block: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with one block, in the shapes that the module's documentation gives."""
    file = block.get("file") or block.get("name") or "<python>"
    first_line = int(block.get("firstLine") or 1)
    first_column = int(block.get("firstColumn") or 1)

    def finding(
        code: str,
        severity: str,
        message: str,
        line: int,
        column: int,
        end_line: int,
        end_column: int,
        text: str | None,
    ) -> dict[str, Any]:
        shift = first_column - 1
        return {
            "name": block.get("name"),
            "code": code,
            "severity": severity,
            "message": message,
            "file": file,
            "line": line,
            "column": column + (shift if line == first_line else 0),
            "endLine": end_line,
            "endColumn": end_column + (shift if end_line == first_line else 0),
            "text": text,
        }

    found: list[dict[str, Any]] = []
    lines = str(block["source"]).split("\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compile_source(block["source"], file, first_line)
        except SyntaxError as error:
            line = error.lineno or first_line
            column = max(error.offset or 1, 1)
            end_line = error.end_lineno or line
            end_column = error.end_offset or 0
            if (end_line, end_column) <= (line, column):
                end_line, end_column = line, column + 1
            text = lines[line - first_line] if 0 <= line - first_line < len(lines) else None
            found.append(
                finding(
                    "python-syntax-error",
                    "error",
                    error.msg or "invalid syntax",
                    line,
                    column,
                    end_line,
                    end_column,
                    text,
                )
            )
    for warning in caught:
        line = warning.lineno or first_line
        text = lines[line - first_line] if 0 <= line - first_line < len(lines) else None
        column = len(text) - len(text.lstrip()) + 1 if text else 1
        found.append(
            finding(
                "python-syntax-warning",
                "warning",
                str(warning.message),
                line,
                column,
                line,
                len(text) + 1 if text else column + 1,
                text,
            )
        )
    return found


def main() -> None:
    """Answer the blocks on stdin until it ends."""
    output = sys.stdout
    for line in sys.stdin:
        if not line.strip():
            continue
        for found in check_block(json.loads(line)):
            output.write(json.dumps(found) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
