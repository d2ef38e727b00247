"""Where a module uses what only a classic driver has, or what Sail lacks."""

from __future__ import annotations

import ast

from duet.script.analysis.kinds import CONTEXT, READER, UNKNOWN, Imported, Instance, Kind, Method, is_spark
from duet.script.analysis.read_names import Use, imported_names
from duet.script.analysis.scopes import Module, defines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CLASSIC_ATTRIBUTES = frozenset(
    (
        *("rdd", "sparkContext", "_sc", "_jsc", "_jvm", "_jdf", "_jconf", "_jsparkSession", "_jmap", "_jseq"),
        *("_jcols", "_gateway"),
    )
)
"""Attributes that objects of Spark Connect do not have. Of `newSession` and `toJSON`, names that others have too, see
below."""
CLASSIC_METHODS = frozenset(("newSession",))
CONTEXT_METHODS = frozenset(
    (
        "parallelize",
        "wholeTextFiles",
        "emptyRDD",
        "hadoopFile",
        "newAPIHadoopFile",
        "newAPIHadoopRDD",
        "sequenceFile",
    )
)
"""Methods of a SparkContext that nothing else has, for one that a function was given."""
CLASSIC_MODULES = (
    *("pyspark.mllib", "pyspark.streaming", "pyspark.rdd", "pyspark.context", "pyspark.core"),
    *("pyspark.broadcast", "pyspark.files", "pyspark.status", "pyspark.java_gateway", "py4j"),
    *("pyspark.SparkContext", "pyspark.RDD", "pyspark.RDDBarrier", "pyspark.Broadcast", "pyspark.SparkFiles"),
    *("pyspark.SQLContext", "pyspark.HiveContext", "pyspark.sql.SQLContext", "pyspark.sql.HiveContext"),
)
APACHE_MODULES = ("pyspark.ml",)
ANYWHERE = (
    *("pyspark.ml.connect", "pyspark.ml.torch", "pyspark.ml.deepspeed"),
    "pyspark.ml.functions.predict_batch_udf",
)
"""Parts of `pyspark.ml` that are Python through and through."""


class Finding:
    """Something that needs a `classic` driver, or `apache` Spark at least."""

    def __init__(self, need: str, name: str, file: str, line: int, column: int) -> None:
        self.need = need
        self.name = name
        self.file = file
        self.line = line
        self.column = column

    def record(self) -> dict[str, Any]:
        """As the analysis prints it."""
        return {
            "need": self.need,
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }


def spark_uses(module: Module, uses: list[Use]) -> list[Finding]:
    """The findings of one module, in its order."""
    lines: list[bytes] = []
    found: dict[tuple[int, str], Finding] = {}
    for use in uses:
        if use.unread:
            continue
        for need, name, line, offset in _of_use(use):
            if not lines:
                lines = _lines(module.file)
            # The tree counts bytes, people count characters.
            text = lines[line - 1] if line <= len(lines) else b""
            column = len(text[:offset].decode("utf-8", "replace")) + 1
            found.setdefault((line, name), Finding(need, name, module.file, line, column))
    return sorted(found.values(), key=lambda finding: (finding.line, finding.column))


def _of_use(use: Use) -> Iterator[tuple[str, str, int, int]]:
    node = use.node
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        if not use.guarded:
            for name, alias in imported_names(node):
                if use.scope.module.resolve(0, name.partition(".")[0]) is None:
                    need = _need_of_path(name)
                    if need is not None:
                        yield need, name, alias.lineno, alias.col_offset
    elif isinstance(node, ast.Attribute):
        if isinstance(node.ctx, ast.Load):
            yield from _of_attribute(node, use)
    elif isinstance(node, ast.Call) and _reads_libsvm(node, use):
        yield "apache", "libsvm", node.lineno, node.col_offset


def _of_attribute(node: ast.Attribute, use: Use) -> Iterator[tuple[str, str, int, int]]:
    name = node.attr
    line = node.end_lineno or node.lineno
    offset = (node.end_col_offset or 0) - len(name.encode())
    if name in CLASSIC_ATTRIBUTES:
        if _may_be_sparks(use.scope.kind(node.value), name):
            yield "classic", f".{name}", line, offset
    elif name in CLASSIC_METHODS:
        if is_spark(use.scope.kind(node.value)):
            yield "classic", f".{name}", line, offset
    elif name in CONTEXT_METHODS:
        if use.scope.kind(node.value) in (UNKNOWN, CONTEXT):
            yield "classic", f".{name}", line, offset
    else:
        kind = use.scope.kind(node)
        if isinstance(kind, Imported) and kind.package == "pyspark":
            need = _need_of_path(kind.path)
            if need is not None and _need_of_path(kind.path.rpartition(".")[0]) is None:
                yield need, kind.path, line, offset


def _may_be_sparks(owner: Kind, name: str) -> bool:
    """Whether an attribute of this name may be Spark's."""
    if isinstance(owner, Instance):
        return not defines(owner.of, name)
    return owner is UNKNOWN or is_spark(owner) or isinstance(owner, Method)


def _need_of_path(path: str) -> str | None:
    if _is_below(path, CLASSIC_MODULES):
        return "classic"
    return "apache" if _is_below(path, APACHE_MODULES) and not _is_below(path, ANYWHERE) else None


def _is_below(path: str, modules: tuple[str, ...]) -> bool:
    return any(path == module or path.startswith(f"{module}.") for module in modules)


def _reads_libsvm(node: ast.Call, use: Use) -> bool:
    """`read.format("libsvm")` or `read.load(…, format="libsvm")`."""
    function = node.func
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr == "format":
        given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "source")]
    elif function.attr == "load":
        given = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "format")]
    else:
        return False
    names = [value.value for value in given if isinstance(value, ast.Constant)]
    return "libsvm" in names and use.scope.kind(function.value) in (UNKNOWN, READER)


def _lines(file: str) -> list[bytes]:
    with open(file, "rb") as stream:  # noqa: PTH123 -- see local_modules.py
        return stream.read().splitlines()
