"""Applying models: every row comes back in its place, and mistakes name the column, the row and the version."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from duet.errors import DuetError
from duet.python_alg.predict import predict_table

Train = Callable[..., dict[str, Any]]
TABLE = pa.table(
    {
        "id": [10, 11, 12, 13],
        "a": [1.0, 2.0, 3.0, 4.0],
        "b": [0.0, 1.0, 0.0, 1.0],
        "label": ["n", "n", "y", "y"],
    }
)

FIT = """
import mlsql
from sklearn.naive_bayes import GaussianNB
t = mlsql.to_pandas()
"""
BY_FRAME = FIT + "mlsql.save_model(GaussianNB().fit(t[['a', 'b']], t.label))\n"
BY_MATRIX = (
    FIT + "mlsql.save_model(GaussianNB().fit(t[['a', 'b']].values, t.label.values), inputs=['a', 'b'])\n"
)


@pytest.fixture
def model(train: Train, tmp_path: Path) -> Callable[..., Path]:
    """Train a model by a script and give its folder."""

    def make(source: str, table: pa.Table = TABLE) -> Path:
        answer = train(source, table)
        assert answer["status"] == "succeeded", answer["error"]["traceback"]
        return tmp_path / "staging/model/0"

    return make


def failure(spec: dict[str, Any], table: pa.Table) -> DuetError:
    with pytest.raises(DuetError) as caught:
        predict_table(spec, table)
    return caught.value


def script(source: str) -> dict[str, Any]:
    return {"name": "apply", "source": source, "file": "essay.mlsql", "firstLine": 40}


@pytest.mark.parametrize("source", [BY_FRAME, BY_MATRIX])
def test_rows_come_back_with_their_predictions_in_order(model: Any, ray_node: Any, source: str) -> None:
    folder = model(source)
    shuffled = TABLE.take([3, 0, 2, 1]).select(["b", "id", "a"])
    made = ray_node.get(
        ray_node.remote(predict_table).remote({"modelDir": str(folder), "probability": True}, shuffled)
    )
    assert made.column_names == ["b", "id", "a", "prediction", "probability"]
    assert made["id"].to_pylist() == [13, 10, 12, 11]
    assert made["prediction"].to_pylist() == ["y", "n", "y", "n"]
    assert [len(values) for values in made["probability"].to_pylist()] == [2, 2, 2, 2]
    assert json.loads((folder / "model.json").read_text())["classes"] == ["n", "y"]


def test_an_empty_table_has_the_same_columns(model: Any) -> None:
    folder = model(BY_FRAME)
    full = predict_table({"modelDir": str(folder), "probability": True}, TABLE)
    empty = predict_table({"modelDir": str(folder), "probability": True}, TABLE.slice(0, 0))
    assert empty.schema == full.schema
    assert empty.num_rows == 0


def test_vector_columns_are_spread_out(model: Any) -> None:
    source = FIT + "mlsql.save_model(GaussianNB().fit(t.features.tolist(), t.label))\n"
    table = pa.table({"features": [[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0]], "label": [0, 0, 1, 1]})
    folder = model(source, table)
    assert predict_table({"modelDir": str(folder)}, table)["prediction"].to_pylist() == [0, 0, 1, 1]
    sparse = pa.StructArray.from_arrays(
        [
            pa.array([0, 1], pa.int8()),
            pa.array([2, None], pa.int32()),
            pa.array([[0], None], pa.list_(pa.int32())),
            pa.array([[4.0], [1.0, 0.0]], pa.list_(pa.float64())),
        ],
        names=["type", "size", "indices", "values"],
    )
    assert predict_table({"modelDir": str(folder)}, pa.table({"features": sparse}))[
        "prediction"
    ].to_pylist() == [1, 0]
    ragged = pa.table({"features": [[1.0, 2.0], [1.0], [2.0, 3.0]]})
    error = failure({"modelDir": str(folder)}, ragged)
    assert (error.code, error.details["row"]) == ("column-type-mismatch", 2)


def test_a_missing_column_is_named_with_a_near_one(model: Any) -> None:
    folder = model(FIT + "t['amount'] = t.a\nmlsql.save_model(GaussianNB().fit(t[['amount']], t.label))\n")
    error = failure({"modelDir": str(folder)}, pa.table({"amuont": [1.0], "x": [1]}))
    assert error.code == "unknown-column"
    assert "'amount'" in error.message and "Did you mean 'amuont'?" in error.message


def test_text_in_a_number_column(model: Any) -> None:
    folder = model(BY_FRAME)
    as_text = pa.table({"a": ["1", "2.5", None], "b": [0, 1, 0]})
    error = failure({"modelDir": str(folder)}, as_text)
    assert error.code == "predict-failed" and "NaN" in error.message
    numbers = pa.table({"a": ["1", "2.5", "4e0"], "b": [0, 1, 0]})
    assert predict_table({"modelDir": str(folder)}, numbers)["prediction"].to_pylist() == ["n", "n", "y"]
    error = failure({"modelDir": str(folder)}, pa.table({"a": ["1", None, "many"], "b": [0, 1, 0]}))
    assert (error.code, error.details) == ("column-type-mismatch", {"column": "a", "row": 3})
    assert "'many'" in error.message and "double" in error.message
    error = failure({"modelDir": str(folder)}, pa.table({"a": [[1.0]], "b": [0]}))
    assert (error.code, error.details["row"]) == ("column-type-mismatch", 1)


def test_decimals_and_integers_are_numbers(model: Any) -> None:
    from decimal import Decimal

    for source in (BY_FRAME, BY_MATRIX):
        table = pa.table({"a": [Decimal("1.50"), Decimal("3.75")], "b": pa.array([0, 1], pa.int8())})
        assert predict_table({"modelDir": str(model(source))}, table)["prediction"].to_pylist() == ["n", "y"]


def test_a_model_that_takes_nulls_gets_them(model: Any) -> None:
    source = """
