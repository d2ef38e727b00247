"""Is this object a trained model, and what does it say about its inputs and outputs?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.python_alg.columns import is_vector, near
from duet.python_alg.model_card import Column


def require_model(model: Any) -> None:
    """Raise `not-a-model` or `model-not-fitted` where `model` cannot predict."""
    kind = type(model).__name__
    if isinstance(model, type):
        raise DuetError(
            "not-a-model",
            f"mlsql.save_model got the class {model.__name__}, not a trained model: make one and train it, "
            f"as in {model.__name__}().fit(X, y).",
        )
    if not callable(getattr(model, "predict", None)):
        shown = repr(model)
        shown = f" ({shown[:80]})" if len(shown) < 200 else ""
        raise DuetError(
            "not-a-model",
            f"mlsql.save_model got an object of type {kind}{shown}, which has no predict method: give it a trained "
            "model, or say how to predict with it, as in mlsql.save_model(value, predict=my_function).",
        )
    base = sys.modules.get("sklearn.base")
    if base is not None and isinstance(model, base.BaseEstimator):
        from sklearn.exceptions import NotFittedError
        from sklearn.utils.validation import check_is_fitted

        try:
            check_is_fitted(model)
        except NotFittedError as error:
            raise DuetError(
                "model-not-fitted",
                f"mlsql.save_model got a {kind} that is not trained yet: call its fit first.",
            ) from error
        except TypeError:
            return


def find_inputs(
    model: Any, given: Sequence[str] | None, schema: pa.Schema | None
) -> tuple[Column, ...] | None:
    """The columns that `model` takes: those given, those it remembers, or a lone vector column; else None.

    Raises `unknown-column` where a column that was given is not in the training table.
    """
    names = list(given) if given is not None else _remembered_inputs(model)
    if names is None and schema is not None and "features" in schema.names:
        features = schema.field("features").type
        if is_vector(features):
            names = ["features"]
    if names is None:
        return None
    if schema is None:
        return tuple(Column(name, None) for name in names)
    if given is not None:
        for name in names:
            if name not in schema.names:
                raise DuetError(
                    "unknown-column",
                    f"mlsql.save_model(inputs=…) names a column {name!r} that the training table has not."
                    f"{near(name, schema.names)}",
                    column=name,
                )
    return tuple(
        Column(name, str(schema.field(name).type) if name in schema.names else None) for name in names
    )


def _remembered_inputs(model: Any) -> list[str] | None:
    names = getattr(model, "feature_names_in_", None)
    if names is None or any(not isinstance(name, str) for name in names):
        return None
    return [str(name) for name in names]


def takes_frame(model: Any) -> bool:
    """Whether `model` was trained on a data frame, and so wants one again."""
    return getattr(model, "feature_names_in_", None) is not None


def find_classes(model: Any) -> tuple[Any, ...] | None:
    """The classes of a classifier in the order of its probabilities, as JSON values."""
    classes = getattr(model, "classes_", None)
    if classes is None or getattr(classes, "ndim", 1) != 1:
        return None
    values = tuple(value.item() if hasattr(value, "item") else value for value in classes)
    return values if all(isinstance(value, (str, int, float, bool)) for value in values) else None
