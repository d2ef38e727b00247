"""Tasks: functions that run somewhere in the cluster, side by side.

A Spark job is a plan that Spark cuts into tasks. In Ray you cut the work yourself: each call is a task.

    npx duet run examples/ray-tasks/tasks.py
"""

import os

import ray

ray.init()


def is_prime(number: int) -> bool:
    """True for 2, 3, 5, 7, 11, …"""
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


# A task takes one CPU unless it says otherwise. It may have an environment of its own: variables, packages, files.
@ray.remote(num_cpus=1, runtime_env={"env_vars": {"REPORT": "primes"}})
def count(start: int, end: int) -> int:
    """Counts the primes from start up to, not including, end."""
    found = sum(is_prime(number) for number in range(start, end))
    print(f"{os.environ['REPORT']} from {start} to {end}: {found}")  # appears here, wherever the task runs
    return found


# `remote` returns at once, with a reference to what the task will return; `get` waits for it.
step = 25_000
references = [count.remote(start, start + step) for start in range(0, 100_000, step)]
print(f"{sum(ray.get(references))} primes below 100000")

# A call can have options of its own.
few = count.options(name="count a few", runtime_env={"env_vars": {"REPORT": "first primes"}}).remote(0, 10)
print(f"{ray.get(few)} primes below 10")
