"""A user's own `predict` function: what it is given, by its parameters.

    def predict(frame, model): return model.predict(frame[["a", "b"]])
    def predict(table: pyarrow.Table, model_path): …
    def predict(frame): return {"prediction": …, "confidence": …}

The first parameter is the data: a `pyarrow.Table` where it is annotated so or is called `table`, a pandas
DataFrame else. Further parameters are found by name: `model` (the model saved by `mlsql.save_model`),
`model_path` (the model's folder), `fit_param`, `system_param`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.python_alg.columns import near, to_frame

OFFERED = ("model", "model_path", "fit_param", "system_param")


def call_predict(
    predict: Callable[..., Any],
    table: pa.Table,
    *,
    model: Any,
    model_dir: Path,
    fit_param: dict[str, str],
    system_param: dict[str, str],
) -> Any:
    """Call a user's `predict` as its parameters ask. Raises `predict-signature` where they ask the impossible."""
    parameters = list(inspect.signature(predict).parameters.values())
    if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
        raise DuetError(
            "predict-signature",
            "The function predict takes no data: give it a first parameter for the table.",
        )
    offered = {
        "model": model,
        "model_path": str(model_dir),
        "fit_param": fit_param,
        "system_param": system_param,
    }
    given: dict[str, Any] = {}
    for parameter in parameters[1:]:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        if parameter.name in offered and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY:
            if parameter.name == "model" and model is None:
                raise DuetError(
                    "predict-signature",
                    f"The function predict wants a model, and {model_dir} holds none: save one by mlsql.save_model, "
                    "or take model_path and load it yourself.",
                )
            given[parameter.name] = offered[parameter.name]
        elif parameter.default is inspect.Parameter.empty:
            raise DuetError(
                "predict-signature",
                f"The function predict has a parameter {parameter.name!r} that is not known; after the data it may "
                f"take {', '.join(OFFERED)}.{near(parameter.name, OFFERED)}",
            )
    return predict(table if _wants_table(parameters[0]) else to_frame(table), **given)


def _wants_table(parameter: inspect.Parameter) -> bool:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return parameter.name == "table"
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return name.split(".")[-1] in ("Table", "RecordBatch")
