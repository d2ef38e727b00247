"""A classic Spark driver in the script's own process: RDDs, `SparkContext`, everything that Spark Connect lacks.

`SparkContext(…)`, `SparkContext.getOrCreate()` and `SparkSession.builder` all end in `SparkContext.__init__`, which
gets the run's master and settings whatever the script's own say.
"""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from duet.script import channel, classic_exit, classic_settings
from duet.script.call_site import call_site
from duet.script.context import SparkEngine, context
from duet.script.import_hook import when_imported
from duet.script.spark_engine import is_classic
from duet.script.tracebacks import stand_in_for


def wire(module: ModuleType) -> None:
    """Wires `pyspark.core.context`, as soon as it has been imported; in executors there is nothing to wire."""
    if not is_classic() or "PYTHON_WORKER_FACTORY_SECRET" in os.environ:
        return
    _prepare_environment(module)
    spark_context = module.SparkContext
    original = spark_context.__init__
    signature = inspect.signature(original)

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        given = signature.bind(self, *arguments, **options).arguments
        given["conf"] = _configuration(given.pop("master", None), given.get("conf"))
        original(**given)
        classic_exit.end_at_exit()

    spark_context.__init__ = stand_in_for(init, original)
    _wire_operations()


def _wire_operations() -> None:
    from duet.script import classic_actions

    for name in classic_actions.ACTIONS:
        when_imported(name, classic_actions.wire)


def _prepare_environment(module: ModuleType) -> None:
    """What PySpark reads when it starts its JVM. Executors run the script's own Python."""
    for variable in (
        "SPARK_REMOTE",
        "SPARK_LOCAL_REMOTE",
        "SPARK_CONNECT_MODE_ENABLED",
        "SPARK_API_MODE",
        "MASTER",
    ):
        os.environ.pop(variable, None)
    if (Path(module.__file__ or "").parents[1] / "jars").is_dir():
        os.environ.pop("SPARK_HOME", None)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    known = context()
    if known is not None and known.spark is not None and classic_settings.is_local(known.spark.master):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"


def _configuration(master: str | None, conf: Any) -> Any:
    """The script's settings, with the run's over them."""
    from pyspark.conf import SparkConf

    known = context()
    assert known is not None and known.spark is not None
    wanted = dict(conf.getAll()) if conf is not None else {}
    if master is not None:
        wanted["spark.master"] = master
    settings = classic_settings.settings(known, wanted)
    _tell(known.spark, wanted, settings)
    whole = SparkConf()
    for name, value in settings.items():
        whole.set(name, value)
    return whole


def _tell(engine: SparkEngine, wanted: dict[str, str], settings: dict[str, str]) -> None:
    left = {name: value for name, value in wanted.items() if value not in settings.get(name, "")}
    if left:
        site = call_site()
        listed = ", ".join(f"{name}={value}" for name, value in sorted(left.items()))
        where = f" ({site.place})" if site is not None else ""
        channel.note(f"Left aside, since the run's classic Spark is {engine.master}{where}: {listed}")


def note_remote(options: dict[str, Any]) -> None:
    """Takes an address out of a builder's options: a classic driver is what the run needs."""
    address = options.pop("spark.remote", None)
    options.pop("spark.api.mode", None)
    if address is not None:
        channel.note(f"Left aside, since the run has a classic Spark driver: spark.remote={address}")
