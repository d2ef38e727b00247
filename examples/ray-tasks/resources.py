"""Resources: what a task needs, and how many run at once because of it.

Spark gives every task of a job the same slot. In Ray each task says what it needs, and waits until a node has it:
CPUs, GPUs or fractions of one, memory in bytes, and any word that the cluster was started with. They are counted, not
enforced: half a GPU is a place in the queue, and the program itself has to use no more than half of its memory.

    npx duet run --gpus 1 --resources '{"licence": 3}' examples/ray-tasks/resources.py
"""

import time

import ray

ray.init()


@ray.remote(num_cpus=0)
class Meter:
    """Knows how many are at work at the same time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def enter(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def leave(self) -> None:
        self.now -= 1

    def read(self) -> int:
        return self.most


@ray.remote(num_cpus=0, runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}})
def work(meter: "ray.actor.ActorHandle") -> list[str]:
    """Stands for training; returns the GPUs that it was given."""
    ray.get(meter.enter.remote())
    time.sleep(0.5)
    ray.get(meter.leave.remote())
    return [str(gpu) for gpu in ray.get_gpu_ids()]


def most_at_once(tasks: int, **needs: object) -> tuple[int, set[str]]:
    """Runs so many of them with these needs."""
    meter = Meter.remote()
    gpus = ray.get([work.options(**needs).remote(meter) for _ in range(tasks)])
    return ray.get(meter.read.remote()), {gpu for of_task in gpus for gpu in of_task}


has = ray.cluster_resources()
print(f"the cluster has {has.get('GPU', 0):.0f} GPUs and {has.get('licence', 0):.0f} licences")

most, gpus = most_at_once(4, num_gpus=0.5)
print(f"half a GPU each: at most {most} at once on GPU {', '.join(sorted(gpus))}")

most, _ = most_at_once(4, resources={"licence": 2})
print(f"two licences each: at most {most} at once")

most, _ = most_at_once(4, memory=int(has["memory"] * 0.4))
print(f"two fifths of the memory each: at most {most} at once")
