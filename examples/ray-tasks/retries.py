"""Retries: what happens when a process dies, and when a function raises.

Spark repeats a failed task by itself. Ray does so when the process of a task is lost (3 times unless told otherwise);
an exception is repeated only if you say which ones are worth it: the task may have had effects.

    npx duet run examples/ray-tasks/retries.py
"""

import os
import signal

import ray
from ray.exceptions import WorkerCrashedError

ray.init()


@ray.remote(num_cpus=0)
class Attempts:
    """Outlives the tasks, so it can count their attempts."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def begin(self, name: str) -> int:
        self.of[name] = self.of.get(name, 0) + 1
        return self.of[name]


@ray.remote(max_retries=2, runtime_env={"env_vars": {"FAILS": "1"}})
def dies(attempts: "ray.actor.ActorHandle", name: str) -> str:
    """Its process is killed in the first attempt, as the system kills one that takes too much memory."""
    attempt = ray.get(attempts.begin.remote(name))
    if attempt <= int(os.environ["FAILS"]):
        os.kill(os.getpid(), signal.SIGKILL)
    return f"succeeded in attempt {attempt}"


@ray.remote(max_retries=5, retry_exceptions=[ConnectionError])
def fetch(attempts: "ray.actor.ActorHandle") -> str:
    """Stands for a service that is not there at once."""
    attempt = ray.get(attempts.begin.remote("fetch"))
    if attempt < 3:
        raise ConnectionError(f"no answer to attempt {attempt}")
    return f"succeeded in attempt {attempt}"


@ray.remote(max_retries=5, retry_exceptions=[ConnectionError])
def wrong() -> None:
    """A mistake of the program is not worth a second attempt."""
    raise ValueError("not a number")


attempts = Attempts.remote()
print("a process that dies once:", ray.get(dies.remote(attempts, "dies")))
print("a service that fails twice:", ray.get(fetch.remote(attempts)))
try:
    ray.get(dies.options(max_retries=0).remote(attempts, "not repeated"))
except WorkerCrashedError:
    print("without retries: the process was lost")
try:
    ray.get(wrong.remote())
except ValueError as error:
    print("a mistake:", str(error).splitlines()[-1])
