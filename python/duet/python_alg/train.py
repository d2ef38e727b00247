"""Training one group of parameters: the task that the engine submits to Ray.

`train_group(spec, data)`; `data` is a `pyarrow.Table`, or `{"path": "<folder of parquet files>"}`. `spec`:

    {
      "group": 0,                                 // number or text; comes back as it was given
      "script": {"name": "py_train", "source": "import mlsql\\n…", "file": "essay.mlsql", "firstLine": 3},
      "modules": [{"name": "helper", "source": "…", "file": "…", "firstLine": 1}],   // importable by name
      "fitParam": {"C": "1.0"}, "systemParam": {}, "resource": {"vocabulary": "/data/words.txt"},
      "staging": "/lake/model/.staging-7f",       // the version being made: gets model/<group>, meta/<group>
      "dataFormat": "parquet",                    // parquet | json
      "enableDataLocal": true,                    // false: no data files, and mlsql.table() raises
      "scratch": "/home/me/.duet/runs/7f"         // optional: where the group's scratch folder is made
    }

The answer, for whatever the script does short of killing its process:

    {"group": 0, "status": "succeeded", "score": 0.97, "metrics": {"f1": 0.95}, "message": "",
     "startTime": 1764000000000, "endTime": 1764000001000,
     "model": {…model.json…} | null, "files": [{"path": "model.pkl", "bytes": 1234}]}

with `"status": "failed"`, a one-line `message` and `"error": {code, type, message, traceback, file?, line?,
details?}` (see `duet.failure`) where it failed. `meta/<group>` gets `log.txt`, `params.json`, `report.json`,
`environment.json` and `scripts/<name>.py`.

A task that waits in `ray.get` gives its CPUs back to Ray, but not its GPUs: submit groups with `num_cpus=1`
unless the user says otherwise, and with no GPU of their own if their nested tasks need them.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from duet.errors import DuetError
from duet.failure import describe_failure
from duet.mlsql_module import TrainingSession
from duet.process_state import no_children_left, restored_process, threads_left
from duet.python_alg.environment_record import environment_record
from duet.python_alg.script_log import ScriptLog
from duet.python_alg.workspace import Workspace, find_resources, open_workspace, table_reader, write_data
from duet.ray_hooks import prepare_worker
from duet.user_source import UserSource, forget, importable, remember


def train_group(spec: dict[str, Any], data: Any) -> dict[str, Any]:
    """Run the group's script to its end and say how it went; see the module's documentation."""
    prepare_worker()
    started = _now()
    sources = [UserSource.from_json(spec["script"]), *map(UserSource.from_json, spec.get("modules") or ())]
    remember(sources)
    answer: dict[str, Any] = {"group": spec["group"], "startTime": started}
    try:
        with open_workspace(spec["staging"], str(spec["group"]), spec.get("scratch")) as workspace:
            answer.update(_train(spec, data, sources, workspace))
    except Exception as error:
        # Not the script but its surroundings: folders that cannot be made, a disk that is full.
        answer.update(_failed(error, None))
    finally:
        forget(sources)
    answer["endTime"] = _now()
    return answer


def _train(
    spec: dict[str, Any], data: Any, sources: list[UserSource], workspace: Workspace
) -> dict[str, Any]:
    session: TrainingSession | None = None
    failure: BaseException | None = None
    _write_json(workspace.meta / "params.json", {key: spec.get(key) for key in _RECORDED_PARAMETERS})
    _write_json(workspace.meta / "environment.json", environment_record())
    _write_scripts(sources, workspace.meta / "scripts")
    with ScriptLog(workspace.meta / "log.txt") as log:
        try:
            session = _make_session(spec, data, workspace)
            _run_script(session, sources, workspace, log)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failure = error
        result = _succeeded(session) if failure is None else _failed(failure, session)
        if failure is not None:
            print(result["error"]["traceback"], end="", file=sys.stderr, flush=True)
    if session is not None:
        _write_json(
            workspace.meta / "report.json",
            {"score": session.score, "metrics": session.metrics, "history": session.history},
        )
    result["files"] = [
        {"path": str(path.relative_to(workspace.model)), "bytes": path.stat().st_size}
        for path in sorted(workspace.model.rglob("*"))
        if path.is_file()
    ]
    return result


ROWS_TO_TRY = 5
_RECORDED_PARAMETERS = ("group", "fitParam", "systemParam", "resource", "dataFormat", "enableDataLocal")


def _make_session(spec: dict[str, Any], data: Any, workspace: Workspace) -> TrainingSession:
    has_data = bool(spec.get("enableDataLocal", True))
    if has_data:
        read = table_reader(data)
        write_data(data, read, workspace.data, spec.get("dataFormat") or "parquet")
    else:
        read = _no_table
    return TrainingSession(
        group=str(spec["group"]),
        fit_param=dict(spec.get("fitParam") or {}),
        system_param=dict(spec.get("systemParam") or {}),
        internal={
            "tempDataLocalPath": str(workspace.data),
            "tempModelLocalPath": str(workspace.model),
            "resource": find_resources(spec.get("resource") or {}),
        },
        model_dir=workspace.model,
        read_table=read,
        has_data=has_data,
    )


def _no_table() -> Any:
    raise DuetError("data-not-local", 'This training has enableDataLocal="false": its script gets no data.')


def _run_script(
    session: TrainingSession, sources: list[UserSource], workspace: Workspace, log: ScriptLog
) -> None:
    script = sources[0]
    scripts = workspace.scratch / "scripts"
    _write_scripts(sources, scripts)
    main = ModuleType("__main__")
    # A real file: libraries that start a Python of their own (multiprocessing) load the script from it.
    main.__file__ = str(scripts / f"{script.name}.py")
    threads = set(threading.enumerate())
    with ExitStack() as stack:
        stack.enter_context(no_children_left())
        stack.enter_context(
            restored_process(main, [main.__file__], workspace.scratch, {"PYTHONUNBUFFERED": "1"})
        )
        stack.enter_context(_mlsql_importable(session))
        stack.enter_context(importable(sources))
        stack.enter_context(log.capturing())
        sys.path.insert(0, str(scripts))
        try:
            exec(script.compile(), main.__dict__)
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
        _save_own_predict(session, main)
        _try_model(session)
        for thread in threads_left(threads):
            print(f"The script has ended, but its thread {thread.name!r} still runs.", file=sys.stderr)


@contextmanager
def _mlsql_importable(session: TrainingSession) -> Iterator[None]:
    """`import mlsql` gives the session's module inside, and what it gave before afterwards."""
    from ray import cloudpickle

    module, before = session.module(), sys.modules.get("mlsql")
    sys.modules["mlsql"] = module
    # Nested tasks may use its parameters, and cannot import it.
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
        if before is None:
            sys.modules.pop("mlsql", None)
        else:
            sys.modules["mlsql"] = before


