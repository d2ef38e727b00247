"""A loaded model behind a served function: answers one batch at a time. `duet.model_hosts` says where it lives."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.failure import describe_failure
from duet.python_alg.model_card import Column
from duet.python_alg.predictor import DEFAULT_OUTPUT, PROBABILITY, Predictor, arrow_type
from duet.ray_hooks import prepare_worker
from duet.user_source import UserSource, importable


class ServedModel:
    """Loads the model of a function's specification (see `duet.functions`). Answers are plain values and bytes."""

    def __init__(self, spec: dict[str, Any]) -> None:
        prepare_worker()
        self._spec = spec
        self._failure: dict[str, Any] | None = None
        try:
            script = None if spec.get("script") is None else UserSource.from_json(spec["script"])
            modules = [UserSource.from_json(module) for module in spec.get("modules") or ()]
            # For as long as this process lives: it serves this function and nothing else.
            self._lifetime = ExitStack()
            self._lifetime.enter_context(importable(modules))
            self._predictor = Predictor.load(
                Path(spec["modelDir"]),
                script=script,
                modules=modules,
                fit_param=dict(spec.get("fitParam") or {}),
                system_param=dict(spec.get("systemParam") or {}),
            )
            self._inputs = self._find_inputs()
            self._output_name, self._output_type = self._find_output()
        except Exception as error:
            self._failure = describe_failure(error)

    def describe(self) -> dict[str, Any]:
        """`{"inputs": [{name, type}], "outputType": <Arrow type's name>}`, or `{"error": {code, message, …}}`."""
        if self._failure is not None:
            return {"error": self._failure}
        return {
            "inputs": [{"name": column.name, "type": column.type} for column in self._inputs],
            "outputType": str(self._output_type),
        }

    def call(self, body: bytes) -> tuple[bytes, dict[str, Any] | None]:
        """Answer one Arrow IPC stream with another of one column, or with an error `{code, message, …}`."""
        if self._failure is not None:
            return b"", self._failure
        try:
            return self._predict(body), None
        except Exception as error:
            return b"", describe_failure(error)

    def _predict(self, body: bytes) -> bytes:
        try:
            table = pa.ipc.open_stream(body).read_all()
        except pa.ArrowInvalid as error:
            raise DuetError("table-invalid", f"The call's body is no Arrow stream: {error}") from error
        wants_probability = bool(self._spec.get("probability"))
        made = self._predictor.predict(table, probability=wants_probability)
        column = made.get(self._output_name)
        if column is None:
            raise DuetError(
                "predict-result", f"The model gave no column {self._output_name!r}, but {', '.join(made)}."
            )
        if column.type != self._output_type:
            column = self._cast(column)
        sink = pa.BufferOutputStream()
        answer = pa.table({self._output_name: column})
        with pa.ipc.new_stream(sink, answer.schema) as writer:
            writer.write_table(answer)
        return sink.getvalue().to_pybytes()

    def _cast(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        try:
            return column.cast(self._output_type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DuetError(
                "predict-result",
                f"The model gave values of type {column.type}, and the function returns {self._output_type}: {error}",
            ) from error

    def _find_inputs(self) -> tuple[Column, ...]:
        given = self._spec.get("inputs")
        if given:
            return tuple(Column(str(name), None) for name in given)
        if self._predictor.card.inputs is None:
            raise DuetError(
                "model-inputs-unknown",
                "The model does not say which columns it takes: save it with mlsql.save_model(model, inputs=[…]), or "
                'say it here, as in where inputs="a,b".',
            )
        return self._predictor.card.inputs

    def _find_output(self) -> tuple[str, pa.DataType]:
        if self._spec.get("probability"):
            return PROBABILITY, pa.list_(pa.float64())
        wanted, given = self._spec.get("outputColumn"), self._spec.get("outputType")
        outputs = () if self._spec.get("script") is not None else self._predictor.card.outputs or ()
        known = {column.name or DEFAULT_OUTPUT: column.type for column in outputs}
        name = wanted or (DEFAULT_OUTPUT if DEFAULT_OUTPUT in known or len(known) != 1 else next(iter(known)))
        if known and name not in known:
            raise DuetError(
                "unknown-column", f"The model puts out {', '.join(known)}, and no column {name!r}."
            )
        kind = given or known.get(name)
        if kind is None:
            raise DuetError(
                "model-output-unknown",
                'It is not known what the model puts out: say it, as in where outputType="double".',
            )
        try:
            return name, arrow_type(str(kind))
        except ValueError as error:
            raise DuetError("option-invalid", f"outputType {kind!r} is no type of Arrow: {error}") from error
