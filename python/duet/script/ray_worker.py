"""What a worker of the embedded Ray does for ordinary scripts; Ray imports this module when the worker starts.

The workers are Ray's own, started before there is a script and for all jobs alike: that costs a script nothing, where
a runtime environment of its own would cost it new workers. A script's job names the run in its metadata.
"""

from __future__ import annotations

import os

import ray

from duet.script import ray_private, ray_session
from duet.script.context import VARIABLE, context


def _enter_script() -> None:
    text = ray_private.job_metadata().get(ray_session.METADATA)
    if text is None:
        return
    os.environ[VARIABLE] = text
    context.cache_clear()
    from duet.script import wiring

    wiring.register()


# A job that has runtime environment variables of its own may have brought them along.
if not os.environ.get(VARIABLE):
    ray_session.wire(ray)
    ray_private.before_first_task(_enter_script)
