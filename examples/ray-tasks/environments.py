"""Environments: two versions of one package in one script, and modules that only a task needs.

In Spark all executors of an application share one Python environment. In Ray each task can have its own. It is built
when a task first asks for it, and kept.

    npx duet run examples/ray-tasks/environments.py
"""

import ray

ray.init()


@ray.remote
def version() -> str:
    """What the task imports is not installed where this script runs."""
    import humanize

    return f"humanize {humanize.__version__}: {humanize.naturalsize(3_500_000)}"


older = version.options(runtime_env={"pip": ["humanize==4.9.0"]})
newer = version.options(runtime_env={"pip": ["humanize==4.12.0"]})
for line in ray.get([older.remote(), newer.remote()]):
    print(line)


@ray.remote
def zone() -> str:
    """Variables alone cost nothing but a process."""
    import time

    return time.tzname[0]


print(*ray.get([zone.options(runtime_env={"env_vars": {"TZ": tz}}).remote() for tz in ("UTC", "Asia/Tokyo")]))
