"""Dependencies: a reference is an argument like any other, and makes a graph of tasks.

A task starts when what it refers to is there. The values go from task to task, not through this script.

        north ──┐
        south ──┼── merge ──┬── mean ──┐
        west  ──┘           └── spread ┴── report

    npx duet run examples/ray-tasks/dependencies.py
"""

import os

import ray

ray.init()


@ray.remote(runtime_env={"env_vars": {"STATION_UNIT": "°C"}})
def measure(station: str) -> list[str]:
    """Stands for reading the station's file."""
    degrees = {"north": [11, 12, 13], "south": [19, 21, 23], "west": [15, 15, 15]}[station]
    return [f"{degree} {os.environ['STATION_UNIT']}" for degree in degrees]


@ray.remote(num_returns=2)
def merge(*stations: list[str]) -> tuple[list[int], str]:
    """Two results, each with a reference of its own."""
    values = [value.split(" ") for station in stations for value in station]
    return [int(degree) for degree, _ in values], values[0][1]


@ray.remote
def mean(degrees: list[int]) -> float:
    """Their mean."""
    return sum(degrees) / len(degrees)


@ray.remote
def spread(degrees: list[int]) -> int:
    """How far apart they are."""
    return max(degrees) - min(degrees)


@ray.remote
def report(mean: float, spread: int, unit: str) -> str:
    """A sentence."""
    return f"mean {mean:.0f} {unit}, spread {spread} {unit}"


# Nothing waits here: the whole graph is handed in at once.
degrees, unit = merge.remote(*[measure.remote(station) for station in ("north", "south", "west")])
print(ray.get(report.remote(mean.remote(degrees), spread.remote(degrees), unit)))


# In a list or a dict a reference stays a reference. The task then decides itself when to get it.
@ray.remote
def newest(measured: dict[str, "ray.ObjectRef[list[str]]"]) -> str:
    """Gets one of the two."""
    return ray.get(measured["south"])[-1]


print("newest in the south:", ray.get(newest.remote({s: measure.remote(s) for s in ("north", "south")})))
