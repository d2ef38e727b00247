"""What an execution is called for people: its kind and a title, from its plan and from the script's line.

Plans are Spark Connect's (`spark/connect/base.proto`, `commands.proto`). Executions that only ask or register
something, and take no work in Spark, have no title and are not shown.
"""

from __future__ import annotations

import contextlib
import contextvars
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from duet.script.call_site import CallSite, call_site, entry_point

QUIET_COMMANDS = frozenset(
    {
        "create_dataframe_view",
        "create_resource_profile_command",
        "get_resources_command",
        "register_data_source",
        "register_function",
        "register_table_function",
        "remove_cached_remote_relation_command",
        "streaming_query_command",
        "streaming_query_listener_bus_command",
        "streaming_query_manager_command",
    }
)
"""Commands that take no work in Spark."""

QUERY = re.compile(
    r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*"
    r"(?:select|from|values|table|show|desc|describe|explain|use|set|create\s+(?:or\s+replace\s+)?(?:global\s+)?temp)",
    re.IGNORECASE | re.DOTALL,
)
"""SQL that plans or looks something up: a query runs when its rows are asked for, as an execution of its own."""

KINDS = {
    "checkpoint_command": "checkpoint",
    "merge_into_table_command": "merge",
    "ml_command": "machine learning",
}


@dataclass(frozen=True)
class Title:
    """An operation's name for people."""

    kind: str
    text: str
    site: CallSite | None


_named: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar(
    "duet_operation", default=None
)
_hidden: contextvars.ContextVar[bool] = contextvars.ContextVar("duet_hidden", default=False)


@contextlib.contextmanager
def named(kind: str, title: str) -> Iterator[None]:
    """Within it, this thread's executions have this kind and title: for work that Duet does for the script."""
    token = _named.set((kind, title))
    try:
        yield
    finally:
        _named.reset(token)


@contextlib.contextmanager
def hidden() -> Iterator[None]:
    """Within it, this thread's executions are not told: they are part of a step that is told already."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


def is_hidden() -> bool:
    """Whether this thread is within :func:`hidden`."""
    return _hidden.get()


def given_name() -> tuple[str, str] | None:
    """Kind and title of this thread's work within :func:`named`."""
    return _named.get()


def title_of(request: Any) -> Title | None:
    """The title of an `ExecutePlanRequest`, asked for in the thread that sends it; None for what is not shown."""
    if is_hidden():
        return None
    site = call_site()
    given = given_name()
    if given is not None:
        return Title(given[0], given[1], site)
    described = _describe(request.plan, site)
    if described is None:
        return None
    kind, text = described
    return Title(kind, f"{text} · {site.place}" if site is not None else text, site)


def is_lazy_sql(statement: str) -> bool:
    """Whether a statement is one that Spark only plans, or looks up, when `spark.sql` is called."""
    return QUERY.match(statement) is not None or _is_with_query(statement)


def _is_with_query(statement: str) -> bool:
    words = statement.split(maxsplit=1)
    return (
        bool(words) and words[0].lower() == "with" and not re.search(r"\binsert\s", statement, re.IGNORECASE)
    )


def sql_title(statement: str) -> str:
    """A statement's beginning, on one line."""
    words = " ".join(statement.split())
    return f"sql: {words}" if len(words) <= 48 else f"sql: {words[:47]}…"


def _describe(plan: Any, site: CallSite | None) -> tuple[str, str] | None:
    operation = plan.WhichOneof("op_type")
    called = (site.called if site is not None else entry_point("pyspark")) or ""
    if operation == "root":
        relation = plan.root.WhichOneof("rel_type")
        if relation == "catalog":
            return None
        kind = "show" if relation in ("show_string", "html_string") else called or "query"
        return kind, kind
    if operation == "command":
        return _describe_command(plan.command, called)
    return called or "query", called or "query"


def _describe_command(command: Any, called: str) -> tuple[str, str] | None:
    kind = command.WhichOneof("command_type")
    if kind in QUIET_COMMANDS:
        return None
    if kind == "sql_command":
        statement = _statement(command.sql_command)
        return None if is_lazy_sql(statement) else ("sql", sql_title(statement))
    if kind == "ml_command":
        action = command.ml_command.WhichOneof("command")
        return ("fit", "fit") if action == "fit" else None
    if kind == "write_operation":
        return "write", _write_title(command.write_operation)
    if kind == "write_operation_v2":
        return "write", f"write table {command.write_operation_v2.table_name}"
    if kind == "write_stream_operation_start":
        return "stream", f"start stream {command.write_stream_operation_start.query_name}".strip()
    name = KINDS.get(kind or "", called or "command")
    return name, name


def _statement(command: Any) -> str:
    """The SQL of a command: where PySpark passes it as a relation, it stands in there."""
    relation = command.input
    if relation.WhichOneof("rel_type") == "with_relations":
        relation = relation.with_relations.root
    return command.sql or relation.sql.query


def _write_title(write: Any) -> str:
    if write.WhichOneof("save_type") == "table":
        return f"write table {write.table.table_name}"
    source = write.source or "default format"
    return f"write {source} {PurePosixPath(write.path).name}".strip()
