"""Turning what went wrong in a user's Python into an error for people: code, message, traceback, file and line."""

from __future__ import annotations

import errno
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from duet.errors import DuetError
from duet.user_source import is_user_file

OWN_FOLDER = str(Path(__file__).parent)
# How Ray gets from the user's `ray.get` to the exception is nothing that a user could mend.
RAY_INTERNALS = "/ray/_private/"
MESSAGE_LIMIT = 8_000
TRACEBACK_LIMIT = 64_000
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def describe_failure(error: BaseException) -> dict[str, Any]:
    """The failure as JSON: `{code, type, message, traceback, file?, line?, details?}`.

    `traceback` is Python's own text without our frames and Ray's inner ones; `file` and `line` are the innermost
    place in the user's own source. Codes: `python-syntax-error`, `python-module-missing`, `python-exit`,
    `out-of-memory`, `disk-full`, `python-error`, and those of DuetError.
    """
    described: dict[str, Any] = {
        "code": _code(error),
        "type": type(error).__name__,
        "message": shorten(_message(error), MESSAGE_LIMIT),
        "traceback": shorten(format_traceback(error), TRACEBACK_LIMIT),
    }
    place = _place(error)
    if place is not None:
        described["file"], described["line"] = place
    if isinstance(error, DuetError) and error.details:
        described["details"] = error.details
    return described


def format_traceback(error: BaseException) -> str:
    """The text that `python script.py` would print for `error`, our own frames left out."""
    formatted = traceback.TracebackException.from_exception(error)
    for part in _chain(formatted, set()):
        part.stack[:] = [frame for frame in part.stack if not _is_hidden(frame.filename)]
    text = "".join(formatted.format())
    return printable(_ESCAPES.sub("", text))


def _chain(part: traceback.TracebackException, seen: set[int]) -> Iterator[traceback.TracebackException]:
    if id(part) in seen:
        return
    seen.add(id(part))
    yield part
    for other in (part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())):
        if other is not None:
            yield from _chain(other, seen)


def _is_hidden(file: str) -> bool:
    return file.startswith(OWN_FOLDER) or RAY_INTERNALS in file


def _code(error: BaseException) -> str:
    if isinstance(error, DuetError):
        return error.code
    if isinstance(error, SyntaxError) and error.filename is not None and is_user_file(error.filename):
        return "python-syntax-error"
    if isinstance(error, ModuleNotFoundError):
        return "python-module-missing"
    if isinstance(error, SystemExit):
        return "python-exit"
    if isinstance(error, MemoryError):
        return "out-of-memory"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "disk-full"
    return "python-error"


def _message(error: BaseException) -> str:
    if isinstance(error, DuetError):
        return error.message
    if isinstance(error, SystemExit):
        if isinstance(error.code, str):
            return f"The script ended itself by sys.exit: {error.code}"
        return f"The script ended itself with exit status {error.code}"
    if isinstance(error, MemoryError):
        return f"The script ran out of memory. {error}".rstrip()
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"No space is left on the disk that holds {error.filename or 'the files of the training'}."
    cause = getattr(error, "cause", None)
    if _is_ray_task_error(error) and isinstance(cause, BaseException):
        return f"{_one_line(cause)} (in a Ray task that the script started)"
    text = _one_line(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{text}: name the package that holds it in the script's environment (condaFile)"
    return text


def _one_line(error: BaseException) -> str:
    return printable("".join(traceback.format_exception_only(type(error), error)).strip())


def _is_ray_task_error(error: BaseException) -> bool:
    return any(
        kind.__name__ == "RayTaskError" and kind.__module__.startswith("ray.") for kind in type(error).__mro__
    )


def _place(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, SyntaxError) and error.filename is not None and is_user_file(error.filename):
        return error.filename, error.lineno or 1
    place = None
    if _is_ray_task_error(error):
        # The text holds the traceback of the process where it happened: that place is the one to mend.
        for file, line in re.findall(r'File "([^"\n]+)", line (\d+)', str(error)):
            place = (file, int(line)) if is_user_file(file) else place
        if place is not None:
            return place
    step: TracebackType | None = error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if is_user_file(file):
            place = file, step.tb_lineno
        step = step.tb_next
    return place


def shorten(text: str, limit: int) -> str:
    """`text`, its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"


def printable(text: str) -> str:
    """`text` with what UTF-8 cannot hold (lone surrogates) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
