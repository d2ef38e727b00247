"""How the runtime env agent of the embedded node tells of a build: as marked lines in its log of the job."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r" -- environment (?P<environment>\S+) (?P<state>building|ready|failed): (?P<text>.*)$")


@dataclass(frozen=True)
class EnvironmentChange:
    """A step of the build of one environment: `building` (a line of it), then `ready` or `failed`."""

    environment: str
    state: str
    text: str

    def __str__(self) -> str:
        return f"environment {self.environment} {self.state}: {self.text}"


def read_change(line: str) -> EnvironmentChange | None:
    """The change that a line of the agent's log tells of; None for all its other lines."""
    found = _LINE.search(line)
    return EnvironmentChange(**found.groupdict()) if found else None
