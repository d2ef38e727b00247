"""What annotations ask for, and where frames are found among arguments. No engine."""

from __future__ import annotations

import collections
import dataclasses
import inspect
import typing
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypedDict

import pandas
import polars
import pyarrow as pa
import pytest
import ray.data

from duet.script.frames.arguments import replace_frames
from duet.script.frames.kinds import Annotation
from duet.script.frames.plan_facts import PlanFacts, read_plan, row_bytes

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class Frame:
    """Stands for a Spark DataFrame."""


@dataclasses.dataclass(frozen=True)
class Split:
    train: pd.DataFrame
    test: pa.Table
    rest: object = None


class Pair(NamedTuple):
    left: pl.DataFrame
    right: object


class Options(TypedDict):
    data: ray.data.Dataset


def kinds_of(function: Any, *arguments: Any, **keywords: Any) -> dict[str, str | None]:
    """The path and the kind of each frame among the arguments."""
    found: dict[str, str | None] = {}

    def replace(_: Any, place: Any) -> str:
        found[place.path] = place.kind
        return "replaced"

    signature = list(inspect.signature(function).parameters.values())
    replace_frames(
        arguments,
        keywords,
        lambda: (signature, function.__globals__),
        lambda value: isinstance(value, Frame),
        replace,
    )
    return found


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (pandas.DataFrame, "pandas"),
        (polars.DataFrame, "polars"),
        (pa.Table, "arrow"),
        (ray.data.Dataset, "dataset"),
        ("pandas.DataFrame", "pandas"),
        ("typing.Optional[polars.DataFrame]", "polars"),
        ("pd.DataFrame", "pandas"),
        ("pl.DataFrame | None", "polars"),
        ("None | pd.DataFrame", "pandas"),
        ("typing.Union[pd.DataFrame, pa.Table]", "pandas"),
        (typing.Optional["ray.data.Dataset"], "dataset"),
        (Annotated[pandas.DataFrame, "of one day"], "pandas"),
        (int | pandas.DataFrame, "pandas"),
        (Any, None),
        (dict, None),
        ("not ( a type", None),
        ("unheard.of", None),
        (print, None),
    ],
)
def test_an_annotation_says_what_a_frame_arrives_as(annotation: Any, kind: str | None) -> None:
    assert Annotation(annotation, globals()).kind() == kind


def test_every_kind_of_parameter() -> None:
    def function(
        a: pd.DataFrame,
        /,
        b: "pl.DataFrame",  # noqa: UP037
        c=None,
        *more: pa.Table,
        d: ray.data.Dataset,
        **named: pd.DataFrame,
    ):
        pass

    frame = Frame()
    assert kinds_of(function, frame, frame, frame, frame, 1, frame, d=frame, e=frame) == {
        **{"a": "pandas", "b": "polars", "c": None, "more[0]": "arrow", "more[2]": "arrow"},
        **{"d": "dataset", "e": "pandas"},
    }
    assert kinds_of(function, 1, c=frame, b=frame) == {"c": None, "b": "polars"}
    assert kinds_of(lambda: None, frame, x=frame) == {"argument 1": None, "x": None}


def test_frames_inside_of_other_objects() -> None:
    def function(
        a: list[pd.DataFrame],
        b: dict[str, list[pl.DataFrame]],
        c: tuple[pd.DataFrame, pl.DataFrame],
        d: tuple[pd.DataFrame, ...],
        e: Options,
        f: collections.abc.Sequence[pd.DataFrame] | None,
        g: Split,
        h: typing.Any,
        i: Pair,
    ):
        pass

    frame = Frame()
    split = Split(frame, frame, [frame])
    found = kinds_of(
        function,
        [frame, 1],
        {"x": [frame]},
        (frame, frame),
        (frame, frame),
        {"data": frame},
        [frame],
        split,
        {"deep": [{"split": split}]},
        Pair(frame, frame),
    )
    assert found == {
        **{"a[0]": "pandas", "b['x'][0]": "polars", "c[0]": "pandas", "c[1]": "polars"},
        **{"d[0]": "pandas", "d[1]": "pandas", "e['data']": "dataset", "f[0]": "pandas"},
        **{"g.train": "pandas", "g.test": "arrow", "g.rest[0]": None},
        **{"h['deep'][0]['split'].train": "pandas", "h['deep'][0]['split'].test": "arrow"},
        **{"i.left": "polars", "i.right": None},
    }


