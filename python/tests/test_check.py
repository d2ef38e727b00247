"""The syntax check: places in the user's file, many blocks at once, and its start-up time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from duet.python_alg import check
from duet.python_alg.check import check_block


def test_a_mistake_is_placed_in_the_users_file() -> None:
    block = {
        "name": "a",
        "source": "x = 1\nif x:\n    print((1)\n",
        "file": "e.mlsql",
        "firstLine": 10,
        "firstColumn": 9,
    }
    (found,) = check_block(block)
    assert (found["file"], found["line"], found["column"], found["endColumn"]) == ("e.mlsql", 12, 10, 11)
    assert found["code"] == "python-syntax-error"
    assert found["severity"] == "error"
    assert found["text"] == "    print((1)"


def test_the_first_line_is_shifted_by_its_column() -> None:
    (found,) = check_block({"name": "a", "source": "return 3", "file": "e", "firstLine": 2, "firstColumn": 9})
    assert (found["line"], found["column"], found["endColumn"]) == (2, 9, 17)


def test_what_python_warns_of_is_a_warning() -> None:
    (found,) = check_block({"name": "a", "source": "x = 1\n  # c\ny = x is 3\n", "file": "e"})
    assert (found["code"], found["severity"], found["line"]) == ("python-syntax-warning", "warning", 3)


def test_sources_that_are_no_python_text_at_all() -> None:
    for source in ("a\0b", "a = '\ud800'", "(" * 5000, "x = " + "-" * 100_000 + "1"):
        (found,) = check_block({"name": "a", "source": source, "file": "e", "firstLine": 4})
        assert found["code"] == "python-syntax-error"
        assert found["line"] == 4
        json.dumps(found)


def test_the_command_answers_many_blocks_fast() -> None:
    blocks: list[dict[str, Any]] = [
        {
            "name": f"b{number}",
            "source": "x = 1\n" * 50 + ("y = (" if number % 10 == 0 else ""),
            "file": "e",
            "firstLine": 1,
        }
        for number in range(100)
    ]
    text = "\n".join(json.dumps(block) for block in blocks)
    command = [sys.executable, "-I", "-S", str(Path(check.__file__))]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [entry["name"] for entry in found] == [f"b{number}" for number in range(0, 100, 10)]

    def start_up() -> float:
        started = time.perf_counter()
        subprocess.run(command, input="", capture_output=True, text=True, check=True)
        return time.perf_counter() - started

    assert min(start_up() for _ in range(5)) < 0.1
