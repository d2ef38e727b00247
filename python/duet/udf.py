"""A served model as a Spark function: the bytes that Spark Connect's RegisterFunction takes.

The function is a scalar Arrow UDF (Spark's eval type 250; Sail 0.7 and Apache Spark 4.1 and later have it). Its pickle
holds no code objects, only the text of `duet.function_client`, which the executor's Python runs: so any Python
version can load it, and `duet` need not be there.
"""

from __future__ import annotations

import base64
import hashlib
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from duet import function_client

SQL_SCALAR_ARROW_UDF = 250

# Runs the text as a module, once per process, so that all queries there share its connections.
_LOADER = (
    "lambda name, text, arguments, sys=__import__('sys'), types=__import__('types'): ("
    "sys.modules[name] if name in sys.modules else ("
    "lambda module: (exec(compile(text, 'duet/function_client.py', 'exec'), module.__dict__),"
    " sys.modules.setdefault(name, module))[1])(types.ModuleType(name))"
    ").make_function(*arguments)"
)


class _Loader:
    """Stands for the loading expression while pickling."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (_LOADER,)

    def __call__(self) -> None:
        raise AssertionError("only its pickle is called")


class _ShippedFunction:
    """Stands for the function while pickling: what unpickles is the function itself."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.text = Path(function_client.__file__).read_text("utf-8")
        self.name = f"duet_function_client_{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"
        self.arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return _Loader(), (self.name, self.text, self.arguments)


def make_udf(
    name: str,
    url: str,
    token: str,
    inputs: Sequence[str],
    output: pa.DataType,
    python_version: str | None = None,
) -> dict[str, Any]:
    """The Spark side of a served function.

    Gives `{command, evalType, outputType, pythonVersion, message}`: `command` is `PythonUDF.command` in base64,
    `outputType` Spark's DDL, and `message` the whole `spark.connect.CommonInlineUserDefinedFunction` in base64.
    `python_version` is that of the executors (`3.11`), by default this process's.
    """
    from pyspark.sql.connect.proto import CommonInlineUserDefinedFunction
    from pyspark.sql.connect.types import pyspark_types_to_proto_types
    from pyspark.sql.pandas.types import from_arrow_type

    spark_type = from_arrow_type(output, prefer_timestamp_ntz=True)
    command = pickle.dumps((_ShippedFunction((name, url, token, tuple(inputs))), spark_type), protocol=4)
    version = python_version or f"{sys.version_info.major}.{sys.version_info.minor}"
    message = CommonInlineUserDefinedFunction(function_name=name, deterministic=True)
    message.python_udf.output_type.CopyFrom(pyspark_types_to_proto_types(spark_type))
    message.python_udf.eval_type = SQL_SCALAR_ARROW_UDF
    message.python_udf.command = command
    message.python_udf.python_ver = version
    return {
        "command": base64.b64encode(command).decode("ascii"),
        "evalType": SQL_SCALAR_ARROW_UDF,
        "outputType": spark_type.simpleString(),
        "pythonVersion": version,
        "message": base64.b64encode(message.SerializeToString()).decode("ascii"),
    }
