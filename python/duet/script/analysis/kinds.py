"""What an expression of a script is, as far as its syntax tree tells: a Spark session, a frame, something else.

Plain classes and no `dataclasses`: the analysis stands before the start of every script, and importing that would
double its time.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in `typing`, which takes 4 ms to import
if TYPE_CHECKING:
    import ast

    from duet.script.analysis.scopes import Module, Scope

FOREIGN = frozenset(
    (
        *("dask", "matplotlib", "numpy", "pandas", "plotly", "polars", "pyarrow", "ray", "requests", "scipy"),
        *("seaborn", "sklearn", "tensorflow", "torch", "xgboost"),
    )
)
"""Packages whose objects are not Spark's, whatever they are given."""


class Kind:
    """What a value is. Spark's own: `session`, `frame`, …; `other` is known not to be Spark's."""

    def __init__(self, name: str) -> None:
        self.name = name


UNKNOWN = Kind("unknown")
OTHER = Kind("other")
SESSION = Kind("session")
BUILDER = Kind("builder")
CONTEXT = Kind("context")
FRAME = Kind("frame")
GROUPED = Kind("grouped")
READER = Kind("reader")
RDD = Kind("rdd")


class Imported(Kind):
    """A module, or a name in one, that is not the user's own: `pyspark.sql.SparkSession`."""

    def __init__(self, path: str) -> None:
        super().__init__("imported")
        self.path = path
        self.package = path.partition(".")[0]


class LocalModule(Kind):
    """A module beside the script."""

    def __init__(self, module: Module) -> None:
        super().__init__("module")
        self.module = module


class UserFunction(Kind):
    """A function or a lambda of the user, and the scope in which it is defined."""

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
        super().__init__("function")
        self.node = node
        self.scope = scope


class UserClass(Kind):
    """A class of the user, and the scope in which it is defined."""

    def __init__(self, node: ast.ClassDef, scope: Scope) -> None:
        super().__init__("class")
        self.node = node
        self.scope = scope


class Instance(Kind):
    """An object of a class of the user."""

    def __init__(self, of: UserClass) -> None:
        super().__init__("instance")
        self.of = of


class Method(Kind):
    """A method of one of Spark's objects, not called yet."""

    def __init__(self, owner: Kind, method: str) -> None:
        super().__init__("method")
        self.owner = owner
        self.method = method


_ROWS_AND_WORDS = (
    *("collect", "columns", "count", "dtypes", "first", "foreach", "foreachPartition", "head", "isEmpty"),
    *("printSchema", "schema", "show", "tail", "take", "toArrow", "toLocalIterator", "toPandas", "write"),
    *("writeStream", "writeTo"),
)
_RETURNS: dict[Kind, dict[str, Kind]] = {
    SESSION: {
        **dict.fromkeys(("createDataFrame", "range", "sql", "table"), FRAME),
        **dict.fromkeys(("active", "getActiveSession", "newSession"), SESSION),
        "stop": OTHER,
    },
    BUILDER: {"getOrCreate": SESSION, "create": SESSION},
    GROUPED: {"pivot": GROUPED},
    FRAME: {
        **dict.fromkeys(_ROWS_AND_WORDS, OTHER),
        **dict.fromkeys(("groupBy", "groupby", "cube", "rollup", "groupingSets"), GROUPED),
    },
    READER: dict.fromkeys(("csv", "jdbc", "json", "load", "orc", "parquet", "table", "text", "xml"), FRAME),
    CONTEXT: {
        **dict.fromkeys(("binaryFiles", "emptyRDD", "parallelize", "textFile", "wholeTextFiles"), RDD),
        "getOrCreate": CONTEXT,
    },
    RDD: {"toDF": FRAME, "collect": OTHER, "count": OTHER, "take": OTHER},
}
"""What the methods of Spark's objects give."""
_OTHERWISE = {BUILDER: BUILDER, GROUPED: FRAME, FRAME: FRAME, READER: READER, RDD: RDD}
_ATTRIBUTES: dict[Kind, dict[str, Kind]] = {
    SESSION: {
        **dict.fromkeys(("read", "readStream"), READER),
        **dict.fromkeys(("conf", "version"), OTHER),
        "sparkContext": CONTEXT,
    },
    FRAME: {
        **dict.fromkeys(("columns", "dtypes", "schema", "write"), OTHER),
        "rdd": RDD,
        "sparkSession": SESSION,
    },
}
_CLASSES = {
    "DataFrame": FRAME,
    "GroupedData": GROUPED,
    "RDD": RDD,
    "SparkContext": CONTEXT,
    "SparkSession": SESSION,
    "SQLContext": SESSION,
    "HiveContext": SESSION,
}


def is_spark(kind: Kind) -> bool:
    """Whether the value is one of Spark's own."""
    return kind in _RETURNS


def attribute(owner: Kind, name: str) -> Kind:
    """What `owner.name` is, for an owner that is no object of the user."""
    if isinstance(owner, Imported):
        of = _class_of(owner)
        if of is SESSION and name == "builder":
            return BUILDER
        if of is not None and of is not OTHER:
            return Method(of, name)
        return Imported(f"{owner.path}.{name}")
    if is_spark(owner):
        return _ATTRIBUTES.get(owner, {}).get(name) or Method(owner, name)
    return owner if owner is OTHER else UNKNOWN


def called(function: Kind, takes_spark: bool) -> Kind:
    """What a call gives, for a function that is not the user's; `takes_spark`: an argument may be of Spark."""
    if isinstance(function, Method):
        owner = function.owner
        return _RETURNS[owner].get(function.method) or _OTHERWISE.get(owner, UNKNOWN)
    if isinstance(function, Imported):
        of = _class_of(function)
        if of is OTHER and takes_spark and function.package not in FOREIGN:
            return UNKNOWN
        return of or UNKNOWN
    return OTHER if function is OTHER and not takes_spark else UNKNOWN


def annotated(annotation: Kind) -> Kind:
    """What a value is whose annotation is this."""
    if isinstance(annotation, Imported):
        return _class_of(annotation) or UNKNOWN
    if isinstance(annotation, UserClass):
        return Instance(annotation)
    return OTHER if annotation is OTHER else UNKNOWN


def _class_of(kind: Imported) -> Kind | None:
    """What an object of an imported class, or what an imported function gives, is; None where nothing is known."""
    if kind.package == "pyspark":
        return _CLASSES.get(kind.path.rpartition(".")[2])
    return OTHER if kind.package in FOREIGN or kind.package in sys.stdlib_module_names else None
