"""Saving a model into a directory, and loading it again with errors that say what is wrong with it."""

from __future__ import annotations

import contextlib
import io
import sys
from collections import ChainMap
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar

import pyarrow as pa

from duet.errors import DuetError
from duet.python_alg.model_card import CARD_FILE, MODEL_FILE, PREDICT_FILE, ModelCard, describe_library
from duet.python_alg.model_check import find_classes, find_inputs, require_model, takes_frame


def save_model(
    model: Any,
    model_dir: Path,
    *,
    inputs: Sequence[str] | None = None,
    predict: Callable[..., Any] | None = None,
    schema: pa.Schema | None = None,
) -> ModelCard:
    """Write `model` (and `predict`, where the model cannot predict by itself) into `model_dir`, with its card.

    `schema` is that of the training table. Raises `not-a-model`, `model-not-fitted`, `unknown-column`,
    `model-not-picklable`. A save that fails leaves what was saved before.
    """
    if predict is None:
        require_model(model)
    elif not callable(predict):
        raise DuetError(
            "not-a-model", f"mlsql.save_model(predict=…) got a {type(predict).__name__}, not a function."
        )
    pickled, by_value = _pickle(model, f"the model (a {type(model).__name__})", plain_code=True)
    library, version = describe_library(model)
    card = ModelCard(
        file=MODEL_FILE,
        predict_file=None,
        model_type=f"{type(model).__module__}.{type(model).__qualname__}",
        library=library,
        library_version=version,
        by_value=by_value,
        inputs=find_inputs(model, inputs, schema),
        input_kind="frame" if takes_frame(model) else "matrix",
        outputs=None,
        classes=find_classes(model),
    )
    _replace(model_dir / MODEL_FILE, pickled)
    (model_dir / PREDICT_FILE).unlink(missing_ok=True)
    card.write(model_dir)
    return card if predict is None else save_predict(predict, model_dir, card)


def save_predict(predict: Callable[..., Any], model_dir: Path, card: ModelCard | None) -> ModelCard:
    """Write a script's own `predict` function beside the model; `card` is None where there is no saved model."""
    from dataclasses import replace

    pickled, _ = _pickle(predict, f"the script's function {predict.__name__}", plain_code=False)
    _replace(model_dir / PREDICT_FILE, pickled)
    if card is None:
        card = ModelCard(None, None, "function", None, None, True, None, "frame", None, None)
    card = replace(card, predict_file=PREDICT_FILE)
    card.write(model_dir)
    return card


def _replace(path: Path, content: bytes) -> None:
    written = path.with_name(f".{path.name}.new")
    written.write_bytes(content)
    written.replace(path)


def _pickle(value: Any, what: str, *, plain_code: bool) -> tuple[bytes, bool]:
    from ray.cloudpickle.cloudpickle import Pickler, _code_reduce

    seen_code = False
    shared = Pickler.dispatch_table[CodeType]

    def reduce_noting(code: CodeType) -> Any:
        nonlocal seen_code
        seen_code = True
        return _code_reduce(code) if plain_code else shared(code)

    class NotingPickler(Pickler):  # type: ignore[misc]
        dispatch_table: ClassVar[Any] = ChainMap({CodeType: reduce_noting}, Pickler.dispatch_table)

    buffer = io.BytesIO()
    pickler = NotingPickler(buffer)
    try:
        pickler.dump(value)
    except RecursionError as error:
        raise DuetError(
            "model-not-picklable", f"{_capital(what)} cannot be saved: too deeply nested."
        ) from error
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise DuetError(
            "model-not-picklable",
            f"{_capital(what)} cannot be saved, because something in it cannot be pickled: {error}. "
            "Save its data instead (files in mlsql.internal_system_param['tempModelLocalPath']) and a predict "
            "function that loads them.",
        ) from error
    return buffer.getvalue(), seen_code


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def read_card(model_dir: Path) -> ModelCard:
    """The description of the model in `model_dir`; a lone `model.pkl` of a script's own counts as a model too.

    Raises `model-not-found` and `model-broken`.
    """
    if not model_dir.is_dir():
        raise DuetError("model-not-found", f"There is no model at {model_dir}: no such directory.")
    card = ModelCard.read(model_dir)
    if card is not None:
        return card
    own = [path.name for path in sorted(model_dir.iterdir()) if path.suffix in (".pkl", ".pickle", ".joblib")]
    if len(own) == 1:
        return ModelCard(own[0], None, "pickle", None, None, False, None, "matrix", None, None)
    held = ", ".join(sorted(path.name for path in model_dir.iterdir())[:10])
    raise DuetError(
        "not-a-model",
        f"{model_dir} holds no model that Duet can apply (it holds: {held or 'nothing'}). Save one with "
        "mlsql.save_model(model), define a function predict in the training script, or give predict a script.",
    )


def load_model(model_dir: Path, card: ModelCard, *, other_versions: bool = False) -> Any:
    """Unpickle the model of `card`, None where it has no model file.

    Raises `model-python-version`, `model-library-version` (unless `other_versions`), `python-module-missing`,
    `model-broken`.
    """
    if card.file is None:
        return None
    if not other_versions:
        _check_library(card)
    return _load(model_dir / card.file, card)


def load_predict(model_dir: Path, card: ModelCard) -> Callable[..., Any] | None:
    """Unpickle the script's own `predict`, None where there is none. Raises as `load_model` does."""
    return None if card.predict_file is None else _load(model_dir / card.predict_file, card)


def _check_library(card: ModelCard) -> None:
    if card.library is None or card.library_version is None:
        return
    from importlib import metadata

    try:
        here = metadata.version(card.library)
    except metadata.PackageNotFoundError:
        raise DuetError(
            "python-module-missing",
            f"The model needs the package {card.library} {card.library_version}, which is not installed where "
            "it is applied: name it in the environment (condaFile).",
            package=card.library,
        ) from None
    if here.split(".")[:2] != card.library_version.split(".")[:2]:
        raise DuetError(
            "model-library-version",
            f"The model was trained with {card.library} {card.library_version}, and {here} is installed here: "
            f"apply it in an environment with {card.library}=={card.library_version}, or train it again "
            '(or set systemParam.allowOtherVersions="true" to try it as it is).',
            package=card.library,
            trained=card.library_version,
            installed=here,
        )


def _load(path: Path, card: ModelCard) -> Any:
    from ray import cloudpickle

    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    holds_code = card.by_value or path.name == PREDICT_FILE
    if holds_code and card.python != here:
        raise DuetError(
            "model-python-version",
            f"The model in {path.parent} holds Python {card.python} code, and this is Python {here}: apply it in "
            f"an environment with Python {card.python}, or train it again.",
            trained=card.python,
            installed=here,
        )
    try:
        with path.open("rb") as file:
            if path.suffix == ".joblib":
                import joblib

                return joblib.load(file)
            return cloudpickle.load(file)
    except FileNotFoundError:
        raise DuetError(
            "model-broken", f"{path} is missing, though {CARD_FILE} beside it names it."
        ) from None
    except ModuleNotFoundError as error:
        raise DuetError(
            "python-module-missing",
            f"The model in {path.parent} needs the module {error.name}, which is not installed where it is "
            "applied: name its package in the environment (condaFile).",
            module=error.name,
        ) from error
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        detail = ""
        with contextlib.suppress(OSError):
            detail = f" ({path.stat().st_size} bytes)"
        raise DuetError(
            "model-broken",
            f"{path}{detail} cannot be read as a pickled model: {type(error).__name__}: {error}",
        ) from error
