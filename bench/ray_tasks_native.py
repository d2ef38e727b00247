"""The peer of `ray-tasks.ts`: the same tasks by Python's own Ray on the same cluster.

Reads lines `latency N` and `pipelined N`; answers each with a JSON array of milliseconds: one for each task, or one
for all of them together.
"""

import json
import sys
import time

import ray


@ray.remote
def increment(x: int) -> int:
    """A task that does next to nothing."""
    return x + 1


def latency(count: int) -> list[float]:
    """Milliseconds of each of `count` tasks, one after the other."""
    times = []
    for index in range(count):
        began = time.perf_counter()
        assert ray.get(increment.remote(index)) == index + 1
        times.append((time.perf_counter() - began) * 1000)
    return times


def pipelined(count: int) -> list[float]:
    """Milliseconds of `count` tasks, submitted together."""
    began = time.perf_counter()
    results = ray.get([increment.remote(index) for index in range(count)])
    took = (time.perf_counter() - began) * 1000
    assert results == [index + 1 for index in range(count)]
    return [took]


def main() -> None:
    """Serve until standard input ends."""
    ray.init(address=sys.argv[1], logging_level="warning", log_to_driver=False)
    print(json.dumps([]), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        print(json.dumps({"latency": latency, "pipelined": pipelined}[what](int(count))), flush=True)


if __name__ == "__main__":
    main()
