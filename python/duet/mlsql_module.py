"""What `import mlsql` gives a training script.

Names of the reference: `mlsql.fit_param` (dict of text), `mlsql.systemParam`, `mlsql.internal_system_param` with
`tempDataLocalPath` (folder of data files), `tempModelLocalPath` (folder whose content becomes the model) and
`resource` (name to local path), `mlsql.params()` (the three of them as `fitParam`, `systemParam`,
`internalSystemParam`).

Duet's own: `mlsql.table()` and `mlsql.to_pandas()` (the training table), `mlsql.report(score=…, **metrics)`,
`mlsql.save_model(model, inputs=[…], predict=function)`, `mlsql.group` (this group's number).
"""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from duet.errors import DuetError

if TYPE_CHECKING:
    import pandas
    import pyarrow as pa

    from duet.python_alg.model_card import ModelCard


class TrainingSession:
    """The state behind one script's `mlsql` module; the script sees its methods as functions of the module."""

    def __init__(
        self,
        *,
        group: str,
        fit_param: dict[str, str],
        system_param: dict[str, str],
        internal: dict[str, Any],
        model_dir: Path,
        read_table: Callable[[], pa.Table],
        has_data: bool = True,
    ) -> None:
        self.group = group
        self.fit_param = fit_param
        self.system_param = system_param
        self.internal = internal
        self.model_dir = model_dir
        self.has_data = has_data
        self._read_table: Callable[[], pa.Table] | None = read_table
        self._table: pa.Table | None = None
        self.score: float | None = None
        self.metrics: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.card: ModelCard | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A nested task may use `mlsql.fit_param`; the table and the model's folder stay with the script itself.
        return {**self.__dict__, "_read_table": None, "_table": None}

    def table(self) -> pa.Table:
        """The training table, as Arrow."""
        if self._read_table is None:
            raise self._only_in_script("mlsql.table()", "pass the table to the task as an argument")
        if self._table is None:
            self._table = self._read_table()
        return self._table

    def to_pandas(self) -> pandas.DataFrame:
        """The training table as a pandas frame."""
        return self.table().to_pandas()

    def params(self) -> dict[str, Any]:
        """All parameters, by the reference's names."""
        return {
            "fitParam": self.fit_param,
            "systemParam": self.system_param,
            "internalSystemParam": self.internal,
        }

    def report(self, score: Any = None, **metrics: Any) -> None:
        """Record a score (higher is better; the best group's model is used by default) and other metrics.

        Called again, it adds to what was recorded; the last value of each name counts. Raises `metric-not-json`.
        """
        if self._read_table is None:
            raise self._only_in_script(
                "mlsql.report()", "return the number from the task and report it in the script"
            )
        if score is not None:
            plain = _plain("score", score)
            if isinstance(plain, bool) or not isinstance(plain, (int, float)):
                raise DuetError(
                    "metric-not-json",
                    f"mlsql.report(score=…) takes a number, not {type(score).__name__}.",
                    metric="score",
                )
            self.score = float(plain)
        plain_metrics = {name: _plain(name, value) for name, value in metrics.items()}
        self.metrics.update(plain_metrics)
        self.history.append({"time": int(time.time() * 1000), "score": self.score, "metrics": plain_metrics})

    def save_model(
        self, model: Any, inputs: Sequence[str] | None = None, predict: Callable[..., Any] | None = None
    ) -> None:
        """Save a trained model so that `predict` and `register` can apply it.

        `inputs` names the columns it takes, in order; without it those that the model remembers, or a vector
        column `features`. `predict` is a function that applies `model` where that has no `predict` method (see
        `duet.python_alg.user_predict` for its parameters). Raises `not-a-model`, `model-not-fitted`,
        `model-not-picklable`, `unknown-column`.
        """
        if self._read_table is None:
            raise self._only_in_script(
                "mlsql.save_model()", "return the model from the task and save it in the script"
            )
        from duet.python_alg.model_store import save_model

        if isinstance(inputs, str):
            inputs = [name.strip() for name in inputs.split(",")]
        self.card = save_model(
            model, self.model_dir, inputs=inputs, predict=predict, schema=self.known_schema()
        )

    def known_schema(self) -> pa.Schema | None:
        """The training table's schema, None where the script gets no data."""
        return self.table().schema if self.has_data else None

    def _only_in_script(self, what: str, instead: str) -> DuetError:
        return DuetError(
            "mlsql-outside-script", f"{what} works in the script itself, not in a Ray task: {instead}."
        )

    def module(self) -> ModuleType:
        """A fresh `mlsql` module on this session."""
        module = ModuleType("mlsql", __doc__)
        module.__dict__.update(
            group=self.group,
            fit_param=self.fit_param,
            systemParam=self.system_param,
            system_param=self.system_param,
            internal_system_param=self.internal,
            params=self.params,
            table=self.table,
            to_pandas=self.to_pandas,
            report=self.report,
            save_model=self.save_model,
        )
        return module


def _plain(name: str, value: Any) -> Any:
    """`value` as a JSON value; NumPy's numbers and arrays are taken too."""
    if hasattr(value, "tolist") and callable(value.tolist):
        value = value.tolist()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        number = float(value)
        if not math.isfinite(number):
            raise DuetError(
                "metric-not-json",
                f"mlsql.report: {name} is {number}, which is no number to compare by.",
                metric=name,
            )
        return number
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(f"{name}.{key}", item) for key, item in value.items()}
    raise DuetError(
        "metric-not-json",
        f"mlsql.report: {name} is a {type(value).__name__}; metrics are numbers, texts, lists and dicts of them.",
        metric=name,
    )
