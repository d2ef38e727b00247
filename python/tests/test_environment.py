"""Environments for users' code: built once, used by real tasks, and refused with the resolver's own words."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from duet.environment import ensure_environment
from duet.errors import DuetError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray_node: Any) -> Path:
    monkeypatch.setenv("DUET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def ensure(spec: dict[str, Any], lines: list[str] | None = None) -> dict[str, Any]:
    async def on_line(line: str) -> None:
        if lines is not None:
            lines.append(line)

    return asyncio.run(ensure_environment(spec, on_line))


def failure(spec: dict[str, Any]) -> DuetError:
    with pytest.raises(DuetError) as caught:
        ensure(spec)
    return caught.value


def test_nothing_asked_for_is_no_environment(home: Path) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    for spec in ({}, {"requirements": []}, {"requirements": [" "], "python": here}, {"python": f"={here}.*"}):
        assert ensure(spec) == {}
    assert ensure({"python": ">=3.9"}) == {}
    assert not home.exists()


def test_what_cannot_be_is_refused_before_anything_is_built(home: Path) -> None:
    assert failure({"python": "2.7"}).code == "environment-python"
    assert failure({"python": "<3.9"}).code == "environment-python"
    assert failure({"python": "new"}).code == "environment-invalid"
    error = failure({"requirements": ["good", "scikit learn"]})
    assert error.code == "environment-invalid" and "'scikit learn'" in error.message
    error = failure({"conda": {"dependencies": ["python=3.11", "cudatoolkit=12", {"pip": ["x"]}]}})
    assert error.code == "conda-missing" and "cudatoolkit=12" in error.message
    assert not home.exists()


@pytest.mark.engine
def test_an_environment_is_built_once_and_runs_tasks(home: Path, ray_node: Any, tmp_path: Path) -> None:
    lines: list[str] = []
    spec = {"requirements": ["toolz==1.0.0"], "python": ">=3.10"}

    async def both() -> list[dict[str, Any]]:
        async def on_line(line: str) -> None:
            lines.append(line)

        return list(await asyncio.gather(*(ensure_environment(spec, on_line) for _ in range(2))))

    first, second = asyncio.run(both())
    assert first == second
    executable = Path(first["py_executable"])
    assert executable.is_relative_to(home / "environments")
    assert sum(line.startswith("Resolved") for line in lines) == 1
    assert any("toolz" in line for line in lines)
    started = time.perf_counter()
    assert ensure(spec) == first
    assert time.perf_counter() - started < 1

    from duet.python_alg.train import train_group

    source = "import sys, toolz, mlsql\nprint(sys.executable, toolz.__version__, mlsql.to_pandas().shape)\n"
    import pyarrow as pa

    answer = ray_node.get(
        ray_node.remote(train_group)
        .options(runtime_env=first, max_retries=0)
        .remote(
            {"group": "0", "script": {"name": "s", "source": source}, "staging": str(tmp_path / "staging")},
            pa.table({"x": [1, 2]}),
        ),
        timeout=90,
    )
    assert answer["status"] == "succeeded", answer
    printed = (tmp_path / "staging/meta/0/log.txt").read_text().split(maxsplit=1)
    assert Path(printed[0]).parent == executable.parent
    assert printed[1] == "1.0.0 (2, 1)\n"


@pytest.mark.engine
def test_a_package_that_does_not_exist_fails_fast_and_leaves_nothing(home: Path) -> None:
    started = time.perf_counter()
    error = failure({"requirements": ["no-such-package-of-duet"]})
    assert time.perf_counter() - started < 10
    assert error.code == "environment-failed"
    assert "no-such-package-of-duet" in error.message and "not found" in error.message
    assert len(error.message.splitlines()) < 15
    assert [path.name for path in (home / "environments").iterdir() if path.suffix != ".lock"] == []


@pytest.mark.engine
def test_packages_that_contradict_each_other(home: Path) -> None:
    error = failure({"requirements": ["toolz==1.0.0", "toolz==0.12.0"]})
    assert error.code == "environment-failed" and "toolz==1.0.0" in error.message
