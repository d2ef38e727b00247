import json
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import ray
from ray import exceptions

from duet.bridge import embedded_ray
from duet.bridge.__main__ import _check_address, read_arguments
from duet.bridge.failures import describe_ray_error, describe_user_error, keep_user_exceptions_out
from duet.bridge.placement import unplaceable
from duet.bridge.remote_functions import ray_options, requested_resources
from duet.task_runner import TaskFailed, execute

NODE = {"resources": {"CPU": 2.0, "memory": 1e9}}
GPU_NODE = {"resources": {"CPU": 1.0, "GPU": 4.0, "memory": 1e9}}


def run(source, *arguments, references=(), places=(), name="f"):
    call = {"task": "t", "run": "r", "args": list(arguments), "refs": list(places)}
    identity = f"{source}{name}"
    value, envelope = execute(
        identity, {"source": source, "name": name}, json.dumps(call).encode(), tuple(references)
    )
    head, _, body = envelope.partition(b"\n")
    kind, lines = head.decode().split()
    return value, kind, int(lines), json.loads(body)


def test_placement_names_what_is_short():
    assert unplaceable({"CPU": 2}, [NODE]) is None
    assert unplaceable({"CPU": 1, "GPU": 0.5}, [NODE, GPU_NODE]) is None
    assert (
        unplaceable({"CPU": 1, "GPU": 1}, [NODE])
        == "it needs 1 CPU, 1 GPU, and the most that a node has is 0 GPU."
    )
    assert (
        unplaceable({"CPU": 2, "GPU": 1}, [NODE, GPU_NODE])
        == "it needs 2 CPU, 1 GPU, and no single node has all of that."
    )
    assert "no living node" in (unplaceable({"CPU": 1}, []) or "")


def test_options_are_translated_and_counted():
    options = {"numCpus": 0.5, "numGpus": 0, "memory": 10, "resources": {"tpu": 1}, "maxRetries": 0}
    assert ray_options(options) == {
        "num_cpus": 0.5,
        "num_gpus": 0,
        "memory": 10,
        "resources": {"tpu": 1},
        "max_retries": 0,
    }
    assert requested_resources(options) == {"CPU": 0.5, "memory": 10.0, "tpu": 1.0}
    assert requested_resources({}) == {"CPU": 1.0}


def test_the_runner_describes_values():
    assert run("def f(x, y):\n    return x + y", 1, 2) == (3, "json", 0, 3)
    assert run("def f():\n    return float('nan'), {'a': float('inf')}")[3] == [None, {"a": None}]
    assert run("async def f():\n    return 'awaited'")[3] == "awaited"
    value, kind, _, body = run("import pyarrow as pa\ndef f():\n    return pa.table({'a': [1, 2]})")
    assert (kind, value.num_rows, body["rows"], body["columns"]) == ("table", 2, 2, ["a"])
    assert run("def f():\n    return object()")[1::2] == ("object", {"type": "builtins.object"})
    assert run("class A:\n    @staticmethod\n    def g():\n        return 1", name="A.g")[3] == 1


def test_the_runner_puts_references_where_they_belong():
    source = "def f(a, b, *, c):\n    return [a, b, c]"
    assert run(source, None, 2, references=["x", "z"], places=[0, "c"])[3] == ["x", 2, "z"]


def test_the_runner_turns_exceptions_into_values_and_passes_them_on():
    value, kind, _, body = run("def f():\n    raise KeyError('k')")
    assert isinstance(value, TaskFailed) and kind == "failed"
    assert (body["code"], body["type"]) == ("python-error", "KeyError")
    assert pickle.loads(pickle.dumps(value)) == value
    _, kind, _, body = run("def f(x):\n    return x", None, references=[value], places=[0])
    assert kind == "failed" and body["code"] == "dependency-failed" and "'k'" in body["message"]
    assert run("x = 1")[3]["code"] == "function-missing"
    with pytest.raises(KeyboardInterrupt):
        run("def f():\n    raise KeyboardInterrupt")


def test_the_runner_counts_the_lines_of_a_failure_too(capfd):
    assert run("def f():\n    print('a')\n    print('b', end='')\n    raise ValueError")[2] == 2
    assert capfd.readouterr().out == "\x1et\x1fa\x1f\n\x1et\x1fb\x1f\n"