def test_an_object_that_holds_itself_and_a_frame() -> None:
    frame = Frame()
    itself: list[Any] = [frame]
    itself.append({"again": itself})
    replaced = replace_frames(
        [itself], {}, lambda: ([], {}), lambda value: isinstance(value, Frame), lambda *_: "replaced"
    )
    assert replaced is not None
    (new,), _ = replaced
    assert new[0] == "replaced" and new[1]["again"] is new and itself[0] is frame


def test_one_object_in_two_places_that_ask_for_different_things() -> None:
    def function(a: list[pd.DataFrame], b: list[pl.DataFrame]):
        pass

    both = [Frame()]
    assert kinds_of(function, both, both) == {"a[0]": "pandas", "b[0]": "polars"}


def test_nothing_of_the_callers_is_changed_and_types_stay() -> None:
    frame = Frame()
    split = Split(frame, frame)
    ordered = collections.OrderedDict(x=frame, y=2)
    counted = collections.defaultdict(list, x=[frame])
    pair = Pair(frame, 1)
    replaced = replace_frames(
        [split, ordered, counted, pair, [1, "a"]],
        {"z": (frame,)},
        lambda: ([], {}),
        lambda value: isinstance(value, Frame),
        lambda _, place: place.nested,
    )
    assert replaced is not None
    (new_split, new_ordered, new_counted, new_pair, plain), named = replaced
    assert new_split == Split(True, True)
    assert type(new_ordered) is collections.OrderedDict and new_ordered == {"x": True, "y": 2}
    assert new_counted == {"x": [True]} and new_counted.default_factory is list
    assert new_pair == Pair(True, 1)
    assert (plain, named) == ([1, "a"], {"z": (True,)})
    assert split.train is frame and ordered["x"] is frame and counted["x"] == [frame]


def test_arguments_without_frames_are_left_alone() -> None:
    itself: list[Any] = [1]
    itself.append(itself)
    assert (
        replace_frames(
            [1, itself, {"a": (1, 2)}, Split(1, 2)],
            {"z": object()},
            lambda: pytest.fail("nobody needs the signature"),
            lambda value: isinstance(value, Frame),
            lambda *_: pytest.fail("there is no frame"),
        )
        is None
    )


SAIL = """== Optimized Logical Plan ==
Projection: range.id AS #1, Utf8("a") AS #2
  TableScan: range projection=[id]

== Physical Plan ==
ProjectionExec: expr=[#1@0 as id], statistics=[Rows=Inexact(1000), Bytes=Absent, [(Col[0]: Null=Exact(0))]]
  DataSourceExec: file_groups={}, statistics=[Rows=Exact(2000000), Bytes=Exact(77)]
"""
SORTED = """== Physical Plan ==
ProjectionExec: expr=[#10@0 as id], statistics=[Rows=Absent]
  SortPreservingMergeExec: [#10@0 ASC], statistics=[Rows=Absent]
    SortExec: expr=[id@0 ASC], preserve_partitioning=[true]
"""
SPARK = """== Optimized Logical Plan ==
Project [id#157L, a AS s#156], Statistics(sizeInBytes=17.6 KiB)
+- Range (0, 1000, step=1), Statistics(sizeInBytes=7.8 KiB, rowCount=1.00E+3)

== Physical Plan ==
*(1) Range (0, 1000, step=1, splits=2)
"""
COLUMNS = pa.schema([("id", pa.int64()), ("name", pa.string())])


@pytest.mark.parametrize(
    ("plan", "facts"),
    [
        (SAIL, PlanFacts("sail", 32_000, False)),
        (SAIL.replace("Inexact(1000)", "Absent"), PlanFacts("sail", None, False)),
        (SORTED, PlanFacts("sail", None, True)),
        (SORTED.replace("ProjectionExec", "AggregateExec"), PlanFacts("sail", None, False)),
        (SPARK, PlanFacts("spark", 18_023, False)),
        (SPARK.replace("17.6 KiB", "8.0 EiB"), PlanFacts("spark", 8 * 1024**6, False)),
        (SPARK.replace("Project [", "Sort [id#1L ASC], true, Project ["), PlanFacts("spark", 18_023, True)),
        ("== Physical Plan ==\nSomething else\n", None),
    ],
)
def test_a_plan_tells_its_size_and_order(plan: str, facts: PlanFacts | None) -> None:
    assert read_plan(plan, COLUMNS) == facts


def test_the_width_of_a_row() -> None:
    nested = pa.struct([("a", pa.list_(pa.int32())), ("b", pa.map_(pa.string(), pa.bool_()))])
    assert row_bytes(pa.schema([("x", nested)])) == (4 + 8 * 4) + (4 + 4 * (24 + 0.125))
    assert row_bytes(pa.schema([("d", pa.decimal128(10, 2)), ("n", pa.null()), ("t", pa.date32())])) == 20
