"""Cancellation: of a task that runs, of one that waits, and of those that a task has started.

npx duet run examples/ray-tasks/cancellation.py
"""

import time

import ray
from ray.exceptions import GetTimeoutError, TaskCancelledError, WorkerCrashedError

ray.init()


@ray.remote(num_cpus=0)
class Board:
    """Tells this script how far the tasks are."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def write(self, note: str) -> None:
        self.notes.append(note)

    def read(self) -> list[str]:
        return self.notes


@ray.remote(runtime_env={"env_vars": {"TASK_KIND": "endless"}})
def endless(board: "ray.actor.ActorHandle", name: str) -> None:
    """Cancellation reaches Python as KeyboardInterrupt, so that a task can tidy up."""
    try:
        ray.get(board.write.remote(f"{name} runs"))
        while True:
            time.sleep(0.05)
    except KeyboardInterrupt:
        ray.get(board.write.remote(f"{name} tidies up"))
        raise


@ray.remote
def parent(board: "ray.actor.ActorHandle") -> None:
    """Waits for a task of its own."""
    ray.get(endless.remote(board, "inner task"))


def until(board: "ray.actor.ActorHandle", note: str) -> None:
    """Waits until a task has come that far."""
    while note not in ray.get(board.read.remote()):
        time.sleep(0.05)


def outcome(reference: "ray.ObjectRef[None]") -> str:
    """How the task ended."""
    try:
        ray.get(reference, timeout=30)
        return "finished"
    except TaskCancelledError:
        return "cancelled"
    except WorkerCrashedError:
        return "ended by force"


board = Board.remote()

running = endless.remote(board, "task")
until(board, "task runs")
try:
    ray.get(running, timeout=0.1)
except GetTimeoutError:
    print("still running; a timeout of get does not end the task")

# It asks for all CPUs, one of which is taken.
waiting = endless.options(num_cpus=ray.cluster_resources()["CPU"]).remote(board, "waiting task")
ray.cancel(waiting)
print("waiting task:", outcome(waiting))

ray.cancel(running)
print("running task:", outcome(running))
until(board, "task tidies up")

outer = parent.remote(board)
until(board, "inner task runs")
ray.cancel(outer)  # recursive=True is the default
print("task with an inner task:", outcome(outer))
until(board, "inner task tidies up")

stubborn = endless.remote(board, "stubborn task")
until(board, "stubborn task runs")
ray.cancel(stubborn, force=True)  # its process is ended; nothing can be tidied up
print("with force:", outcome(stubborn))
