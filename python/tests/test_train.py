"""Training scripts on a real Ray: what they get, what they leave, and what their mistakes look like."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Train = Callable[..., dict[str, Any]]


def test_the_essays_nested_tasks_run_on_two_cpus_and_one_gpu(train: Train, tmp_path: Path) -> None:
    source = """import ray
ray.init()
@ray.remote(num_cpus=2, num_gpus=1)
def f(x):
    return x * x
futures = [f.remote(i) for i in range(4)]
print(ray.get(futures))
ray.shutdown()
"""
    answer = train(source)
    assert (answer["status"], answer["group"]) == ("succeeded", "0"), answer
    assert (tmp_path / "staging/meta/0/log.txt").read_text() == "[0, 1, 4, 9]\n"
    assert answer["score"] is None and answer["model"] is None
    assert answer["startTime"] <= answer["endTime"]


def test_a_model_with_a_score_is_saved_whole(train: Train, tmp_path: Path) -> None:
    source = """
import mlsql, numpy
from sklearn.svm import SVC
t = mlsql.to_pandas()
model = SVC(C=float(mlsql.fit_param["C"])).fit(t[["x"]], t["label"])
mlsql.report(score=numpy.float32(0.5), f1=numpy.int64(1), curve=numpy.array([1.0, 2.0]))
mlsql.report(score=0.75, epochs=3)
mlsql.save_model(model)
"""
    answer = train(source, fitParam={"C": "2.0"})
    assert answer["status"] == "succeeded", answer
    assert answer["score"] == 0.75
    assert answer["metrics"] == {"f1": 1, "curve": [1.0, 2.0], "epochs": 3}
    model = answer["model"]
    assert model["library"] == "scikit-learn"
    assert model["inputs"] == [{"name": "x", "type": "double"}]
    assert model["outputs"] == [{"name": None, "type": "int64"}]
    assert model["classes"] == [0, 1]
    assert not model["byValue"]
    assert sorted(file["path"] for file in answer["files"]) == ["model.json", "model.pkl"]
    report = json.loads((tmp_path / "staging/meta/0/report.json").read_text())
    assert [entry["score"] for entry in report["history"]] == [0.5, 0.75]
    assert json.loads((tmp_path / "staging/meta/0/params.json").read_text())["fitParam"] == {"C": "2.0"}
    assert (tmp_path / "staging/meta/0/scripts/py_train.py").read_text() == source
    assert "ray" in json.loads((tmp_path / "staging/meta/0/environment.json").read_text())["packages"]


def test_data_arrives_as_parquet_files_and_as_a_table(train: Train, tmp_path: Path) -> None:
    source = """
import mlsql, glob, os, pyarrow.parquet as pq
folder = mlsql.internal_system_param["tempDataLocalPath"]
assert folder == mlsql.params()["internalSystemParam"]["tempDataLocalPath"]
print(sum(pq.read_table(f).num_rows for f in glob.glob(os.path.join(folder, "*.parquet"))), mlsql.table().num_rows)
"""
    table = pa.table({"x": range(1000)})
    assert train(source, table)["status"] == "succeeded"
    assert (tmp_path / "staging/meta/0/log.txt").read_text() == "1000 1000\n"
    lake = tmp_path / "lake"
    lake.mkdir()
    pq.write_table(table, lake / "a.parquet")
    pq.write_table(table, lake / "b.parquet")
    assert train(source, {"path": str(lake)})["status"] == "succeeded"
    assert (tmp_path / "staging/meta/0/log.txt").read_text() == "2000 2000\n"
    assert sorted(path.name for path in lake.iterdir()) == ["a.parquet", "b.parquet"]


def test_data_arrives_as_json_lines(train: Train, tmp_path: Path) -> None:
    source = """
import mlsql, json, os
folder = mlsql.internal_system_param["tempDataLocalPath"]
for name in os.listdir(folder):
    assert name.endswith(".json")
    for line in open(os.path.join(folder, name)):
        print(json.loads(line))
"""
    import datetime

    table = pa.table({"n": [1, None], "v": [[1.5], [2.5]], "d": [datetime.date(2026, 1, 2), None]})
    assert train(source, table, dataFormat="json")["status"] == "succeeded"
    expected = "{'n': 1, 'v': [1.5], 'd': '2026-01-02'}\n{'v': [2.5]}\n"
    assert (tmp_path / "staging/meta/0/log.txt").read_text() == expected


def test_without_local_data_a_script_gets_none(train: Train, tmp_path: Path) -> None:
    source = """import mlsql, os
