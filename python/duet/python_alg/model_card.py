"""`model.json`: what stands beside a saved model and says how to apply it.

{
  "format": 1,
  "file": "model.pkl",                                  // null: there is no model object
  "predictFile": "predict.pkl",                         // null: the model's own `predict` is used
  "modelType": "sklearn.svm._classes.SVC",
  "library": "scikit-learn", "libraryVersion": "1.9.1", // null where the model is of no installed package
  "python": "3.11", "byValue": false,                   // byValue: pickled code that needs this Python
  "inputs": [{"name": "age", "type": "double"}],        // null: not known; types are Arrow's, null: not known
  "inputKind": "matrix",                                // matrix | frame
  "outputs": [{"name": null, "type": "double"}],        // name null: the output column; null: not known
  "classes": ["no", "yes"]                              // null where the model is no classifier
}
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from duet.errors import DuetError

FORMAT = 1
CARD_FILE = "model.json"
MODEL_FILE = "model.pkl"
PREDICT_FILE = "predict.pkl"


@dataclass(frozen=True)
class Column:
    """A column that a model takes or makes; `type` is Arrow's name of it, None where it is not known."""

    name: str | None
    type: str | None


@dataclass(frozen=True)
class ModelCard:
    """The content of `model.json`; field meanings are those of the module's documentation."""

    file: str | None
    predict_file: str | None
    model_type: str
    library: str | None
    library_version: str | None
    by_value: bool
    inputs: tuple[Column, ...] | None
    input_kind: Literal["matrix", "frame"]
    outputs: tuple[Column, ...] | None
    classes: tuple[Any, ...] | None
    python: str = f"{sys.version_info.major}.{sys.version_info.minor}"

    def to_json(self) -> dict[str, Any]:
        """The card as it is written."""
        return {
            "format": FORMAT,
            "file": self.file,
            "predictFile": self.predict_file,
            "modelType": self.model_type,
            "library": self.library,
            "libraryVersion": self.library_version,
            "python": self.python,
            "byValue": self.by_value,
            "inputs": None if self.inputs is None else [asdict(column) for column in self.inputs],
            "inputKind": self.input_kind,
            "outputs": None if self.outputs is None else [asdict(column) for column in self.outputs],
            "classes": None if self.classes is None else list(self.classes),
        }

    def write(self, model_dir: Path) -> None:
        """Write the card into `model_dir`."""
        (model_dir / CARD_FILE).write_text(json.dumps(self.to_json(), indent=2, ensure_ascii=False), "utf-8")

    @staticmethod
    def read(model_dir: Path) -> ModelCard | None:
        """The card in `model_dir`, None where there is none. Raises `model-broken` where it cannot be read."""
        path = model_dir / CARD_FILE
        if not path.exists():
            return None
        try:
            value = json.loads(path.read_text("utf-8"))
            if value["format"] > FORMAT:
                raise DuetError(
                    "model-newer",
                    f"The model in {model_dir} was saved by a later Duet (layout {value['format']}, "
                    f"this one knows {FORMAT}): update Duet, or train again.",
                )
            return ModelCard(
                file=value["file"],
                predict_file=value["predictFile"],
                model_type=value["modelType"],
                library=value["library"],
                library_version=value["libraryVersion"],
                by_value=value["byValue"],
                inputs=_columns(value["inputs"]),
                input_kind=value["inputKind"],
                outputs=_columns(value["outputs"]),
                classes=None if value["classes"] is None else tuple(value["classes"]),
                python=value["python"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DuetError(
                "model-broken", f"{path} is not a model description of Duet: {error!r}"
            ) from error


def _columns(value: list[dict[str, Any]] | None) -> tuple[Column, ...] | None:
    return None if value is None else tuple(Column(column["name"], column["type"]) for column in value)


def describe_library(model: Any) -> tuple[str | None, str | None]:
    """The installed package that `model`'s class comes from, and its version."""
    from importlib import metadata

    top = type(model).__module__.split(".")[0]
    names = metadata.packages_distributions().get(top)
    if not names:
        return None, None
    return names[0], metadata.version(names[0])
