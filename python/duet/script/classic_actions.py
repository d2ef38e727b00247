"""The functions of classic PySpark that run jobs, each told as an operation of the script's."""

from __future__ import annotations

from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

from duet.script.classic_operations import Action, is_inside
from duet.script.spark_titles import given_name, sql_title
from duet.script.tracebacks import stand_in_for

ACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "pyspark.core.rdd": {
        "RDD": (
            "aggregate", "collect", "collectAsMap", "collectWithJobGroup", "count", "countApprox",
            "countApproxDistinct", "countByKey", "countByValue", "first", "fold", "foreach", "foreachPartition",
            "histogram", "isEmpty", "lookup", "max", "mean", "meanApprox", "min", "reduce", "reduceByKeyLocally",
            "sampleStdev", "sampleVariance", "saveAsHadoopDataset", "saveAsHadoopFile",
            "saveAsNewAPIHadoopDataset", "saveAsNewAPIHadoopFile", "saveAsPickleFile", "saveAsSequenceFile",
            "saveAsTextFile", "sortBy", "sortByKey", "stats", "stdev", "sum", "sumApprox", "take", "takeOrdered",
            "takeSample", "toDF", "toLocalIterator", "top", "treeAggregate", "treeReduce", "variance",
            "zipWithIndex",
        ),
    },
    "pyspark.core.context": {"SparkContext": ("runJob",)},
    "pyspark.sql.classic.dataframe": {
        "DataFrame": (
            "checkpoint", "collect", "count", "first", "foreach", "foreachPartition", "head", "isEmpty",
            "localCheckpoint", "show", "tail", "take", "toArrow", "toLocalIterator", "toPandas",
        ),
    },
    "pyspark.sql.readwriter": {
        "DataFrameWriter": (
            "csv", "insertInto", "jdbc", "json", "orc", "parquet", "save", "saveAsTable", "text", "xml",
        ),
        "DataFrameWriterV2": ("append", "create", "createOrReplace", "overwrite", "overwritePartitions", "replace"),
        "DataFrameReader": ("csv", "json", "load", "xml"),
    },
    "pyspark.sql.session": {"SparkSession": ("createDataFrame", "sql")},
    "pyspark.ml.base": {"Estimator": ("fit",)},
}  # fmt: skip
"""By module and class."""

LAZY = frozenset(
    {
        ("DataFrameReader", "csv"),
        ("DataFrameReader", "json"),
        ("DataFrameReader", "load"),
        ("DataFrameReader", "xml"),
        ("RDD", "sortBy"),
        ("RDD", "sortByKey"),
        ("RDD", "toDF"),
        ("RDD", "zipWithIndex"),
        ("SparkSession", "createDataFrame"),
        ("SparkSession", "sql"),
    }
)
"""Those that run a job only at times."""


def wire(module: ModuleType) -> None:
    """Wires the actions of a module that has been imported."""
    for owner_name, names in ACTIONS[module.__name__].items():
        owner = getattr(module, owner_name)
        for name in names:
            original = vars(owner).get(name)
            if original is not None and not hasattr(original, "__wrapped__"):
                setattr(owner, name, _told(original, owner_name, name))


def _told(original: Any, owner: str, name: str) -> Any:
    lazy = (owner, name) in LAZY

    def action(*arguments: Any, **options: Any) -> Any:
        if is_inside():
            return original(*arguments, **options)
        kind, text = _named(owner, name, [*arguments[1:], *options.values()])
        with Action(kind, text, lazy=lazy) as told:
            told.result = original(*arguments, **options)
        return told.result

    return stand_in_for(action, original)


def _named(owner: str, name: str, values: list[Any]) -> tuple[str, str]:
    """Kind and title of an action; `values` are its arguments."""
    given = given_name()
    if given is not None:
        return given
    first = values[0] if values and isinstance(values[0], str) else ""
    if owner == "SparkSession" and name == "sql":
        return "sql", sql_title(first)
    if owner == "DataFrameWriter":
        if name in ("saveAsTable", "insertInto"):
            return "write", f"write table {first}"
        source = "" if name == "save" else f"{name} "
        return "write", f"write {source}{PurePosixPath(first).name}".strip()
    if owner == "DataFrameWriterV2":
        return "write", f"write table ({name})"
    return name, name
