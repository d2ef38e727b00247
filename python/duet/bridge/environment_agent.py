"""Ray's runtime env agent of the embedded node, with Duet's store behind `pip` and `uv` runtime environments.

Ray would clone the virtual environment that it lives in for each of them, 0.85 GB, and call a `pip` that this one
does not have. Here a task's packages come on top of those that its job has otherwise, as with Ray's own, but all of
them are resolved together and built once by uv: see `duet.environment`.

    python environment_agent.py RAY_AGENT_MAIN ARGUMENT…

Ray's parts that are used: the classes `PipPlugin`, `UvPlugin` and `PyExecutablePlugin` of `ray._private.runtime_env`,
which the agent's main program imports by name.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import runpy
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

CLUSTER_PACKAGES = ("scikit-learn",)
"""What the embedded Ray's own Python has for users' code beside what every environment gets."""

WITHOUT_EFFECT = frozenset(("--no-cache", "--no-cache-dir", "--disable-pip-version-check"))
"""Install options that Ray adds by itself or that make no difference to what is installed."""


def asked_packages(runtime_env: Any) -> list[str]:
    """The lines of a requirements file that the `pip` or `uv` of a runtime environment stands for."""
    if runtime_env.has_uv():
        config = runtime_env.uv_config()
        options = config.get("uv_pip_install_options") or []
    elif runtime_env.has_pip():
        config = runtime_env.pip_config()
        options = config.get("pip_install_options") or []
    else:
        return []
    return [*_option_lines(options), *(config.get("packages") or [])]


def with_base(asked: list[str], base: list[str]) -> list[str]:
    """`asked`, and what of `base` it does not name itself."""
    named = {_name(line) for line in asked}
    return [*asked, *(line for line in base if _name(line) not in named)]


def base_packages(py_executable: str | None) -> list[str]:
    """What tasks have without packages of their own: the script's environment, else that of the node."""
    from duet.environment.store import DESCRIPTION

    description = Path(py_executable).parent.parent / DESCRIPTION if py_executable else None
    if description is not None and description.is_file():
        return list(json.loads(description.read_text("utf-8"))["requirements"])
    return [f"{name}=={metadata.version(name)}" for name in CLUSTER_PACKAGES]


def _option_lines(options: list[str]) -> list[str]:
    """`["--index-url", "x"]` as the line `--index-url x`."""
    lines: list[str] = []
    for option in options:
        if option in WITHOUT_EFFECT:
            continue
        if option.startswith("-") or not lines:
            lines.append(option)
        else:
            lines[-1] += f" {option}"
    return lines


def _name(line: str) -> str | None:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return None


def _replace_plugins() -> None:
    from ray._private.runtime_env import pip, py_executable, uv
    from ray._private.runtime_env.plugin import RuntimeEnvPlugin

    class StoredPlugin(RuntimeEnvPlugin):
        """Builds `pip` or `uv` environments into Duet's store, which also keeps them: Ray has nothing to delete."""

        def __init__(self, resources_dir: str) -> None:
            self._pythons: dict[str, Path | None] = {}

        def _lines(self, runtime_env: Any) -> list[str]:
            asked = asked_packages(runtime_env) if runtime_env.get(self.name) else []
            return with_base(asked, base_packages(runtime_env.py_executable())) if asked else []

        def get_uris(self, runtime_env: Any) -> list[str]:
            lines = self._lines(runtime_env)
            digest = hashlib.sha1("\n".join(lines).encode()).hexdigest()
            return [f"{self.name}://{digest}"] if lines else []

        async def create(
            self, uri: str | None, runtime_env: Any, context: Any, logger: logging.Logger
        ) -> int:
            from duet.bridge.environment_change import EnvironmentChange
            from duet.environment import script_environment
            from duet.errors import DuetError

            if uri is None:
                return 0

            begun = False

            def tell(state: str, text: str) -> None:
                if begun:
                    logger.info(EnvironmentChange(uri, state, text))

            async def on_line(line: str) -> None:
                tell("building", line)

            async def begin(packages: int) -> None:
                nonlocal begun
                begun = True
                asked = ", ".join(asked_packages(runtime_env))
                tell("building", f"Building a Python environment with {asked}")

            spec = {"requirements": self._lines(runtime_env)}
            try:
                built = await script_environment(spec, "worker", on_line, on_note=on_line, on_start=begin)
                tell("ready", f"The Python environment has {len(spec['requirements'])} packages")
            except DuetError as error:
                tell("failed", error.message.splitlines()[0])
                # Ray shows users the whole traceback; where in the store it failed is of no use to them.
                raise error.with_traceback(None) from None
            self._pythons[uri] = built.python
            return 0

        def modify_context(
            self, uris: list[str], runtime_env: Any, context: Any, logger: logging.Logger
        ) -> None:
            python = self._pythons[uris[0]] if uris else None
            if python is not None:
                context.py_executable = str(python)

        def delete_uri(self, uri: str, logger: logging.Logger) -> int:
            self._pythons.pop(uri, None)
            return 0

    class StoredPip(StoredPlugin):
        name = "pip"

    class StoredUv(StoredPlugin):
        name = "uv"

    class PyExecutable(py_executable.PyExecutablePlugin):
        """A job's interpreter, but for tasks with packages of their own."""

        def modify_context(
            self, uris: list[str], runtime_env: Any, context: Any, logger: logging.Logger
        ) -> None:
            if not asked_packages(runtime_env):
                super().modify_context(uris, runtime_env, context, logger)

    pip.PipPlugin = StoredPip
    uv.UvPlugin = StoredUv
    py_executable.PyExecutablePlugin = PyExecutable


def main() -> None:
    """Runs Ray's agent in this process."""
    program, sys.argv = sys.argv[1], sys.argv[1:]
    # What cannot be resolved cannot be resolved a second time either.
    os.environ.setdefault("RUNTIME_ENV_RETRY_TIMES", "1")
    _replace_plugins()
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    # The package `duet`, in place of this folder, which Python has put there.
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)
    main()
