"""Applying a model to a table: the task that the engine submits to Ray.

`predict_table(spec, data)` returns a `pyarrow.Table`: all columns and rows of `data` in their order, and the
predictions. `data` is a `pyarrow.Table`, or `{"path": "<folder of parquet files>"}`. `spec`:

    {
      "modelDir": "/lake/model/_model_3/model/0",
      "script": {"name": "apply", "source": "def predict(frame, model): …", "file": "…", "firstLine": 1},  // optional
      "modules": [{"name": "helper", …}],  // optional: what the script may import, by name
      "rows": [100000, 50000],            // optional: only these rows, first one and how many
      "outputColumn": "prediction",       // optional
      "probability": false,               // optional: a list column `probability`, in the order of model.json's classes
      "fitParam": {}, "systemParam": {}   // systemParam.allowOtherVersions="true" tries a model of other versions
    }

Mistakes are raised as `duet.errors.DuetError` with a stable code, see `Predictor.load` and `Predictor.predict`,
and `column-exists` where an output column would hide one of the table.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from duet.errors import DuetError
from duet.process_state import no_children_left
from duet.python_alg.predictor import DEFAULT_OUTPUT, Predictor
from duet.python_alg.workspace import local_path, table_reader
from duet.ray_hooks import prepare_worker
from duet.user_source import UserSource, forget, importable, remember


def predict_table(spec: dict[str, Any], data: Any) -> pa.Table:
    """Apply the model; see the module's documentation."""
    prepare_worker()
    table = table_reader(data)()
    if spec.get("rows") is not None:
        table = table.slice(*spec["rows"])
    output_column = spec.get("outputColumn") or DEFAULT_OUTPUT
    script = None if spec.get("script") is None else UserSource.from_json(spec["script"])
    modules = [UserSource.from_json(module) for module in spec.get("modules") or ()]
    remember(modules)
    try:
        with no_children_left(), importable(modules):
            predictor = Predictor.load(
                local_path(spec["modelDir"]),
                script=script,
                modules=modules,
                fit_param=dict(spec.get("fitParam") or {}),
                system_param=dict(spec.get("systemParam") or {}),
            )
            made = predictor.predict(
                table, output_column=output_column, probability=bool(spec.get("probability"))
            )
    finally:
        forget(modules if script is None else [script, *modules])
    return _append(table, made)


def _append(table: pa.Table, made: dict[str, pa.ChunkedArray]) -> pa.Table:
    for name, values in made.items():
        if name in table.column_names:
            if table.column(name).equals(values):
                continue
            raise DuetError(
                "column-exists",
                f"The table has a column {name!r} already, and the predictions would hide it: choose another name "
                'by outputColumn="…".',
                column=name,
            )
        table = table.append_column(name, values)
    return table
