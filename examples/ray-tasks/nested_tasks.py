"""Tasks that start tasks: how far the work divides is decided while it runs.

Spark's executors cannot start jobs. Any Ray task can start more tasks, on any node, and wait for them; it gives its
CPU back while it waits.

    npx duet run examples/ray-tasks/nested_tasks.py
"""

import heapq
import random

import ray

ray.init()


@ray.remote(runtime_env={"env_vars": {"SMALLEST": "30000"}})
def sort(numbers: list[float]) -> tuple[list[float], int]:
    """Sorts by halves; returns the sorted numbers and how many tasks that took. Inner tasks inherit the environment."""
    import os

    if len(numbers) <= int(os.environ["SMALLEST"]):
        return sorted(numbers), 1
    middle = len(numbers) // 2
    (left, left_tasks), (right, right_tasks) = ray.get(
        [sort.remote(numbers[:middle]), sort.remote(numbers[middle:])]
    )
    return list(heapq.merge(left, right)), 1 + left_tasks + right_tasks


chance = random.Random(7)
numbers = [chance.random() for _ in range(100_000)]
result, tasks = ray.get(sort.remote(numbers))
print(f"sorted {len(result)} numbers with {tasks} tasks: {result == sorted(numbers)}")
