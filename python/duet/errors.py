"""The one exception that means 'the user can mend this'."""

from __future__ import annotations

from typing import Any


class DuetError(Exception):
    """A mistake with a stable kebab-case `code`, a message for people, and JSON-safe `details`.

    It survives pickling, so it may be raised in a Ray task and read by the bridge, which passes on
    `code`, `message` and `details` as they stand.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.code, self.message, self.details))


def _restore(kind: type[DuetError], code: str, message: str, details: dict[str, Any]) -> DuetError:
    return kind(code, message, **details)
