"""Training scripts as Ray tasks among others: killed, cancelled, side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

Train = Callable[..., dict[str, Any]]


def test_a_killed_script_surfaces_as_rays_own_error(train: Train, tmp_path: Path) -> None:
    import ray.exceptions

    for death in ("import os\nos._exit(7)", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"):
        with pytest.raises(ray.exceptions.WorkerCrashedError):
            train(death)


def test_a_cancelled_script_leaves_nothing(ray_node: Any, tmp_path: Path) -> None:
    import time

    import psutil
    import ray.exceptions

    from duet.python_alg.train import train_group

    source = f"""
import subprocess, time
child = subprocess.Popen(["sleep", "300"])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
while True:
    time.sleep(0.05)
"""
    spec = {
        "group": "0",
        "script": {"name": "s", "source": source},
        "staging": str(tmp_path / "staging"),
        "scratch": str(tmp_path / "scratch"),
    }
    ref = ray_node.remote(train_group).options(max_retries=0).remote(spec, pa.table({"x": [1]}))
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ray_node.cancel(ref)
    with pytest.raises(ray.exceptions.TaskCancelledError):
        ray_node.get(ref, timeout=20)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_groups_side_by_side_with_nested_tasks_do_not_wait_for_each_other(
    ray_node: Any, tmp_path: Path
) -> None:
    from duet.python_alg.train import train_group

    source = """
import ray, mlsql
@ray.remote(num_cpus=2, num_gpus=1)
def f(x):
    return x + 1
mlsql.report(score=sum(ray.get([f.remote(i) for i in range(3)])) + int(mlsql.fit_param["offset"]))
"""
    task = ray_node.remote(train_group)
    refs = [
        task.options(num_cpus=1).remote(
            {
                "group": str(group),
                "script": {"name": "s", "source": source},
                "staging": str(tmp_path / "staging"),
                "fitParam": {"offset": str(group)},
            },
            pa.table({"x": [1]}),
        )
        for group in range(3)
    ]
    answers = ray_node.get(refs, timeout=60)
    assert [(answer["status"], answer["score"]) for answer in answers] == [
        ("succeeded", 6.0),
        ("succeeded", 7.0),
        ("succeeded", 8.0),
    ]
    assert sorted(path.name for path in (tmp_path / "staging/meta").iterdir()) == ["0", "1", "2"]