import mlsql
from sklearn.ensemble import HistGradientBoostingClassifier
t = mlsql.to_pandas()
mlsql.save_model(HistGradientBoostingClassifier().fit(t[["a", "b"]], t.label))
"""
    made = predict_table({"modelDir": str(model(source))}, pa.table({"a": [None, 4.0], "b": [1.0, None]}))
    assert made.num_rows == 2 and made["prediction"].null_count == 0


def test_a_lone_text_column_reaches_a_pipeline(model: Any) -> None:
    source = """
import mlsql
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
t = mlsql.to_pandas()
mlsql.save_model(make_pipeline(CountVectorizer(), LogisticRegression()).fit(t.words, t.label), inputs=["words"])
"""
    table = pa.table({"words": ["good fine", "bad poor", "good", "poor"], "label": [1, 0, 1, 0]})
    assert predict_table({"modelDir": str(model(source, table))}, table)["prediction"].to_pylist() == [
        1,
        0,
        1,
        0,
    ]


def test_the_training_scripts_own_predict_is_used(model: Any) -> None:
    source = """
import mlsql, pyarrow
from sklearn.naive_bayes import GaussianNB
t = mlsql.to_pandas()
offset = 100
mlsql.save_model(GaussianNB().fit(t[["a"]], t["id"]))
def predict(frame, model, fit_param):
    return {"prediction": model.predict(frame[["a"]]) + offset, "text": frame.label + "!"}
"""
    made = predict_table({"modelDir": str(model(source))}, TABLE)
    assert made["prediction"].to_pylist() == [110, 111, 112, 113]
    assert made["text"].to_pylist() == ["n!", "n!", "y!", "y!"]


def test_a_predict_given_with_save_model(model: Any) -> None:
    source = """
import mlsql
def apply(table, model):
    return [x * model["factor"] for x in table["a"].to_pylist()]
mlsql.save_model({"factor": 3}, predict=apply)
"""
    assert predict_table({"modelDir": str(model(source))}, TABLE)["prediction"].to_pylist() == [
        3.0,
        6.0,
        9.0,
        12.0,
    ]


def test_a_predict_script_comes_first_and_may_load_files_of_its_own(model: Any) -> None:
    source = """
import mlsql, os, json
json.dump({"factor": 2}, open(os.path.join(mlsql.internal_system_param["tempModelLocalPath"], "weights.json"), "w"))
"""
    folder = model(source)
    error = failure({"modelDir": str(folder)}, TABLE)
    assert error.code == "not-a-model" and "weights.json" in error.message
    apply = """import json, pyarrow, pyarrow.compute as pc
def predict(rows: pyarrow.Table, model_path):
    return pc.multiply(rows["a"], json.load(open(model_path + "/weights.json"))["factor"])
"""
    made = predict_table({"modelDir": str(folder), "script": script(apply), "outputColumn": "twice"}, TABLE)
    assert made["twice"].to_pylist() == [2.0, 4.0, 6.0, 8.0]


def test_a_predict_script_imports_its_modules(model: Any) -> None:
    import sys

    spec = {
        "modelDir": str(model(BY_FRAME)),
        "script": script("from helper import twice\ndef predict(frame):\n    return twice(frame.a)\n"),
        "modules": [
            {"name": "helper", "source": "def twice(x):\n    return x * 2\n", "file": "h", "firstLine": 1}
        ],
    }
    assert predict_table(spec, TABLE)["prediction"].to_pylist() == [2.0, 4.0, 6.0, 8.0]
    assert "helper" not in sys.modules
    spec["modules"][0]["source"] = "def twice(x):\n    return x / None\n"
    error = failure(spec, TABLE)
    assert (error.code, error.details["file"], error.details["line"]) == ("predict-failed", "h", 2)


def test_a_frame_that_was_sorted_is_put_back_into_order(model: Any) -> None:
    apply = """def predict(frame):
    return frame.sort_values("a", ascending=False)[["a"]].rename(columns={"a": "same"})
