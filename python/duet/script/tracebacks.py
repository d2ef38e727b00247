"""Keeps Duet's own frames out of the tracebacks that a script prints: they are those of plain Python.

What wraps a function of a library is on the stack of the errors that pass through it. It is left out where Python
prints an error that nobody caught; an error of Duet's own, which begins there, is shown as it is.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in `typing`, which takes 2 ms to import
if TYPE_CHECKING:
    from types import CodeType, FunctionType, TracebackType

_FOLDER = __file__.rpartition(os.sep)[0] + os.sep
_wrappers: set[CodeType] = set()


def install() -> None:
    """Filters what Python prints at an error that nobody caught, in the main thread."""
    sys.excepthook = _print_without_own_frames


def stand_in_for(wrapper: FunctionType, original: FunctionType) -> FunctionType:
    """Makes a wrapper look like the function that it wraps, also to PySpark, which names an action's call site by
    the first frame that is not of its own files."""
    code = original.__code__
    names = {"co_name": code.co_name, "co_filename": code.co_filename, "co_firstlineno": code.co_firstlineno}
    if sys.version_info >= (3, 11):
        names["co_qualname"] = code.co_qualname
    wrapper.__code__ = wrapper.__code__.replace(**names)
    _wrappers.add(wrapper.__code__)
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__"):
        setattr(wrapper, name, getattr(original, name))
    wrapper.__wrapped__ = original  # type: ignore[attr-defined]
    return wrapper


def without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback without Duet's frames, unless it ends in one."""
    frames = []
    step = traceback
    while step is not None:
        frames.append(step)
        step = step.tb_next
    if not frames or _is_own(frames[-1]):
        return traceback
    rest = None
    for step in reversed(frames):
        if not _is_own(step):
            rest = type(step)(rest, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return rest


def _is_own(step: TracebackType) -> bool:
    code = step.tb_frame.f_code
    return code in _wrappers or code.co_filename.startswith(_FOLDER)


def _print_without_own_frames(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        link.__traceback__ = without_own_frames(link.__traceback__)
        waiting += [link.__cause__, link.__context__]
    sys.__excepthook__(kind, error, error.__traceback__)
