"""The peer of `ray-tasks.ts`: the same tasks by Python's own Ray on the same cluster.

Usage: `ray_tasks.py ADDRESS`. Answers each line `{"what": "latency" | "pipelined", "count": N}` with JSON.
"""

import json
import statistics
import sys
import time

import ray


@ray.remote
def increment(x: int) -> int:
    """A task that does next to nothing."""
    return x + 1


def latency(count: int) -> float:
    """Median of the milliseconds of `count` tasks, one after the other."""
    times = []
    for index in range(count):
        began = time.perf_counter()
        assert ray.get(increment.remote(index)) == index + 1
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def pipelined(count: int) -> float:
    """Tasks per second, `count` of them submitted together."""
    began = time.perf_counter()
    results = ray.get([increment.remote(index) for index in range(count)])
    took = time.perf_counter() - began
    assert results == [index + 1 for index in range(count)]
    return count / took


def main() -> None:
    """Serve until standard input ends."""
    ray.init(address=sys.argv[1], logging_level="warning", log_to_driver=False)
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        measure = {"latency": latency, "pipelined": pipelined}[request["what"]]
        print(json.dumps({"value": measure(request["count"])}), flush=True)


if __name__ == "__main__":
    main()
