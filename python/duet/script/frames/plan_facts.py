"""What a plan tells of its result before anything has run.

The rules are those of `packages/engine/src/hand-over/plan-facts.ts`: the text of `explain` in mode `cost`, in which
Spark's plans give the bytes of their root and Sail's its rows.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SPARK = re.compile(
    r"== Optimized Logical Plan ==\s*\n([^\n]*)\bStatistics\(sizeInBytes=([\d.E+]+) ([KMGTPE]?i?B)"
)
_KEEP_ORDER = re.compile(
    r"\s*(?:Projection|Filter|GlobalLimit|CoalesceBatches|Cooperative|BoundedWindowAgg)Exec\b"
)
_SORT = re.compile(r"\s*Sort(?:PreservingMerge)?Exec\b")
_ROWS = re.compile(r"[^\n]*?\bstatistics=\[Rows=(?:Exact|Inexact)\((\d+)\)")


@dataclass(frozen=True)
class PlanFacts:
    """What a plan says of its result. A guess: good enough to choose the quicker way by, and for nothing else."""

    planner: Literal["sail", "spark"]
    bytes: int | None
    """Of the result in Arrow; None where the plan does not say, e.g. Sail's for csv files."""
    ordered: bool
    """Whether the query ends in an `order by`."""


def read_plan(plan: str, schema: pa.Schema) -> PlanFacts | None:
    """Reads the text of a plan; None for a plan of neither engine."""
    spark = _SPARK.search(plan)
    if spark is not None:
        root, amount, unit = spark.groups()
        return PlanFacts(
            "spark", math.ceil(float(amount) * 1024 ** _UNITS.index(unit)), root.startswith("Sort ")
        )
    physical = re.split(r"^== Physical Plan ==\s*\n", plan, maxsplit=1, flags=re.MULTILINE)[1:]
    if not physical or not re.match(r"\s*\w+Exec\b", physical[0]):
        return None
    rows = _ROWS.match(physical[0])
    source = next((node for node in physical[0].split("\n") if not _KEEP_ORDER.match(node)), "")
    return PlanFacts(
        "sail",
        None if rows is None else math.ceil(int(rows[1]) * row_bytes(schema)),
        _SORT.match(source) is not None,
    )


def row_bytes(schema: pa.Schema) -> float:
    """A typical row in Arrow; texts and nested values are taken as short."""
    return sum(_value_bytes(field.type) for field in schema)


def _value_bytes(kind: pa.DataType) -> float:
    if pa.types.is_struct(kind):
        return sum(_value_bytes(kind.field(index).type) for index in range(kind.num_fields))
    if pa.types.is_map(kind):
        return 4 + 4 * (_value_bytes(kind.key_type) + _value_bytes(kind.item_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return 4 + 8 * _value_bytes(kind.value_type)
    try:
        return kind.bit_width / 8
    except ValueError:  # Texts and bytes have no width.
        return 0 if pa.types.is_null(kind) else 24
