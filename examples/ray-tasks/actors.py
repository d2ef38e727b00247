"""Actors: an object that lives in a process of its own and keeps its state between calls.

Spark has nothing like it. Here two workers fit a straight line together; the line lives in an actor.

    npx duet run examples/ray-tasks/actors.py
"""

import random

import ray

ray.init()


@ray.remote(num_cpus=0, runtime_env={"env_vars": {"LEARNING_RATE": "0.05"}})
class Line:
    """y = slope * x + intercept. Calls of one actor come one after the other: it needs no lock."""

    def __init__(self) -> None:
        import os

        self.slope = self.intercept = 0.0
        self.updates = 0
        self.rate = float(os.environ["LEARNING_RATE"])

    def read(self) -> tuple[float, float]:
        return self.slope, self.intercept

    def step(self, slope: float, intercept: float) -> None:
        self.slope -= self.rate * slope
        self.intercept -= self.rate * intercept
        self.updates += 1

    def count(self) -> int:
        return self.updates


@ray.remote
def fit(line: "ray.actor.ActorHandle", seed: int, steps: int) -> None:
    """The handle of an actor is an argument, so any task can call it."""
    chance = random.Random(seed)
    for _ in range(steps):
        slope, intercept = ray.get(line.read.remote())
        xs = [chance.uniform(-1, 1) for _ in range(50)]
        errors = [slope * x + intercept - (3 * x + 2) for x in xs]
        line.step.remote(
            sum(2 * e * x for e, x in zip(errors, xs, strict=True)) / len(xs), 2 * sum(errors) / len(xs)
        )


line = Line.options(name="line").remote()
ray.get([fit.remote(line, seed, 100) for seed in (1, 2)])

# Whoever knows its name finds it.
slope, intercept = ray.get(ray.get_actor("line").read.remote())
print(f"y = {slope:.1f} x + {intercept:.1f} after {ray.get(line.count.remote())} updates")
