"""A script's entry point on a cluster, as a process of its own: what it writes into its job's log."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PYTHON_PATH = Path(__file__).resolve().parents[1]


class Log:
    """The log of a job that has ended, taken apart."""

    def __init__(self, data: bytes, code: int) -> None:
        self.code = code
        self.records: list[tuple[str, Any]] = []
        streams: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        for line in data.split(b"\n")[:-1]:
            kind, _, payload = line[1:-1].partition(b"\x1f")
            if not line.startswith(b"\x1e"):
                streams["stdout"].append(line + b"\n")
            elif kind == b"e":
                streams["stderr"].append(payload + b"\n")
            elif kind in (b"O", b"E"):
                streams["stdout" if kind == b"O" else "stderr"].append(base64.b64decode(payload))
            else:
                self.records.append((kind.decode(), json.loads(payload)))
        self.stdout, self.stderr = (b"".join(parts) for parts in streams.values())

    def of(self, kind: str) -> list[Any]:
        return [value for name, value in self.records if name == kind]


def start(folder: Path, *arguments: str, lake: Path | None = None) -> subprocess.Popen[bytes]:
    wiring = {"run": "r1", "script": "main.py", "switchBytes": 1, "planBytes": 1}
    if lake is not None:
        wiring["directory"] = str(lake / "runs" / "r1")
    job = {"profile": "work", "directory": "", "wiring": wiring}
    site = PYTHON_PATH / "script_site"
    environment = {**os.environ, "DUET_JOB": json.dumps(job), "PYTHONPATH": f"{site}:{PYTHON_PATH}"}
    command = [sys.executable, "-m", "duet.script.job_runner", "main.py", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> Log:
    data, _ = process.communicate(timeout=60)
    return Log(data, process.returncode)


def run(folder: Path, source: str, *arguments: str, lake: Path | None = None) -> Log:
    (folder / "main.py").write_text(source)
    return finish(start(folder, *arguments, lake=lake))


def test_output_arguments_and_exit_code_are_the_scripts(tmp_path: Path) -> None:
    log = run(
        tmp_path,
        "import sys\n"
        "print(sys.argv, __name__)\n"
        "print('error', file=sys.stderr)\n"
        "sys.stdout.flush()\n"
        "sys.stdout.buffer.write(bytes(range(256)))\n"
        "sys.exit(7)\n",
        "a b",
    )
    assert log.stdout == b"['main.py', 'a b'] __main__\n" + bytes(range(256))
    assert log.stderr == b"error\n"
    assert log.code == 7
    begin, end = log.of("begin")[0], log.of("exit")[0]
    assert begin["folder"] == str(tmp_path)
    assert (end["code"], end["stopped"]) == (7, False)


def test_a_killed_script_is_told_as_shells_count(tmp_path: Path) -> None:
    log = run(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert log.code == 137
    assert log.of("exit")[0]["code"] == 137


def test_processes_that_the_script_leaves_behind_end_with_it(tmp_path: Path) -> None:
    log = run(
        tmp_path,
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid)\n",
    )
    assert log.code == 0
    assert not Path("/proc", log.stdout.decode().strip()).exists()


def test_ten_megabytes_arrive_whole(tmp_path: Path) -> None:
    log = run(tmp_path, "for number in range(1_000_000):\n    print(f'{number:09}')\n")
    assert log.stdout == b"".join(b"%09d\n" % number for number in range(1_000_000))


@pytest.mark.parametrize("heeds", [True, False])
def test_a_stopped_script_ends_whether_it_heeds_the_signal_or_not(tmp_path: Path, heeds: bool) -> None:
    ignore = (
        ""
        if heeds
        else "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    )
    source = f"import signal, time\n{ignore}\nprint('begun', flush=True)\ntime.sleep(600)\n"
    (tmp_path / "main.py").write_text(source)
    process = start(tmp_path)
    assert process.stdout is not None
    begun = b""
    while b"begun" not in begun:
        begun += os.read(process.stdout.fileno(), 4096)
    # Ray signals every process of a job.
    script = next(child for child in children(process.pid) if child != process.pid)
    for number in (script, process.pid):
        os.kill(number, signal.SIGINT)
    data, _ = process.communicate(timeout=60)
    log = Log(data, process.returncode)
    assert log.of("exit")[0]["stopped"] is True
    assert log.code == (130 if heeds else 137)
    assert (b"KeyboardInterrupt" in log.stderr) is heeds


def children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found


def test_the_wiring_reaches_the_script_and_a_need_without_an_answer_is_an_error(tmp_path: Path) -> None:
    log = run(
        tmp_path,
        "from duet.errors import DuetError\n"
        "from duet.script import channel\n"
        "from duet.script.context import context\n"
        "print(context().script, context().ray.embedded)\n"
        "channel.note('hello')\n"
        "try:\n"
        "    channel.need('spark')\n"
        "except DuetError as error:\n"
        "    print(error.code, 'work' in str(error))\n",
    )
    assert log.stdout.decode() == f"{tmp_path / 'main.py'} False\nspark-not-in-profile True\n", log.stderr
    assert [message["text"] for message in log.of("message")] == ["hello"]


def test_the_runs_folder_in_the_lake_lives_as_long_as_the_script(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    source = (
        "from duet.script.context import context\nfrom pathlib import Path\n"
        "Path(context().directory, 'x').write_text('')\nprint(context().directory)\n"
    )
    log = run(tmp_path, source, lake=lake)
    assert log.stdout.decode() == f"{lake}/runs/r1\n"
    assert list((lake / "runs").iterdir()) == []


def test_a_lake_that_is_not_there_is_told_before_the_script_starts(tmp_path: Path) -> None:
    log = run(tmp_path, "print('ran')\n", lake=tmp_path / "nowhere")
    assert (log.code, log.stdout) == (3, b"")
    assert log.of("failed")[0]["code"] == "lake-unreachable"
    assert str(tmp_path / "nowhere") in log.of("failed")[0]["message"]
