"""The wiring's core: process start, import hooks, the channel and the watch, in real Python processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from script_run import FakeDuet, run_script, script_environment


def test_without_a_context_nothing_is_wired(tmp_path: Path) -> None:
    environment = script_environment(tmp_path)
    del environment["DUET_SCRIPT"]
    done = run_script(
        tmp_path, "import sys; print([name for name in sys.modules if 'duet' in name])", environment
    )
    assert done.stdout == "[]\n"


def test_an_empty_script_loads_next_to_nothing(tmp_path: Path, fake_duet: FakeDuet) -> None:
    """The parts that would cost more than the interpreter's own start."""
    done = run_script(
        tmp_path,
        "import sys; print(sorted({'json', 'typing', 'socket', 'threading', 'enum'} & set(sys.modules)))",
        script_environment(tmp_path, fake_duet),
    )
    assert done.stdout == "[]\n" and done.stderr == ""


def test_the_hidden_sitecustomize_still_runs(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.hidden_ran = __file__\n")
    environment = script_environment(tmp_path)
    environment["PYTHONPATH"] += os.pathsep + str(hidden)
    done = run_script(
        tmp_path,
        "import sys, sitecustomize; print(sys.hidden_ran == sitecustomize.__file__, "
        "any('script_site' in entry for entry in sys.path))",
        environment,
    )
    assert done.stdout == "True False\n", done.stderr


def test_a_fault_of_the_hidden_sitecustomize_is_told_as_python_tells_it(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("1 / 0\n")
    environment = script_environment(tmp_path)
    environment["PYTHONPATH"] += os.pathsep + str(hidden)
    done = run_script(tmp_path, "print('runs')", environment)
    assert done.stdout == "runs\n"
    assert "Error in sitecustomize" in done.stderr and "ZeroDivisionError" in done.stderr


def test_a_fault_of_the_wiring_is_told_and_the_script_runs(tmp_path: Path) -> None:
    done = run_script(
        tmp_path, "print('runs')", {**script_environment(tmp_path), "DUET_SCRIPT": '{"socket" : '}
    )
    assert done.returncode == 0 and done.stdout == "runs\n"
    assert "could not be wired" in done.stderr and "JSONDecodeError" in done.stderr


def test_hooks_run_after_their_module_whenever_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "late_module.py").write_text("value = 1\n")
    done = run_script(
        tmp_path,
        """
import importlib, inspect, sys
from duet.script.import_hook import when_all_imported, when_imported
seen = []
when_imported("os", lambda module: seen.append("os"))
when_imported("late_module", lambda module: seen.append(f"late {module.value}"))
when_all_imported(("late_module", "colorsys"), lambda: seen.append("both"))
import late_module
import colorsys
assert type(late_module.__loader__).__name__ == type(late_module.__spec__.loader).__name__ == "SourceFileLoader"
assert inspect.getsource(late_module) == "value = 1\\n"
importlib.reload(late_module)
print(seen)
try:
    when_imported("imaginary_module", print)
    import imaginary_module
except ModuleNotFoundError as error:
    print(error)
""",
        script_environment(tmp_path),
    )
    assert done.stdout == "['os', 'late 1', 'both', 'late 1']\nNo module named 'imaginary_module'\n", (
        done.stderr
    )


def test_messages_arrive_whole_from_the_script_and_its_children(tmp_path: Path, fake_duet: FakeDuet) -> None:
    done = run_script(
        tmp_path,
        """
import multiprocessing, os, subprocess, sys
from duet.script import channel

def child(kind):
    channel.send({"type": "note", "text": kind})

if __name__ == "__main__":
    channel.note("once")
    channel.note("once")
    for method in ("fork", "spawn"):
        process = multiprocessing.get_context(method).Process(target=child, args=(method,))
        process.start()
        process.join()
    subprocess.run([sys.executable, "-c", "from duet.script import channel; channel.note('exec')"], check=True)
    for index in range(8000):
        channel.send({"type": "operation-progress", "operation": str(index), "stages": []})
""",
        # No descriptor is left to warn of, and no thread where the script forks.
        {**script_environment(tmp_path, fake_duet), "PYTHONWARNINGS": "error"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    messages = fake_duet.messages()
    assert [message["text"] for message in messages if message["type"] == "note"] == [
        "once",
        "fork",
        "spawn",
        "exec",
    ]
    assert len({message["process"] for message in messages}) == 4
    progress = [message["operation"] for message in messages if message["type"] == "operation-progress"]
    assert progress == [str(index) for index in range(8000)]


def test_an_engine_is_asked_for_and_given(tmp_path: Path, fake_duet: FakeDuet) -> None:
    fake_duet.engines["ray"] = {"address": "127.0.0.1:1", "embedded": True}
    done = run_script(
        tmp_path,
        """
from duet.errors import DuetError
from duet.script import channel, context
print(context.ray_engine(channel.need("ray")))
try:
    channel.need("spark")
except DuetError as error:
    print(error.code, error.message)
""",
        script_environment(tmp_path, fake_duet),
    )
    assert done.stdout == (
        "RayEngine(address='127.0.0.1:1', token_path=None, runtime_env=None, embedded=True)\n"
        "engine-start no spark here\n"
    ), done.stderr


def test_without_a_listener_messages_are_dropped_and_an_engine_is_an_error(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
from duet.errors import DuetError
from duet.script import channel
channel.note("nobody hears this")
try:
    channel.need("ray")
except DuetError as error:
    print(error.code)
""",
        script_environment(tmp_path),
    )
    assert done.stdout == "engine-not-given\n", done.stderr


def test_a_wrapper_is_in_no_traceback_that_python_prints(tmp_path: Path) -> None:
    source = """
import colorsys
from duet.script.tracebacks import stand_in_for
original = colorsys.rgb_to_hsv

def wrapper(*arguments):
    return original(*arguments)

colorsys.rgb_to_hsv = stand_in_for(wrapper, original)
try:
    colorsys.rgb_to_hsv(1, 2, "x")
except TypeError as error:
    raise ValueError("no colour") from error
"""
    plain = source.replace("colorsys.rgb_to_hsv = stand_in_for(wrapper, original)", "")
    wired = run_script(tmp_path, source, script_environment(tmp_path))
    assert wired.stderr == run_script(tmp_path, plain, script_environment(tmp_path)).stderr
    assert wired.returncode == 1 and "ValueError: no colour" in wired.stderr


@pytest.mark.parametrize("children", ["", "fork", "exec"])
def test_the_script_and_its_children_end_with_duet(
    tmp_path: Path, fake_duet: FakeDuet, children: str
) -> None:
    source = f"""
import os, subprocess, sys, time
if {children!r} == "fork":
    if os.fork() == 0:
        print("ready", flush=True)
        time.sleep(600)
elif {children!r} == "exec":
    subprocess.Popen([sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"])
else:
    print("ready", flush=True)
time.sleep(600)
"""
    (tmp_path / "script.py").write_text(source)
    process = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=script_environment(tmp_path, fake_duet),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    fake_duet.close()
    assert process.stdout.read() == "", "its children, too, have closed their output"
    assert process.wait(30) == -signal.SIGTERM