"""
    made = predict_table({"modelDir": str(model(BY_FRAME)), "script": script(apply)}, TABLE)
    assert made["same"].to_pylist() == made["a"].to_pylist()
    apply = "def predict(frame):\n    return frame['a'].sort_values(ascending=False)\n"
    made = predict_table({"modelDir": str(model(BY_FRAME)), "script": script(apply)}, TABLE)
    assert made["prediction"].to_pylist() == made["a"].to_pylist()


@pytest.mark.parametrize(
    ("source", "code", "part"),
    [
        ("def predict(frame): return frame['a'][:2]", "predict-row-count", "4 rows and gave 2"),
        ("def predict(frame): return None", "predict-result", "nothing"),
        ("def predict(frame): return 3", "predict-result", "int"),
        ("def predict(frame): return [1, 'a', 2, 3]", "predict-result", "prediction"),
        ("def predict(frame, modle): return frame", "predict-signature", "Did you mean 'model'"),
        ("def predict(): return 1", "predict-signature", "first parameter"),
        ("def predit(frame): return 1", "predict-signature", "Did you mean 'predit'"),
        ("def predict(frame) return 1", "python-syntax-error", "expected"),
        ("def predict(frame): return {'a': frame['b']}", "column-exists", "outputColumn"),
        ("def predict(frame):\n    raise ValueError('broken')", "predict-failed", "ValueError: broken"),
        ("def predict(frame):\n    import sys; sys.exit(4)", "python-exit", "4"),
        ("import nothing_of_the_kind", "python-module-missing", "nothing_of_the_kind"),
    ],
)
def test_mistakes_in_a_predict_script(model: Any, source: str, code: str, part: str) -> None:
    error = failure({"modelDir": str(model(BY_FRAME)), "script": script(source)}, TABLE)
    assert error.code == code, error.message
    assert part in error.message


def test_a_failing_predict_shows_the_users_line(model: Any) -> None:
    source = FIT + "def predict(frame, model_path):\n    return frame['nothing']\n"
    error = failure({"modelDir": str(model(source))}, TABLE)
    assert (error.code, error.details["file"], error.details["line"]) == ("predict-failed", "essay.mlsql", 15)
    assert "return frame['nothing']" in error.details["traceback"]


def test_folders_that_hold_no_model(tmp_path: Path) -> None:
    assert failure({"modelDir": str(tmp_path / "none")}, TABLE).code == "model-not-found"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert failure({"modelDir": str(empty)}, TABLE).code == "not-a-model"
    (empty / "model.json").write_text("{}")
    assert failure({"modelDir": str(empty)}, TABLE).code == "model-broken"
    (empty / "model.json").unlink()
    (empty / "model.pkl").write_bytes(b"\x80\x05broken")
    assert failure({"modelDir": str(empty)}, TABLE).code == "model-broken"
    (empty / "model.pkl").write_bytes(pickle.dumps(42))
    error = failure({"modelDir": str(empty)}, TABLE)
    assert error.code == "not-a-model" and "int" in error.message


def test_models_of_other_versions(model: Any) -> None:
    folder = model(BY_FRAME)
    card = json.loads((folder / "model.json").read_text())

    def rewrite(**changes: Any) -> None:
        (folder / "model.json").write_text(json.dumps({**card, **changes}))

    rewrite(libraryVersion="0.20.1")
    error = failure({"modelDir": str(folder)}, TABLE)
    assert error.code == "model-library-version"
    assert "0.20.1" in error.message and card["libraryVersion"] in error.message
    made = predict_table({"modelDir": str(folder), "systemParam": {"allowOtherVersions": "true"}}, TABLE)
    assert made["prediction"].to_pylist() == ["n", "n", "y", "y"]
    rewrite(library="no-such-library")
    assert failure({"modelDir": str(folder)}, TABLE).code == "python-module-missing"
    rewrite(byValue=True, python="3.7")
    assert failure({"modelDir": str(folder)}, TABLE).code == "model-python-version"
    rewrite(format=99)
    assert failure({"modelDir": str(folder)}, TABLE).code == "model-newer"
    rewrite()
    (folder / "model.pkl").write_bytes((folder / "model.pkl").read_bytes()[:50])
    assert failure({"modelDir": str(folder)}, TABLE).code == "model-broken"


def test_a_model_without_probabilities_says_so(model: Any) -> None:
    source = BY_FRAME.replace("GaussianNB", "SVC").replace("naive_bayes", "svm")
    error = failure({"modelDir": str(model(source)), "probability": True}, TABLE)
    assert error.code == "no-probability" and "SVC" in error.message


def test_a_users_own_class_is_saved_by_value(model: Any, train: Train, tmp_path: Path) -> None:
    source = """
import mlsql
class Mean:
    def fit(self, values):
        self.mean = sum(values) / len(values)
        return self
    def predict(self, matrix):
        return matrix[:, 0] - self.mean
mlsql.save_model(Mean().fit(mlsql.table()["a"].to_pylist()), inputs="a")
"""
    folder = model(source)
    assert json.loads((folder / "model.json").read_text())["byValue"] is True
    assert predict_table({"modelDir": str(folder)}, TABLE)["prediction"].to_pylist() == [-1.5, -0.5, 0.5, 1.5]