print(os.path.exists(mlsql.internal_system_param["tempDataLocalPath"]))
mlsql.table()
"""
    answer = train(source, enableDataLocal=False)
    assert (tmp_path / "staging/meta/0/log.txt").read_text().startswith("False\n")
    assert answer["error"]["code"] == "data-not-local"


def test_an_exception_shows_the_users_file_and_lines_and_none_of_ours(train: Train, tmp_path: Path) -> None:
    helper = {
        "name": "helper",
        "source": "def fail(x):\n    return 1 / x\n",
        "file": "essay.mlsql",
        "firstLine": 30,
    }
    source = "from helper import fail\n\ndef main():\n    print('hello')\n    fail(0)\n\nmain()\n"
    answer = train(source, modules=[helper])
    assert answer["status"] == "failed"
    error = answer["error"]
    assert (error["code"], error["type"]) == ("python-error", "ZeroDivisionError")
    assert (error["file"], error["line"]) == ("essay.mlsql", 31)
    assert answer["message"] == "ZeroDivisionError: division by zero"
    lines = [line for line in error["traceback"].splitlines() if "^" not in line]
    assert lines == [
        "Traceback (most recent call last):",
        '  File "essay.mlsql", line 16, in <module>',
        "    main()",
        '  File "essay.mlsql", line 14, in main',
        "    fail(0)",
        '  File "essay.mlsql", line 31, in fail',
        "    return 1 / x",
        "ZeroDivisionError: division by zero",
    ]
    assert (tmp_path / "staging/meta/0/log.txt").read_text() == "hello\n" + error["traceback"]


def test_an_exception_in_a_nested_task_shows_the_users_lines(train: Train) -> None:
    source = """import ray
from helper import half
@ray.remote
def f(x):
    return half(x)
ray.get(f.remote("a"))
"""
    helper = {
        "name": "helper",
        "source": "\ndef half(x):\n    return x / 2\n",
        "file": "other.mlsql",
        "firstLine": 1,
    }
    error = train(source, modules=[helper])["error"]
    assert error["type"] == "RayTaskError(TypeError)"
    assert error["message"].startswith("TypeError: unsupported operand")
    assert 'File "essay.mlsql", line 14, in f\n    return half(x)' in error["traceback"]
    assert 'File "other.mlsql", line 3, in half\n    return x / 2' in error["traceback"]
    assert (error["file"], error["line"]) == ("other.mlsql", 3)
    assert "_private" not in error["traceback"] and "\x1b" not in error["traceback"]
    assert 'File "essay.mlsql", line 15, in <module>\n    ray.get(f.remote("a"))' in error["traceback"]


def test_ours_are_cut_when_our_functions_raise(train: Train) -> None:
    error = train("import mlsql\n\nmlsql.save_model(42)\n")["error"]
    assert error["code"] == "not-a-model"
    assert "42" in error["message"] and "predict" in error["message"]
    assert error["line"] == 12
    assert "mlsql_module" not in error["traceback"]
    assert error["traceback"].count("File ") == 1


@pytest.mark.parametrize(
    ("source", "code", "part"),
    [
        ("import mlsql\nfrom sklearn.svm import SVC\nmlsql.save_model(SVC)", "not-a-model", "the class SVC"),
        ("import mlsql\nfrom sklearn.svm import SVC\nmlsql.save_model(SVC())", "model-not-fitted", "fit"),
        (
            "import mlsql, threading\nclass M:\n  def predict(self, x): return x\nm = M(); m.lock = threading.Lock()\n"
            "mlsql.save_model(m)",
            "model-not-picklable",
            "lock",
        ),
        ("import mlsql\nmlsql.report(score=object())", "metric-not-json", "object"),
        ("import mlsql\nmlsql.report(score=float('nan'))", "metric-not-json", "nan"),
        ("import mlsql\nmlsql.report(score='high')", "metric-not-json", "str"),
        ("import mlsql\nmlsql.report(loss={1, 2})", "metric-not-json", "loss"),
        (
            "import mlsql\nfrom sklearn.svm import SVC\nt = mlsql.to_pandas()\n"
            "mlsql.save_model(SVC().fit(t[['x']].values, t.label), inputs=['X1'])",
            "unknown-column",
            "X1",
        ),
        ("import nothing_of_the_kind", "python-module-missing", "condaFile"),
        ("x = [\n", "python-syntax-error", "never closed"),
        ("raise MemoryError()", "out-of-memory", "memory"),
        (
            "import errno, os\nraise OSError(errno.ENOSPC, 'No space left on device', '/x/y')",
            "disk-full",
            "/x/y",
        ),
        ("import sys\nsys.exit(3)", "python-exit", "3"),
        ("import sys\nsys.exit('no data')", "python-exit", "no data"),
        ("raise KeyError('\\ud800')", "python-error", "KeyError"),
    ],
)
def test_mistakes_have_codes(train: Train, source: str, code: str, part: str) -> None:
    answer = train(source)
    assert answer["status"] == "failed"
    assert answer["error"]["code"] == code, answer["error"]
    assert part in answer["message"]
    json.dumps(answer).encode("utf-8")


def test_exit_status_zero_is_success(train: Train) -> None:
    assert train("import sys\nsys.exit(0)")["status"] == "succeeded"
    assert train("import sys\nsys.exit()")["status"] == "succeeded"


def test_a_syntax_error_names_the_users_line(train: Train) -> None:
    error = train("x = 1\ny = (2\n")["error"]
    assert (error["file"], error["line"]) == ("essay.mlsql", 11)
    assert 'File "essay.mlsql", line 11' in error["traceback"]


def test_nothing_of_one_script_reaches_the_next(train: Train, tmp_path: Path) -> None:
    first = """
