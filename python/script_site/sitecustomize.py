"""Wires every Python process of a run to Duet, before the first line of the user's code.

Python imports ``sitecustomize`` when it starts. This one stands first on ``PYTHONPATH``, so it also runs the one
that it hides, and leaves ``sys.path`` as it would be without it. Without ``DUET_SCRIPT`` in the environment it does
nothing else. Few imports: every script pays for them.
"""

import os
import sys


def _wire() -> None:
    """Starts the wiring; a fault in it is told on standard error, and the interpreter starts all the same."""
    try:
        from duet.script import wiring

        wiring.start()
    except Exception:
        import traceback

        sys.stderr.write(
            "duet: this Python process could not be wired: Spark and Ray in it are not the run's\n"
        )
        traceback.print_exc()


def _run_hidden() -> None:
    """Imports the ``sitecustomize`` that would have been found without this folder on the path."""
    here = os.path.realpath(__file__.rpartition(os.sep)[0])
    sys.path[:] = [entry for entry in sys.path if not entry or os.path.realpath(entry) != here]
    own = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = own


if os.environ.get("DUET_SCRIPT"):
    _wire()
_run_hidden()
