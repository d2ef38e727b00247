"""A loaded model, ready to be applied to tables: what `predict` and served functions share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.failure import describe_failure
from duet.python_alg.columns import near, select_inputs, to_frame, to_matrix
from duet.python_alg.model_card import Column, ModelCard
from duet.python_alg.model_store import load_model, load_predict, read_card
from duet.python_alg.predictions import to_columns
from duet.python_alg.user_predict import call_predict
from duet.user_source import UserSource, remember

DEFAULT_OUTPUT = "prediction"
PROBABILITY = "probability"


class Predictor:
    """A model with what is needed to apply it. Make one with `load`."""

    def __init__(
        self,
        model_dir: Path,
        card: ModelCard,
        model: Any,
        predict: Callable[..., Any] | None,
        fit_param: dict[str, str],
        system_param: dict[str, str],
        from_script: bool,
    ) -> None:
        self.model_dir = model_dir
        self.card = card
        self._model = model
        self._predict = predict
        self._fit_param = fit_param
        self._system_param = system_param
        self._from_script = from_script

    @staticmethod
    def load(
        model_dir: Path,
        *,
        script: UserSource | None = None,
        modules: Sequence[UserSource] = (),
        fit_param: dict[str, str] | None = None,
        system_param: dict[str, str] | None = None,
    ) -> Predictor:
        """Load what applies the model: `script`'s own `predict`, else the one saved with the model, else the model.

        `modules` are in the same files as `script` may be; the caller makes them importable.

        Raises `model-not-found`, `not-a-model`, `model-broken`, the version codes of `load_model`, and for `script`
        `python-syntax-error`, `python-error`, `predict-signature`.
        """
        system_param = system_param or {}
        other_versions = system_param.get("allowOtherVersions", "").lower() == "true"
        predict = None if script is None else _predict_of_script(script, modules)
        try:
            card = read_card(model_dir)
        except DuetError as error:
            if predict is None or error.code != "not-a-model":
                raise
            # The script loads files of its own making; there is nothing for us to read.
            card = ModelCard(None, None, "files", None, None, False, None, "frame", None, None)
        model = load_model(model_dir, card, other_versions=other_versions)
        saved = None if predict is not None else load_predict(model_dir, card)
        if predict is None and saved is None and not callable(getattr(model, "predict", None)):
            raise DuetError(
                "not-a-model",
                f"{model_dir} holds a {type(model).__name__}, which has no predict method: give predict a script "
                "with a function predict.",
            )
        return Predictor(
            model_dir,
            card,
            model,
            predict or saved,
            fit_param or {},
            system_param,
            from_script=script is not None,
        )

    def predict(
        self, table: pa.Table, *, output_column: str = DEFAULT_OUTPUT, probability: bool = False
    ) -> dict[str, pa.ChunkedArray]:
        """The model's output columns for `table`, one value per row in its order.

        Raises `unknown-column`, `column-type-mismatch`, `model-inputs-unknown`, `predict-failed` (the model's own
        words in it), `predict-row-count`, `predict-result`, `no-probability`.
        """
        if table.num_rows == 0 and not self._from_script and self.card.outputs is not None:
            return self._empty(output_column, probability)
        with _model_errors(self._predict is not None):
            if self._predict is not None:
                result = self._call(table)
                model_input = None
            else:
                model_input = self._model_input(table)
                result = self._model.predict(model_input)
        columns = to_columns(result, table.num_rows, output_column)
        if probability:
            columns[PROBABILITY] = self._probability(model_input, table.num_rows)
        return columns

    def learn_outputs(self, table: pa.Table) -> ModelCard:
        """Apply the model to `table`, a few rows, and write down in `model.json` which columns it puts out."""
        made = self.predict(table, output_column=DEFAULT_OUTPUT)
        outputs = tuple(
            Column(None if name == DEFAULT_OUTPUT else name, str(values.type))
            for name, values in made.items()
        )
        self.card = replace(self.card, outputs=outputs)
        self.card.write(self.model_dir)
        return self.card

    def _call(self, table: pa.Table) -> Any:
        assert self._predict is not None
        return call_predict(
            self._predict,
            table,
            model=self._model,
            model_dir=self.model_dir,
            fit_param=self._fit_param,
            system_param=self._system_param,
        )

    def _model_input(self, table: pa.Table) -> Any:
        inputs = self.card.inputs
        if inputs is None:
            inputs = self._guess_inputs(table)
        chosen = select_inputs(table, inputs)
        return to_frame(chosen) if self.card.input_kind == "frame" else to_matrix(chosen)

    def _guess_inputs(self, table: pa.Table) -> tuple[Column, ...]:
        remembered = getattr(self._model, "feature_names_in_", None)
        if remembered is not None:
            return tuple(Column(str(name), None) for name in remembered)
        if "features" in table.column_names:
            return (Column("features", None),)
        if getattr(self._model, "n_features_in_", None) == table.num_columns:
            return tuple(Column(name, None) for name in table.column_names)
        raise DuetError(
            "model-inputs-unknown",
            "The model does not say which columns it takes: save it with mlsql.save_model(model, inputs=[…]), or "
            "give predict a table with a column 'features' or with the model's columns alone.",
        )

    def _probability(self, model_input: Any, rows: int) -> pa.ChunkedArray:
        method = getattr(self._model, "predict_proba", None)
        if model_input is None or method is None:
            what = type(self._model).__name__ if model_input is not None else "The function predict"
            raise DuetError(
                "no-probability",
                f"{what} gives no probabilities: leave the option probability out"
                + (
                    ", or train with probability=True."
                    if model_input is not None
                    else ", or return them yourself."
                ),
            )
        with _model_errors(False):
            values = method(model_input)
        return to_columns(values, rows, PROBABILITY)[PROBABILITY]

    def _empty(self, output_column: str, probability: bool) -> dict[str, pa.ChunkedArray]:
        columns = {
            column.name or output_column: pa.chunked_array([], arrow_type(column.type or "double"))
            for column in self.card.outputs or ()
        }
        if probability:
            columns[PROBABILITY] = pa.chunked_array([], pa.list_(pa.float64()))
        return columns


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type that `str(type)` has named, of those that predictions have."""
    if name.startswith("list<") and name.endswith(">"):
        return pa.list_(arrow_type(name[len("list<") : -1].split(": ", 1)[1].removesuffix(" not null")))
    if name.startswith("timestamp["):
        unit, _, zone = name[len("timestamp[") : -1].partition(", tz=")
        return pa.timestamp(unit, zone or None)
    return pa.type_for_alias(name)


def _predict_of_script(script: UserSource, modules: Sequence[UserSource]) -> Callable[..., Any]:
    # The caller keeps the source remembered for as long as the function lives.
    remember([script, *modules])
    module = ModuleType("__main__")
    with _model_errors(True):
        exec(script.compile(), module.__dict__)
    predict = module.__dict__.get("predict")
    if not callable(predict):
        functions = [name for name, value in module.__dict__.items() if callable(value)]
        raise DuetError(
            "predict-signature",
            f"The script {script.name} defines no function predict.{near('predict', functions) if functions else ''}",
        )
    return predict


@contextmanager
def _model_errors(user_code: bool) -> Iterator[None]:
    """Exceptions of a model or a user's function become `predict-failed` with its own words and traceback."""
    try:
        yield
    except DuetError:
        raise
    except (Exception, SystemExit) as error:
        described = describe_failure(error)
        who = "The function predict" if user_code else "The model"
        code = described["code"] if described["code"] != "python-error" else "predict-failed"
        raise DuetError(
            code,
            f"{who} failed: {described['message']}",
            **{key: described[key] for key in ("traceback", "file", "line", "type") if key in described},
        ) from error
