"""`ray.wait`: take results as they come, in whatever order, and keep only so many tasks under way.

npx duet run examples/ray-tasks/wait.py
"""

import os
import time

import ray

ray.init()


@ray.remote(runtime_env={"env_vars": {"PAUSE": "0.1"}})
def simulate(number: int) -> int:
    """The first one takes long, the others do not."""
    time.sleep(1.0 if number == 0 else float(os.environ["PAUSE"]))
    return number


# Four under way at a time; the cluster need not know of all that is still to do.
waiting = list(range(12))
under_way: "list[ray.ObjectRef[int]]" = []
order: list[int] = []
while waiting or under_way:
    while waiting and len(under_way) < 4:
        under_way.append(simulate.remote(waiting.pop(0)))
    ready, under_way = ray.wait(under_way, num_returns=1)
    order += ray.get(ready)

print(f"{len(order)} results, as they came: {order}")

# With a timeout it looks, and does not wait.
slow = simulate.remote(0)
ready, not_ready = ray.wait([slow], timeout=0)
print(f"ready {len(ready)}, not ready {len(not_ready)}")
