"""Handing a Spark DataFrame over to Ray: once for each frame, however many tasks take it and as whatever.

A small result goes as Arrow through this process into Ray's store. A large one is written by Spark's executors as
plain parquet and read into the store by a Ray task, which maps the files. The way is chosen before the query runs,
from the statistics of its plan, so that no query runs twice; both ways give the types of `DataFrame.toArrow`. An
ordered result of Sail goes as Arrow whatever its size: Sail's writes lose the order.

What has been handed over lives as long as the frame: with it go this process's object refs, so that Ray frees each
object when no task needs it any more, and the files, as soon as they have been read. Files that a `ray.data.Dataset`
reads stay until the run's end, since nobody can know where it has been passed on to.
"""

from __future__ import annotations

import _thread
import functools
import importlib.util
import threading
import weakref
from pathlib import Path
from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.script.frames import arrival, files, limits, spark_frames
from duet.script.frames.kinds import Kind
from duet.script.frames.limits import Call
from duet.script.frames.plan_facts import PlanFacts
from duet.script.frames.telling import own_task, told

APACHE_SPARK = 16
"""How many times later than Sail's the two ways of Apache Spark cross: its smallest write takes 0.25 s."""


def hand_over(frame: Any, kind: Kind, call: Call, path: str) -> Any:
    """An object ref to the rows of `frame` as `kind`, or a lazy `ray.data.Dataset` of them.

    Raises what Spark raises where the query fails; `table-too-large`, `session-ended`, `package-missing`.
    """
    if kind == "polars" and not call.own_environment and importlib.util.find_spec("polars") is None:
        raise DuetError(
            "package-missing",
            f"`{path}` of {call.function} is annotated polars.DataFrame, but polars is not installed here.\n"
            "Add polars to the script's environment, or annotate pyarrow.Table.",
            package="polars",
        )
    return _known(frame).arriving(frame, kind, call, path)


def _known(frame: Any) -> _HandedFrame:
    with _lock:
        known = _frames.get(id(frame))
        if known is None:
            known = _frames[id(frame)] = _HandedFrame()
            weakref.finalize(frame, _forget, id(frame)).atexit = False
    return known


def _forget(identity: int) -> None:
    known = _frames.pop(identity, None)
    if known is not None:
        known.release()


class _HandedFrame:
    """What has been handed over of one frame. It does not hold the frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cluster: str | None = None
        self._schema: pa.Schema | None = None
        self._rows = 0
        self._bytes = 0
        self._folder: Path | None = None
        self._refs: dict[Kind, Any] = {}
        self._dataset: Any = None

    def arriving(self, frame: Any, kind: Kind, call: Call, path: str) -> Any:
        """An object ref or data set; the query runs at the first call."""
        with self._lock:
            self._leave_another_cluster()
            if self._folder is None and not self._refs:
                self._run(frame, kind, call, path)
            assert self._schema is not None
            limits.check(call, path, kind, self._schema, self._rows, self._bytes)
            if kind == "dataset":
                return self._as_dataset(frame)
            if kind not in self._refs:
                self._refs[kind] = self._ship(frame, kind)
            return self._refs[kind]

    def release(self) -> None:
        """Lets go of the objects and the files. May be called while memory is being freed: takes no lock."""
        folder, refs = self._folder, tuple(self._refs.values())
        self._refs.clear()
        if folder is not None and self._dataset is None:
            # Not `threading.Thread`, whose start takes a lock that the freeing thread may hold.
            _thread.start_new_thread(_remove_when_read, (folder, refs))

    def _run(self, frame: Any, kind: Kind, call: Call, path: str) -> None:
        with told("hand over", f"table → {call.function}({path})") as state:
            schema = spark_frames.arrow_schema(frame)
            facts = spark_frames.plan_facts(frame, schema)
            if _goes_as_files(facts, kind) and spark_frames.fits_parquet(frame):
                self._write(frame)
            else:
                table = spark_frames.fetch(
                    frame, schema, functools.partial(limits.check, call, path, kind, schema)
                )
                self._rows, self._bytes = table.num_rows, table.nbytes
                first: Kind = "arrow" if kind == "dataset" else kind
                self._refs[first] = self._put(frame, first, table)
            self._schema = schema
            state.rows = self._rows

    def _write(self, frame: Any) -> None:
        folder = files.new_folder("hand-over")
        try:
            spark_frames.write(frame, folder)
            found = files.measure(folder)
        except BaseException:
            # Part of a table is of no use, and where the disk is full its space is needed.
            files.remove_until_gone(folder)
            raise
        self._folder, self._rows, self._bytes = folder, found.rows, found.bytes

    def _ship(self, frame: Any, kind: Kind) -> Any:
        assert self._schema is not None
        if self._folder is None:
            import ray

            with arrival.as_arrow():
                table = ray.get(next(iter(self._refs.values())))
            return self._put(frame, kind, table)
        if self._rows == 0:
            # Sail writes no file for no rows.
            return self._put(frame, kind, self._schema.empty_table())
        return _reader().remote(str(self._folder), self._schema, kind, self._zone(frame, kind))

    def _put(self, frame: Any, kind: Kind, table: pa.Table) -> Any:
        import ray

        return ray.put(arrival.ship(table, kind, self._zone(frame, kind)))

    def _zone(self, frame: Any, kind: Kind) -> str | None:
        return spark_frames.time_zone(frame) if kind == "pandas" else None

    def _as_dataset(self, frame: Any) -> Any:
        if self._dataset is None:
            from duet.script.frames import datasets

            assert self._schema is not None
            if self._folder is not None and self._rows > 0:
                self._dataset = datasets.over_files(self._folder, self._schema)
            else:
                if "arrow" not in self._refs:
                    self._refs["arrow"] = self._ship(frame, "arrow")
                self._dataset = datasets.over_table(self._refs["arrow"])
        return self._dataset

    def _leave_another_cluster(self) -> None:
        """The objects of a Ray that the script has left by `ray.shutdown` are gone."""
        import ray

        cluster = ray.get_runtime_context().get_job_id()
        if self._cluster != cluster:
            self._cluster, self._dataset = cluster, None
            self._refs.clear()


def _goes_as_files(facts: PlanFacts | None, kind: Kind) -> bool:
    if facts is None or (facts.planner == "sail" and facts.ordered and kind != "dataset"):
        return False
    most = files.run_context().switch_bytes * (APACHE_SPARK if facts.planner == "spark" else 1)
    return facts.bytes is None or facts.bytes > most


@functools.cache
def _reader() -> Any:
    import ray

    # No CPU of its own: it is a short burst, and no task waits for one that waits for it.
    return ray.remote(num_cpus=0, max_retries=3, name=own_task("read table → Ray"))(arrival.read_handed_table)


def _remove_when_read(folder: Path, refs: tuple[Any, ...]) -> None:
    import ray

    if refs and ray.is_initialized():
        ray.wait(list(refs), num_returns=len(refs), fetch_local=False)
    files.remove(folder)


_frames: dict[int, _HandedFrame] = {}
_lock = threading.Lock()
