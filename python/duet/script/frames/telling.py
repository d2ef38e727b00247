"""Tells Duet of hand-overs, as operations of the engine `duet`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from duet.script import channel, spark_titles
from duet.script.call_site import call_site


def own_task(title: str) -> str:
    """The name of a Ray task of Duet's own, by which its step is told apart from the script's (`ray-steps.ts`)."""
    return f"duet: {title}"


class Told:
    """A hand-over that is told of; `rows` is for its end."""

    rows: int | None = None


@contextmanager
def told(kind: str, title: str) -> Iterator[Told]:
    """Tells of the beginning and the end of what happens within, `kind` being `hand over` or `hand back`.

    The Spark operations of it are not told by themselves.
    """
    operation = str(uuid.uuid4())
    site = call_site()
    place = {} if site is None else {"file": site.file, "line": site.line}
    started = {"type": "operation-started", "operation": operation, "engine": "duet", "kind": kind}
    channel.send({**started, "title": title, **place})
    end = {"type": "operation-finished", "operation": operation}
    state = Told()
    try:
        with spark_titles.hidden():
            yield state
    except BaseException as error:
        outcome = "failed" if isinstance(error, Exception) else "cancelled"
        first = (str(error) or type(error).__name__).splitlines()[0]
        channel.send({**end, "outcome": outcome, "error": first})
        raise
    channel.send({**end, "outcome": "succeeded", **({} if state.rows is None else {"rows": state.rows})})
