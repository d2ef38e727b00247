"""A Spark DataFrame is an argument: `train.remote(df)` works as it stands, and Ray's tables go back to Spark."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in `typing`, which takes 2 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def wire() -> None:
    """Makes Ray take Spark's DataFrames, and Spark Ray's tables. Both PySpark and Ray have been imported."""
    from duet.script.frames import hand_back, ray_calls

    ray_calls.wire()
    for name in ("pyspark.sql.connect.dataframe", "pyspark.sql.classic.dataframe"):
        _when_defined(name, "DataFrame", ray_calls.register)
    for name in ("pyspark.sql.connect.session", "pyspark.sql.session"):
        _when_defined(name, "SparkSession", hand_back.wire)


def _when_defined(name: str, defined: str, callback: Callable[[ModuleType], None]) -> None:
    """At once, where the import of the module is what has led here: Python does not take it for finished yet."""
    from duet.script.import_hook import when_imported

    module = sys.modules.get(name)
    if module is not None and hasattr(module, defined):
        callback(module)
    else:
        when_imported(name, callback)
