"""One embedded Ray for all tests, and short ways to run scripts on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from script_run import FakeDuet

PYTHON_FOLDER = Path(__file__).parents[1]


# Read when Ray is imported: without it Ray listens on the machine's outward address.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")


@pytest.fixture(scope="session")
def ray_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A one-node Ray with two CPUs and one logical GPU, ended with the tests."""
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    os.environ["PYTHONPATH"] = str(PYTHON_FOLDER)
    import ray

    ray.init(
        address="local",
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        num_cpus=2,
        num_gpus=1,
        log_to_driver=True,
        configure_logging=False,
    )
    yield ray
    ray.shutdown()


@pytest.fixture
def train(ray_node: Any, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Train one group on the real Ray: `train(source, data, **spec)`; what it made lies under `train.staging`."""
    from duet.python_alg.train import train_group

    task = ray_node.remote(train_group)

    def run(
        source: str, data: Any = None, *, options: dict[str, Any] | None = None, **spec: Any
    ) -> dict[str, Any]:
        full = {
            "group": "0",
            "script": {"name": "py_train", "source": source, "file": "essay.mlsql", "firstLine": 10},
            "staging": str(tmp_path / "staging"),
            "scratch": str(tmp_path / "scratch"),
            **spec,
        }
        table = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "label": [0, 0, 1, 1]}) if data is None else data
        return ray_node.get(
            task.options(num_cpus=1, max_retries=0, **(options or {})).remote(full, table), timeout=60
        )

    return run


@pytest.fixture
def fake_duet(tmp_path: Path) -> Iterator[FakeDuet]:
    """The other end of a script's channel."""
    duet = FakeDuet(tmp_path / "duet.sock")
    yield duet
    duet.close()