def test_ray_s_errors_have_codes():
    assert describe_ray_error(exceptions.WorkerCrashedError())["code"] == "worker-crashed"
    assert describe_ray_error(exceptions.OutOfMemoryError("much too much"))["code"] == "out-of-memory"
    described = describe_ray_error(exceptions.RuntimeEnvSetupError("no such package"))
    assert described["code"] == "environment-failed" and "no such package" in described["message"]
    cancelled = exceptions.RayTaskError("f", "trace", exceptions.TaskCancelledError())
    assert describe_ray_error(cancelled)["code"] == "task-cancelled"
    other = describe_ray_error(exceptions.RayTaskError("f", "Traceback\nValueError: bad", ValueError("bad")))
    assert (other["code"], other["message"]) == ("task-failed", "ValueError: bad")
    described = describe_user_error(
        json.dumps({"code": "python-error", "type": "E", "message": "m", "traceback": "t", "line": 3})
    )
    assert described == {
        "code": "task-failed",
        "message": "m",
        "rayType": "E",
        "traceback": "t",
        "details": {"line": 3},
    }


RAN = []


class Malicious(Exception):
    def __reduce__(self):
        return (RAN.append, ("user code",))


def test_users_exceptions_are_not_unpickled_in_the_bridge(monkeypatch):
    monkeypatch.setattr(exceptions.RayError, "from_ray_exception", exceptions.RayError.from_ray_exception)
    keep_user_exceptions_out()
    read = exceptions.RayError.from_bytes(exceptions.RayTaskError("f", "the trace", Malicious()).to_bytes())
    assert isinstance(read, exceptions.UnserializableException) and "the trace" in str(read)
    assert RAN == []
    plain = exceptions.RayError.from_bytes(
        exceptions.RayTaskError("f", "the trace", ValueError("v")).to_bytes()
    )
    assert isinstance(plain, exceptions.RayTaskError) and isinstance(plain.cause, ValueError)
    cancelled = exceptions.TaskCancelledError(ray.TaskID.nil(), "told so")
    assert isinstance(exceptions.RayError.from_bytes(cancelled.to_bytes()), exceptions.TaskCancelledError)


def test_the_command_line_needs_one_ray(capsys):
    common = ["--token-file", "t", "--ready-file", "r"]
    assert read_arguments([*common, "--embedded", "--num-cpus", "3"]).num_cpus == 3
    assert read_arguments([*common, "--address", "h:1"]).host == "127.0.0.1"
    for wrong in (common, [*common, "--embedded", "--address", "h:1"], ["--embedded"]):
        with pytest.raises(SystemExit) as exit:
            read_arguments(wrong)
        assert exit.value.code == 2


def test_an_address_is_checked_soon():
    with pytest.raises(ValueError, match="host:port"):
        _check_address("ray://somewhere:10001")
    with socket.create_server(("127.0.0.1", 0)) as server:
        _check_address(f"127.0.0.1:{server.getsockname()[1]}")
        port = server.getsockname()[1]
    with pytest.raises(OSError, match="nothing answers"):
        _check_address(f"127.0.0.1:{port}")


def test_directories_of_killed_bridges_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_ray, "_short_temporary", lambda: str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"duet-ray-{gone.pid}-x"
    own = tmp_path / f"duet-ray-{subprocess.os.getpid()}-x"
    other = tmp_path / "duet-ray-notes-x"
    for directory in (left, own, other):
        directory.mkdir()
    embedded_ray._remove_left_behind()
    assert [left.exists(), own.exists(), other.exists()] == [False, True, True]


def test_a_long_directory_is_replaced_by_a_short_one(tmp_path, monkeypatch):
    for name in list(embedded_ray._SETTINGS):
        monkeypatch.setenv(name, "kept")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "")
    long = tmp_path / ("x" * 60)
    embedded = embedded_ray.prepare(embedded_ray.EmbeddedOptions(directory=long))
    try:
        assert len(str(embedded.directory)) <= embedded_ray.LONGEST_DIRECTORY
        token = Path(subprocess.os.environ["RAY_AUTH_TOKEN_PATH"])
        assert token.stat().st_mode & 0o077 == 0 and len(token.read_text()) == 64
    finally:
        subprocess.os.environ["RAY_AUTH_TOKEN_PATH"] = ""
        import shutil

        shutil.rmtree(embedded.directory)