def _save_own_predict(session: TrainingSession, main: ModuleType) -> None:
    predict = main.__dict__.get("predict")
    if (
        not callable(predict)
        or getattr(predict, "__module__", None) != "__main__"
        or isinstance(predict, type)
    ):
        return
    if session.card is not None and session.card.predict_file is not None:
        return
    from duet.python_alg.model_store import save_predict

    session.card = save_predict(predict, session.model_dir, session.card)


def _try_model(session: TrainingSession) -> None:
    """Apply the saved model to the first rows, to learn what it puts out; a model that refuses them is kept."""
    if session.card is None or session.known_schema() is None:
        return
    from duet.python_alg.predictor import Predictor

    try:
        predictor = Predictor.load(
            session.model_dir, fit_param=session.fit_param, system_param=session.system_param
        )
        session.card = predictor.learn_outputs(session.table().slice(0, ROWS_TO_TRY))
    except Exception as error:
        print(
            f"The saved model could not be applied to the training table's first rows: {error}",
            file=sys.stderr,
        )


def _succeeded(session: TrainingSession | None) -> dict[str, Any]:
    assert session is not None
    return {
        "status": "succeeded",
        "score": session.score,
        "metrics": session.metrics,
        "message": "",
        "model": None if session.card is None else session.card.to_json(),
    }


def _failed(error: BaseException, session: TrainingSession | None) -> dict[str, Any]:
    described = describe_failure(error)
    return {
        "status": "failed",
        "score": None if session is None else session.score,
        "metrics": {} if session is None else session.metrics,
        "message": described["message"],
        "error": described,
        "model": None,
    }


def _write_scripts(sources: list[UserSource], folder: Path) -> None:
    folder.mkdir()
    for source in sources:
        (folder / f"{source.name}.py").write_text(source.source, "utf-8", errors="replace")


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8", errors="replace")


def _now() -> int:
    return int(time.time() * 1000)
