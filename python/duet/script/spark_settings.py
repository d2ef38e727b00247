"""A builder's settings, on a Spark that runs already: what can still be set is set, the rest is told once."""

from __future__ import annotations

import re
from typing import Any

from duet.script import channel
from duet.script.call_site import call_site
from duet.script.spark_engine import spark_engine

SILENT = frozenset({"spark.app.name", "spark.api.mode"})
"""Settings without effect on what a script does; leaving them aside is not worth a word."""

CORE = re.compile(
    r"spark\.(archives|authenticate|blockManager|broadcast|checkpoint|cleaner|cores|default|deploy|driver"
    r"|dynamicAllocation|eventLog|excludeOnFailure|executor|executorEnv|extraListeners|files|hadoop|hive|io|jars|kryo"
    r"|kryoserializer|kubernetes|local|locality|log|logConf|memory|network|plugins|port|pyspark|python|rdd|reducer"
    r"|resources|rpc|scheduler|serializer|shuffle|speculation|ssl|stage|storage|submit|task|ui|unsafe|worker|yarn)\b"
    r"|spark\.sql\.(catalog\.|(catalogImplementation|extensions|warehouse\.dir)$)"
)
"""Spark's own settings that are fixed when a driver starts. Sail stores every setting, and has no use for these."""


def apply(session: Any, options: dict[str, str]) -> None:
    """Sets what the session's server lets a session set, and notes what it does not."""
    wanted = {name: value for name, value in options.items() if name not in SILENT}
    settable = {name: value for name, value in wanted.items() if name not in ("spark.master", "spark.remote")}
    left = dict(wanted.items() - settable.items())
    if settable:
        if spark_engine().kind == "sail":
            left |= {name: value for name, value in settable.items() if CORE.match(name)}
            settable = {name: value for name, value in settable.items() if name not in left}
            if settable:
                session.conf._set_all(configs=settable, silent=True)
        else:
            session.conf._set_all(configs=settable, silent=True)
            actual = session.conf.getAll
            left |= {name: value for name, value in settable.items() if actual.get(name) != value}
    if left:
        _tell(left)


def _tell(left: dict[str, str]) -> None:
    site = call_site()
    listed = ", ".join(f"{name}={_shorten(value)}" for name, value in sorted(left.items()))
    where = f" ({site.place})" if site is not None else ""
    channel.note(f"Left aside, since the run's Spark is running already{where}: {listed}")


def _shorten(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57]}…"