import builtins, os, sys, logging, warnings, random, signal
import helper
helper.count = 1
secret = 42
os.environ["LEAK"] = "1"
sys.path.append("/leak")
os.chdir("/")
sys.argv.append("leak")
logging.getLogger().addHandler(logging.NullHandler())
logging.getLogger().setLevel(1)
sys.setrecursionlimit(5000)
signal.signal(signal.SIGUSR1, lambda *_: None)
warnings.simplefilter("error")
print(os.getpid())
"""
    second = """
import os, sys, logging, signal, warnings
import helper
assert not hasattr(helper, "count"), "module state"
assert "secret" not in globals()
assert "LEAK" not in os.environ
assert "/leak" not in sys.path
assert os.getcwd() != "/" and sys.argv == [__file__], sys.argv
assert not any(type(h) is logging.NullHandler for h in logging.getLogger().handlers)
assert logging.getLogger().level != 1
assert sys.getrecursionlimit() != 5000
assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
assert not any(f[0] == "error" and f[2] is Warning and f[1] is None for f in warnings.filters)
import __main__
assert __main__.__dict__ is globals()
print(os.getpid())
"""
    helper = {"name": "helper", "source": "x = 1\n", "file": "h.mlsql", "firstLine": 1}
    log = tmp_path / "staging/meta/0/log.txt"
    pids = []
    for source in (first, second, second):
        answer = train(source, modules=[helper])
        assert answer["status"] == "succeeded", answer
        pids.append(log.read_text())
    assert len(set(pids)) < 3, "the test wants a worker that is used again"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_processes_that_a_script_leaves_are_ended(train: Train, tmp_path: Path) -> None:
    import psutil

    source = """
import os, subprocess, sys
ignoring = "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
plain = subprocess.Popen(["sleep", "300"])
deaf = subprocess.Popen([sys.executable, "-c", ignoring])
detached = subprocess.run(
    ["sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True).stdout.strip()
import time; time.sleep(0.5)
print(plain.pid, deaf.pid, detached)
"""
    assert train(source)["status"] == "succeeded"
    pids = [int(pid) for pid in (tmp_path / "staging/meta/0/log.txt").read_text().split()]
    assert len(pids) == 3
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_multiprocessing_and_joblib_work_and_work_again(train: Train) -> None:
    source = """
import multiprocessing
from joblib import Parallel, delayed
import helper
def double(x): return 2 * x
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(double, [1, 2]) == [2, 4]
        assert pool.map(helper.triple, [1]) == [3]
    assert Parallel(n_jobs=2)(delayed(double)(i) for i in range(3)) == [0, 2, 4]
"""
    helper = {"name": "helper", "source": "def triple(x): return 3 * x\n", "file": "h.mlsql", "firstLine": 1}
    for _ in range(2):
        answer = train(source, modules=[helper])
        assert answer["status"] == "succeeded", answer["error"]["traceback"]


def test_mlsql_in_a_nested_task_has_the_parameters_and_not_the_table(train: Train, tmp_path: Path) -> None:
    source = """
import ray, mlsql
ray.init()
@ray.remote
def square(x):
    return x * x
@ray.remote
def f():
    ray.init(address="auto")
    assert ray.get(square.remote(3)) == 9
    ray.shutdown()
    try:
        mlsql.table()
    except Exception as error:
        return mlsql.fit_param["C"], str(error)
print(ray.get(f.remote()))
"""
    answer = train(source, fitParam={"C": "3"})
    assert answer["status"] == "succeeded", answer
    log = (tmp_path / "staging/meta/0/log.txt").read_text()
    assert "'3'" in log and "pass the table to the task as an argument" in log


def test_a_long_output_is_kept_in_bounds(train: Train, tmp_path: Path) -> None:
    answer = train("import sys\nfor i in range(2000): sys.stdout.write('x' * 10_000 + '\\n')\n")
    assert answer["status"] == "succeeded"
    log = tmp_path / "staging/meta/0/log.txt"
    assert log.stat().st_size < 17 * 1024 * 1024
    assert "more characters were printed" in log.read_text()[-200:]


def test_a_resource_is_a_local_path_and_a_missing_one_an_error(train: Train, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("hello")
    source = "import mlsql\nprint(open(mlsql.internal_system_param['resource']['words']).read())\n"
    assert train(source, resource={"words": f"file://{tmp_path}/words"})["status"] == "succeeded"
    answer = train(source, resource={"words": str(tmp_path / "none")})
    assert answer["error"]["code"] == "resource-not-found"
