"""Environments of scripts, built by the real uv through the process that other languages use."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

PYTHON_FOLDER = Path(__file__).parents[1]

pytestmark = pytest.mark.engine


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def silent_index() -> Iterator[str]:
    """The address of a package index that takes connections and never answers: a build with it lasts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


class Build:
    """One process that makes an environment."""

    def __init__(self, home: Path, spec: dict[str, Any], role: str = "worker") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "duet.environment"],
            env={**os.environ, "PYTHONPATH": str(PYTHON_FOLDER), "DUET_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"spec": spec, "role": role, "target": "here"}) + "\n")
        self.process.stdin.flush()

    def until(self, key: str) -> Any:
        """The next message with this key; what came before it is gone."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if key in message:
                return message[key]
        raise AssertionError(f"it ended without {key}")

    def messages(self) -> list[dict[str, Any]]:
        """All messages to the end."""
        try:
            return [json.loads(line) for line in self.process.communicate(timeout=120)[0].splitlines()]
        finally:
            self.process.kill()

    def installer(self) -> int | None:
        """The process id of its `uv pip install`, once that runs."""
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            program, *arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if Path(program).name == "uv" and arguments[:2] == ["pip", "install"]:
                return int(pid)
        return None


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def built(home: Path, spec: dict[str, Any], role: str = "worker") -> str:
    # Its standard input stays open while it builds: its end would mean that nobody waits any more.
    python = Build(home, spec, role).until("python")
    assert isinstance(python, str)
    return python


def failure(home: Path, spec: dict[str, Any]) -> dict[str, Any]:
    return Build(home, spec).until("error")


def ask(python: str, program: str) -> str:
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def until(condition: Callable[[], Any]) -> None:
    while not condition():
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def leftovers(home: Path) -> list[str]:
    return [path.name for path in (home / "environments").iterdir() if path.suffix != ".lock"]


def test_a_scripts_environment_is_built_once(tmp_path: Path, home: Path) -> None:
    write(tmp_path / "mine/pyproject.toml", '[project]\nname = "mine"\nversion = "0.1"\n')
    write(tmp_path / "mine/mine.py", "x = 1\n")
    asked = "toolz==1.0.0\npyspark[connect]>=4\n./mine\n-c limits.txt\n"
    file = write(tmp_path / "requirements.txt", asked)
    write(tmp_path / "limits.txt", "pandas<2.3.3\n")
    spec = {"requirementsFile": str(file)}
    first = Build(home, spec, "connect")
    assert first.until("packages") == 2
    second = Build(home, spec, "connect")
    assert "waiting" in second.until("line")
    python = first.until("python")
    assert second.until("python") == python
    program = "import mine, toolz; from pyspark.sql import SparkSession; print(mine.x, toolz.__version__)"
    assert ask(python, program) == "1 1.0.0"
    versions = "from importlib.metadata import version; print(version('ray'), version('pandas'))"
    ray, pandas = ask(python, versions).split()
    assert ray == metadata.version("ray") and pandas == "2.3.2"


def test_a_package_of_this_machine_is_followed(tmp_path: Path, home: Path) -> None:
    write(tmp_path / "mine/pyproject.toml", '[project]\nname = "mine"\nversion = "0.1"\n')
    module = write(tmp_path / "mine/mine.py", "x = 1\n")
    spec = {"requirementsFile": str(write(tmp_path / "requirements.txt", "./mine\n"))}
    python = built(home, spec)
    module.write_text("x = 2  # and longer\n", "utf-8")
    newer = built(home, spec)
    assert newer != python
    assert ask(newer, "import mine; print(mine.x)") == "2"
    Path(newer).unlink()
    assert built(home, spec) == newer, "an environment whose Python has gone is made anew"
    assert ask(newer, "import mine; print(mine.x)") == "2"


def test_only_what_duet_brings_needs_no_environment(tmp_path: Path, home: Path) -> None:
    inline = {"script": str(tmp_path / "t.py"), "toml": 'dependencies = ["ray", "pyspark>=4"]', "line": 2}
    assert Build(home, {"inline": inline}, "connect").until("python") is None
    assert not home.exists()


def test_a_failure_has_the_resolvers_words_and_a_line(tmp_path: Path, home: Path) -> None:
    file = write(tmp_path / "requirements.txt", "toolz\n\nno-such-package-of-duet>=2\n")
    error = failure(home, {"requirementsFile": str(file)})
    assert error["code"] == "environment-failed"
    assert "no-such-package-of-duet was not found" in error["message"]
    assert "cause:" not in error["message"]
    assert (error["file"], error["line"]) == (str(file), 3)

    file.write_text("toolz\npandas>=3\npandas<3\n", "utf-8")
    error = failure(home, {"requirementsFile": str(file)})
    assert error["code"] == "environment-failed" and "pandas>=3" in error["message"]
    assert error["line"] == 2
    assert leftovers(home) == []


def test_settings_of_uv_count(tmp_path: Path, home: Path) -> None:
    toml = (
        'dependencies = ["toolz"]\n[tool.uv]\nconstraint-dependencies = ["toolz>=9999"]\n'
        '[[tool.uv.index]]\nname = "ours"\nurl = "wheels"\nformat = "flat"\n'
    )
    (tmp_path / "wheels").mkdir()
    inline = {"script": str(tmp_path / "t.py"), "toml": toml, "line": 2}
    error = failure(home, {"inline": inline})
    assert error["code"] == "environment-failed" and "toolz>=9999" in error["message"]
    assert error["line"] == 2


def test_nobody_waits_any_more(tmp_path: Path, home: Path, silent_index: str) -> None:
    file = write(tmp_path / "requirements.txt", f"--index-url {silent_index}\ntoolz\n")
    build = Build(home, {"requirementsFile": str(file)})
    build.until("packages")
    assert build.messages() == []
    assert build.process.returncode == 0
    assert leftovers(home) == []


def test_what_a_killed_build_left_is_removed_by_the_next(
    tmp_path: Path, home: Path, silent_index: str
) -> None:
    file = write(tmp_path / "requirements.txt", f"--index-url {silent_index}\ntoolz\n")
    build = Build(home, {"requirementsFile": str(file)})
    build.until("packages")
    until(build.installer)
    uv = build.installer()
    assert uv is not None
    build.process.kill()
    build.process.wait()
    until(lambda: not is_running(uv))
    [left] = leftovers(home)
    assert left.endswith(".new")
    file.write_text("--no-index\ntoolz\n", "utf-8")
    assert failure(home, {"requirementsFile": str(file)})["code"] == "environment-failed"
    assert leftovers(home) == []
