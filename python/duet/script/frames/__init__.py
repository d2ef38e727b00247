"""A Spark DataFrame is an argument: `train.remote(df)` works as it stands, and Ray's tables go back to Spark."""

from __future__ import annotations


def wire() -> None:
    """Makes Ray take Spark's DataFrames, and Spark Ray's tables. Both PySpark and Ray have been imported."""
    from duet.script.frames import hand_back, ray_calls
    from duet.script.import_hook import when_imported

    ray_calls.wire()
    for name in ("pyspark.sql.connect.dataframe", "pyspark.sql.classic.dataframe"):
        when_imported(name, ray_calls.register)
    for name in ("pyspark.sql.connect.session", "pyspark.sql.session"):
        when_imported(name, hand_back.wire)
