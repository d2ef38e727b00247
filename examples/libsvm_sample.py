"""A sample in libsvm's format, for essay.py and essay_connect.py: two classes, 300 features, most of them zero.

Both scripts make it when it is not there yet. Made by hand:

    python examples/libsvm_sample.py
"""

import os
import random
from pathlib import Path

ROWS = 400
FEATURES = 300
PATH = Path(__file__).resolve().parent / "data" / "sample_libsvm_data.txt"


def line(chance: random.Random) -> str:
    """One row, `label index:value …`: of every row some 30 features are not zero, which ones depends on its class."""
    label = chance.randrange(2)
    features = []
    for index in range(1, FEATURES + 1):
        typical = (index % 5 == 0) if label else (index % 7 == 0)
        if chance.random() < (0.25 if typical else 0.07):
            features.append(f"{index}:{chance.randint(1, 255)}")
    return " ".join([str(label), *features])


def sample(path: Path = PATH) -> str:
    """Writes the sample, always the same one, unless it is there; returns its path."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        chance = random.Random(20)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text("".join(f"{line(chance)}\n" for _ in range(ROWS)))
        unfinished.replace(path)
    return str(path)


if __name__ == "__main__":
    print(sample())
