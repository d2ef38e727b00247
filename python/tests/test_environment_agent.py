"""What packages a task gets that has a `pip` or `uv` runtime environment, on the embedded node."""

import json
from importlib import metadata

from ray.runtime_env import RuntimeEnv

from duet.bridge.environment_agent import asked_packages, base_packages, with_base
from duet.bridge.environment_change import EnvironmentChange, read_change
from duet.environment.store import DESCRIPTION


def test_packages_and_index_options_become_lines_of_a_requirements_file():
    assert asked_packages(RuntimeEnv(pip=["six==1.16.0", "humanize"])) == ["six==1.16.0", "humanize"]
    options = ["--no-cache", "--index-url", "mirror", "--find-links=wheels"]
    uv = {"packages": ["six"], "uv_pip_install_options": options}
    assert asked_packages(RuntimeEnv(uv=uv)) == ["--index-url mirror", "--find-links=wheels", "six"]
    assert asked_packages(RuntimeEnv(env_vars={"A": "1"})) == []


def test_a_task_keeps_the_packages_of_its_job_but_for_those_that_it_names_itself():
    base = ["scikit-learn==1.8.0", "Humanize==4.12.0", "six"]
    assert with_base(["humanize==4.9.0", "-f wheels"], base) == [
        "humanize==4.9.0",
        "-f wheels",
        "scikit-learn==1.8.0",
        "six",
    ]


def test_the_job_has_its_scripts_environment_or_that_of_the_node(tmp_path):
    own = f"scikit-learn=={metadata.version('scikit-learn')}"
    assert base_packages(None) == [own]
    python = tmp_path / "bin" / "python"
    assert base_packages(str(python)) == [own], "not one of Duet's environments"
    (tmp_path / DESCRIPTION).write_text(json.dumps({"requirements": ["polars"]}), "utf-8")
    assert base_packages(str(python)) == ["polars"]


def test_a_build_is_told_in_lines_of_the_agents_log():
    change = EnvironmentChange("uv://1f", "building", "Building a Python environment with six: now")
    line = f"2026-11-24 15:09:46,616\tINFO environment_agent.py:116 -- {change}"
    assert read_change(line) == change
    assert (
        read_change("2026-11-24 15:09:49,114\tINFO uri_cache.py:86 -- Added URI uv://1f with size 0") is None
    )
