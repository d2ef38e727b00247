"""Ordinary scripts that use Ray, on a real embedded Ray that other runs use before and after."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray_bridge import PYTHON_FOLDER, RunningBridge, running_bridge
from script_run import FakeDuet, run_script, script_environment

from duet.script.ray_runtime_env import job_runtime_env


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBridge]:
    with running_bridge(tmp_path_factory.mktemp("bridge")) as running:
        yield running


def _environment(folder: Path, duet: FakeDuet, bridge: RunningBridge, **engine: Any) -> dict[str, str]:
    environment = script_environment(folder, duet, ray={**bridge.engine, **engine})
    return {**environment, "RAY_COLOR_PREFIX": "0"}


def _without_times(text: str) -> list[str]:
    """Ray's log lines and prefixes without what differs from run to run."""
    text = re.sub(r"^\d{4}-\d\d-\d\d [\d:,]+\t", "", text, flags=re.MULTILINE)
    return re.sub(r"pid=\d+", "pid=…", text).splitlines()


def test_init_gives_the_runs_ray_however_it_is_called(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    done = run_script(
        tmp_path,
        """
import ray

@ray.remote
def inner():
    ray.init()
    ray.init(address="auto", num_cpus=1)
    ray.shutdown()
    return ray.get_runtime_context().gcs_address

@ray.remote
class Actor:
    def __init__(self):
        ray.init(ignore_reinit_error=True)
    def where(self):
        return ray.get(inner.remote())

addresses = {ray.get(inner.remote())}
context = ray.init(num_cpus=64, num_gpus=0, include_dashboard=False, local_mode=False)
addresses.add(ray.get(Actor.remote().where.remote()))
ray.shutdown()
context = ray.init("ray://elsewhere:10001", num_cpus=2, resources={"tpu": 1}, namespace="mine", log_to_driver=False)
assert ray.get_runtime_context().namespace == "mine"
addresses.add(ray.get_runtime_context().gcs_address)
ray.init(namespace="other")
assert ray.get_runtime_context().namespace == "mine"
assert context.ray_version == ray.__version__
print(*addresses)
try:
    ray.shutdown()
    ray.init(num_cpu=2)
except RuntimeError as error:
    print(error)
""",
        _environment(tmp_path, fake_duet, bridge),
    )
    assert done.stdout.splitlines() == [bridge.gcs_address, "Unknown keyword argument(s): num_cpu"], (
        done.stderr
    )
    connected = "INFO worker.py:… -- Connected to Ray cluster."
    assert [re.sub(r":\d+", ":…", line) for line in _without_times(done.stderr)] == [connected, connected]
    assert len({message["job"] for message in fake_duet.messages("ray-job")}) == 2
    assert [message["text"] for message in fake_duet.messages("note")] == [
        "ray.init was called again: num_cpus left aside, the first call's connection goes on",
        "ray.init: address, resources left aside; the script runs on the profile's Ray, whose size `--resources` "
        "would set",
        "ray.init was called again: namespace left aside, the first call's connection goes on",
    ]


def test_a_ray_that_the_context_does_not_name_is_asked_for(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    script = "import ray; print(ray.get(ray.remote(lambda: 7).remote()))"
    environment = script_environment(tmp_path, fake_duet)
    refused = run_script(tmp_path, script, environment)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == "duet.errors.DuetError: no ray here"
    fake_duet.engines["ray"] = bridge.engine
    assert run_script(tmp_path, script, environment).stdout == "7\n"


def test_output_of_tasks_is_printed_as_ray_prints_it(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    done = run_script(
        tmp_path,
        """
import logging, sys
import ray

@ray.remote
def f(x):
    print("hello", x)
    print("warning", x, file=sys.stderr)

@ray.remote
class Counter:
    def add(self):
        print("added")

ray.init(logging_level=logging.WARNING)
ray.get(f.remote(1))
counter = Counter.remote()
ray.get(counter.add.remote())
ray.get(f.options(name="last").remote(2))
""",
        _environment(tmp_path, fake_duet, bridge),
    )
    printed = _without_times(done.stdout)
    # Each worker's lines come in their order; Ray looks at one worker after the other.
    assert sorted(printed) == ["(Counter pid=…) added", "(f pid=…) hello 1", "(last pid=…) hello 2"]
    assert printed.index("(f pid=…) hello 1") < printed.index("(last pid=…) hello 2")
    assert _without_times(done.stderr) == ["(f pid=…) warning 1", "(last pid=…) warning 2"]


def test_workers_find_modules_beside_the_script_and_the_runs_environment(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    (tmp_path / "beside.py").write_text(
        "import os\ndef variables():\n    return os.environ['OF_RUN'], os.environ['OWN']\n"
    )
    done = run_script(
        tmp_path,
        """
import ray
import beside

ray.init(runtime_env={"env_vars": {"OWN": "script's"}})
print(*ray.get(ray.remote(beside.variables).remote()))

@ray.remote
def run():
    from duet.script.context import context
    return context().run

print(ray.get(run.remote()))
""",
        _environment(
            tmp_path, fake_duet, bridge, runtimeEnv={"env_vars": {"OF_RUN": "run's", "OWN": "run's"}}
        ),
    )
    assert done.stdout.splitlines() == ["run's script's", "test-run"], done.stderr


def test_child_processes_have_jobs_of_their_own(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    done = run_script(
        tmp_path,
        """
import multiprocessing
import ray

@ray.remote
def square(x):
    return x * x

def child(x):
    ray.init()
    return ray.get(square.remote(x))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(child, [3]), ray.get(square.remote(2)))
""",
        _environment(tmp_path, fake_duet, bridge),
    )
    assert done.stdout == "[9] 4\n", done.stderr
    started = fake_duet.messages("ray-job")
    assert (
        len({message["job"] for message in started}) == len({message["process"] for message in started}) == 2
    )


ENDS = {
    "normal": ("pass", 0),
    "exit": ("raise SystemExit(3)", 3),
    "exception": ("raise ValueError('no')", 1),
    # The exit codes are those of any Ray driver, with or without Duet.
    "SIGINT": ("ray.get(busy)", 1),
    "SIGKILL": ("ray.get(busy)", -signal.SIGKILL),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_script_takes_its_tasks_along(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge, end: str
) -> None:
    last_line, code = ENDS[end]
    (tmp_path / "script.py").write_text(f"""
import os, pathlib, time
import ray

def work(name):
    pathlib.Path(name).write_text(str(os.getpid()))
    time.sleep(600)

@ray.remote(num_cpus=0.1)
def nested(folder):
    work(folder + "/nested")

@ray.remote(num_cpus=0.1)
def outer(folder):
    nested.remote(folder)
    work(folder + "/outer")

@ray.remote(num_cpus=0.1)
class Actor:
    def work(self, folder):
        work(folder + "/actor")

ray.init(log_to_driver=False)
actor = Actor.remote()
busy = [outer.remote({str(tmp_path)!r}), actor.work.remote({str(tmp_path)!r})]
files = [pathlib.Path(name) for name in ("nested", "outer", "actor")]
while not all(file.exists() and file.read_text() for file in files):
    time.sleep(0.05)
print("working", flush=True)
{last_line}
""")
    script = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=_environment(tmp_path, fake_duet, bridge),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert script.stdout is not None
    assert script.stdout.readline() == "working\n"
    workers = [int((tmp_path / name).read_text()) for name in ("nested", "outer", "actor")]
    if end.startswith("SIG"):
        os.kill(script.pid, getattr(signal, end))
    began = time.monotonic()
    _, errors = script.communicate(timeout=30)
    assert script.returncode == code, errors
    while alive := [pid for pid in workers if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() - began < 5, f"still there: {alive}"
        time.sleep(0.05)


def test_runtime_environments_of_a_job_and_of_its_tasks_work(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.txt").write_text("from the working directory")
    done = run_script(
        tmp_path,
        """
import os, pathlib, sys
import ray

ray.init(runtime_env={"working_dir": "data"}, logging_level="error")

@ray.remote
def read():
    return pathlib.Path("rows.txt").read_text()

@ray.remote(runtime_env={"env_vars": {"OF_TASK": "1"}})
def variable():
    return os.environ["OF_TASK"], pathlib.Path("rows.txt").exists()

@ray.remote
def package():
    import six
    import duet
    return six.__version__

@ray.remote
class Actor:
    def where(self):
        return sys.executable

print(ray.get(read.remote()), *ray.get(variable.remote()))
packages = {"uv": ["six==1.16.0"]}
print(ray.get(package.options(runtime_env=packages).remote()))
chosen = Actor.options(runtime_env={"py_executable": sys.executable}).remote()
print(ray.get(chosen.where.remote()) == sys.executable)
try:
    ray.get(package.options(runtime_env={"pip": ["no-such-package-of-anyone==1"]}).remote())
except ray.exceptions.RuntimeEnvSetupError as error:
    print("no-such-package-of-anyone was not found" in str(error))
""",
        _environment(tmp_path, fake_duet, bridge),
    )
    assert done.stdout.splitlines() == ["from the working directory 1 True", "1.16.0", "True", "True"], (
        done.stderr
    )


WATCH = """
import asyncio, json, sys
from duet.bridge.job_watch import JobWatch

async def main():
    watch = JobWatch(sys.argv[1], lambda event: print(json.dumps(event), flush=True), settle=0.4)
    watch.watch(sys.argv[2])
    await watch.end(60)

asyncio.run(main())
"""


def test_a_process_without_ray_watches_a_job(
    tmp_path: Path, fake_duet: FakeDuet, bridge: RunningBridge
) -> None:
    done = run_script(
        tmp_path,
        """
import threading, time
import ray

@ray.remote(num_cpus=0.5)
def inner():
    pass

@ray.remote(num_cpus=0.5)
def outer():
    ray.get(inner.remote())

@ray.remote
def left():
    time.sleep(600)

ray.init(namespace="mine", logging_level="error")
left.remote()
thread = threading.Thread(target=lambda: ray.get(outer.remote()))
thread.start()
thread.join()
ray.get(ray.remote(dict).options(name="service", lifetime="detached", num_cpus=0).remote().__ray_ready__.remote())
""",
        _environment(tmp_path, fake_duet, bridge),
    )
    assert done.returncode == 0, done.stderr
    (started,) = fake_duet.messages("ray-job")
    watched = subprocess.run(
        [sys.executable, "-c", WATCH, bridge.gcs_address, started["job"]],
        env={**os.environ, **bridge.ray_settings, "PYTHONPATH": str(PYTHON_FOLDER)},
        capture_output=True,
        text=True,
        timeout=90,
    )
    events = [json.loads(line) for line in watched.stdout.splitlines()]
    last = {event["name"]: event for event in events if event["type"] == "task"}
    assert last["outer"]["state"] == last["inner"]["state"] == "finished"
    assert last["inner"]["parent"] == last["inner"]["root"] == last["outer"]["task"]
    assert "parent" not in last["outer"]
    assert last["left"]["state"] in ("cancelled", "failed")
    assert [event["text"] for event in events if event["type"] == "note"] == [
        "the detached actor 'service' lives on: ray.kill(ray.get_actor('service', namespace='mine')) ends it"
    ]


def test_the_runs_runtime_environment_gives_way_to_the_scripts() -> None:
    of_run = {"py_executable": "/environments/a/bin/python", "env_vars": {"A": "1", "B": "1"}}
    assert job_runtime_env({}, None) is None
    assert job_runtime_env({"runtime_env": {"pip": ["x"]}}, None) == {"pip": ["x"]}
    assert job_runtime_env({}, of_run) == of_run
    assert job_runtime_env({"runtime_env": {"env_vars": {"B": "2"}}}, of_run) == {
        "py_executable": "/environments/a/bin/python",
        "env_vars": {"A": "1", "B": "2"},
    }
    assert job_runtime_env({"runtime_env": {"uv": ["x"]}}, of_run) == {
        "uv": ["x"],
        "env_vars": {"A": "1", "B": "1"},
    }
    modules = {"py_modules": ["gcs://wiring.zip"]}
    assert job_runtime_env({"runtime_env": {"py_modules": ["mine"]}}, modules) == {
        "py_modules": ["mine", "gcs://wiring.zip"]
    }
