"""A builder's settings, on a Spark that runs already: what can still be set is set, the rest is told once."""

from __future__ import annotations

import re
import warnings
from typing import Any

from duet.script import channel
from duet.script.call_site import call_site
from duet.script.spark_engine import spark_engine

SILENT = frozenset({"spark.app.name", "spark.api.mode"})
"""Settings without effect on what a script does; leaving them aside is not worth a word."""

ADDRESSES = frozenset({"spark.master", "spark.remote"})
"""Settings that say which Spark to use: the run says it."""

REFUSED = re.compile(r"Failed to set (\S+) to ")
"""How a server begins the warning about a setting that it does not let a session set."""

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
    fixed = {
        name for name in wanted if name in ADDRESSES or (spark_engine().kind == "sail" and CORE.match(name))
    }
    settable = {name: value for name, value in wanted.items() if name not in fixed}
    fixed |= _set(session, settable)
    if fixed:
        _tell({name: wanted[name] for name in fixed})


def _set(session: Any, settings: dict[str, str]) -> set[str]:
    """Sets all in one call; gives the names of those that the server refused."""
    if not settings:
        return set()
    from pyspark.sql.connect.proto import ConfigRequest, KeyValue

    pairs = [KeyValue(key=name, value=value) for name, value in settings.items()]
    operation = ConfigRequest.Operation(set=ConfigRequest.Set(pairs=pairs, silent=True))
    refused = set()
    for warning in session.client.config(operation).warnings:
        match = REFUSED.match(warning)
        if match is not None and match[1] in settings:
            refused.add(match[1])
        else:
            warnings.warn(warning, stacklevel=2)
    return refused


def _tell(left: dict[str, str]) -> None:
    site = call_site()
    listed = ", ".join(f"{name}={_shorten(value)}" for name, value in sorted(left.items()))
    where = f" ({site.place})" if site is not None else ""
    channel.note(f"Left aside, since the run's Spark is running already{where}: {listed}")


def _shorten(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57]}…"
