"""Served models: over HTTP by themselves, and as SQL functions on Sail and on Apache Spark."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pickle
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from aiohttp import web
from spark_servers import apache_server, sail_server

from duet import functions

TABLE = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "label": [0, 0, 1, 1]})
ROOT = Path(__file__).parents[2]
FIT = """
import mlsql
from sklearn.svm import SVC
t = mlsql.to_pandas()
mlsql.save_model(SVC().fit(t[["x"]].values, t.label.values), inputs=["x"])
"""


@pytest.fixture(scope="module")
def bridge() -> Iterator[str]:
    """The functions' routes on a real HTTP server; gives its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait_for(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    application = web.Application(client_max_size=0)
    application.add_routes(functions.routes)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield wait_for(start())
    wait_for(functions.end_run("run-1"))
    wait_for(runner.cleanup())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def request(url: str, method: str, body: Any, token: str | None = None) -> tuple[int, Any]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, headers, method=method), timeout=60
        ) as answer:
            content = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, json.loads(content) if is_json else content
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def train_once(ray_node: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Train by a script, once per script, and give the model's folder."""
    from duet.python_alg.train import train_group

    made: dict[str, str] = {}

    def train(source: str = FIT, table: pa.Table = TABLE) -> str:
        if source not in made:
            staging = tmp_path_factory.mktemp("staging")
            spec = {"group": "0", "script": {"name": "s", "source": source}, "staging": str(staging)}
            answer = ray_node.get(ray_node.remote(train_group).remote(spec, table), timeout=60)
            assert answer["status"] == "succeeded", answer
            made[source] = str(staging / "model/0")
        return made[source]

    return train


@pytest.fixture(scope="module")
def register(train_once: Any, bridge: str) -> Callable[..., dict[str, Any]]:
    """Train by a script and serve the model."""

    def make(source: str = FIT, table: pa.Table = TABLE, **spec: Any) -> dict[str, Any]:
        full = {"name": "f", "run": "run-1", "modelDir": train_once(source, table), **spec}
        status, described = request(f"{bridge}/functions", "POST", full)
        return {"status": status, **described}

    return make


def shipped(served: dict[str, Any]) -> Callable[..., pa.Array]:
    """The function as an executor unpickles it."""
    function, _ = pickle.loads(base64.b64decode(served["udf"]["command"]))
    return function


def test_a_served_model_answers_batches(register: Any, bridge: str) -> None:
    served = register(maxConcurrency="2")
    assert served["inputs"] == [{"name": "x", "type": "double"}]
    assert (served["outputType"], served["udf"]["evalType"]) == ("bigint", 250)
    function = shipped(served)
    assert function(pa.array([4.0, 1.0])).to_pylist() == [1, 0]
    assert function(pa.array([], pa.float64())).to_pylist() == []
    assert function(pa.array([1, 4], pa.int32())).type == pa.int64()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: function(pa.array([4.0, 1.0] * i)).to_pylist(), range(1, 60)))
    assert answers == [[1, 0] * i for i in range(1, 60)]


def test_calls_that_fail_say_why(register: Any, bridge: str) -> None:
    served = register()
    function = shipped(served)
    with pytest.raises(Exception, match=r"f takes 1 arguments \(x\), and was called with 2"):
        function(pa.array([1.0]), pa.array([1.0]))
    with pytest.raises(Exception, match=r"row 2 holds 'a'.*\[column-type-mismatch\]"):
        function(pa.array(["1", "a"]))
    with pytest.raises(Exception, match="NaN"):
        function(pa.array([None, 1.0]))
    url = bridge + served["urlPath"]
    assert request(url, "POST", b"", "wrong")[1]["code"] == "unauthorized"
    assert request(url, "POST", b"rubbish", served["token"])[1]["code"] == "table-invalid"
    assert request(url, "DELETE", b"", "wrong")[0] == 401
    assert request(url, "DELETE", b"", served["token"])[0] == 204
    with pytest.raises(Exception, match="function-ended"):
        function(pa.array([1.0]))


def test_a_bridge_that_is_gone_is_an_error_soon(register: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    function = shipped(register(baseUrl=address))
    started = time.monotonic()
    with pytest.raises(Exception, match="cannot be reached from this Spark executor"):
        function(pa.array([1.0]))
    assert time.monotonic() - started < 5


def test_an_actor_that_is_killed_comes_back(register: Any, bridge: str) -> None:
    source = """
import mlsql, os
def predict(table):
    return [os.getpid()] * table.num_rows
mlsql.save_model(1, inputs=["x"], predict=predict)
"""
    function = shipped(register(source))
    (pid,) = function(pa.array([1.0])).to_pylist()
    os.kill(pid, signal.SIGKILL)
    (other,) = function(pa.array([1.0])).to_pylist()
    assert other != pid


def test_functions_that_cannot_be_served(register: Any, train_once: Any) -> None:
    from duet.served_model import ServedModel

    for spec, code in (
        ({"modelDir": "/nothing"}, "model-not-found"),
        ({"maxConcurrency": "many"}, "option-invalid"),
        ({"systemParam": {"num_cpus": "two"}}, "option-invalid"),
    ):
        answer = register(**spec)
        assert (answer["status"], answer["code"]) == (422, code)
    script = {"name": "s", "source": "def predict(frame): return frame.x", "file": "e", "firstLine": 1}
    without_inputs = train_once(FIT.replace('inputs=["x"]', "inputs=None"))
    for spec, code in (
        ({"modelDir": train_once(), "outputColumn": "x"}, "unknown-column"),
        ({"modelDir": train_once(), "outputType": "number"}, "option-invalid"),
        ({"modelDir": without_inputs}, "model-inputs-unknown"),
        ({"modelDir": train_once(), "script": script}, "model-output-unknown"),
    ):
        assert ServedModel(spec).describe()["error"]["code"] == code


def test_a_predict_script_with_a_type_that_is_given(register: Any) -> None:
    source = "def predict(frame):\n    from helper import twice\n    return twice(frame.x)\n"
    script = {"name": "s", "source": source, "file": "e", "firstLine": 1}
    modules = [{"name": "helper", "source": "def twice(x):\n    return 2 * x\n", "file": "e", "firstLine": 9}]
    served = register(script=script, modules=modules, outputType="float", systemParam={"memory": "64m"})
    assert shipped(served)(pa.array([1.5])).equals(pa.array([3.0], pa.float32()))


VECTOR_FIT = """
import mlsql
from sklearn.naive_bayes import GaussianNB
t = mlsql.to_pandas()
mlsql.save_model(GaussianNB().fit(t.features.tolist(), t.label))
"""
VECTORS = pa.table(
    {"features": [[1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [4.0, 1.0]], "label": ["n", "n", "y", "y"]}
)


def use_on_spark(address: str, registered: dict[str, dict[str, Any]]) -> None:
    """Register by the stock client's own stub with our bytes, and query."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.proto import Command, CommonInlineUserDefinedFunction

    spark = SparkSession.builder.remote(address).create()
    try:
        for name, served in registered.items():
            command = Command()
            message = CommonInlineUserDefinedFunction.FromString(base64.b64decode(served["udf"]["message"]))
            message.function_name = name
            command.register_function.CopyFrom(message)
            spark.client.execute_command(command)
        rows = spark.sql(
            "select id, svc(cast(id % 5 as double)) as p from range(0, 30000, 1, 3) order by id"
        ).toArrow()
        assert rows["p"].to_pylist() == [0, 0, 0, 1, 1] * 6000
        labels = spark.sql(
            "select nb(array(1.0d, 0.0d)) as a, nb(array(4.0d, 1.0d)) as b, svc(1) as c"
        ).collect()[0]
        assert (labels.a, labels.b, labels.c) == ("n", "y", 0)
        many = spark.sql(
            "select avg(prob(array(cast(id % 5 as double), 1.0d))[1]) as p from range(1000)"
        ).collect()
        assert 0 < many[0].p < 1
        assert (
            spark.sql("select svc(cast(id as double)) as p from range(5) where id > 7").toArrow().num_rows
            == 0
        )
        with pytest.raises(PySparkException, match="svc takes 1 arguments"):
            spark.sql("select svc(1.0, 2.0)").collect()
        with pytest.raises(PySparkException, match="row 1 holds 'many'"):
            spark.sql("select svc(x) from values ('many') as t(x)").collect()
    finally:
        spark.stop()


@pytest.fixture(scope="module")
def registered(register: Any) -> dict[str, dict[str, Any]]:
    """Three functions: a number in, a vector in, probabilities out."""
    served = {
        "nb": register(VECTOR_FIT, VECTORS, name="nb"),
        "prob": register(VECTOR_FIT, VECTORS, name="prob", probability=True),
        "svc": register(FIT, name="svc", maxConcurrency="2"),
    }
    assert [entry["outputType"] for entry in served.values()] == ["string", "array<double>", "bigint"]
    return served


@pytest.mark.engine
def test_served_models_in_sql_on_sail(registered: Any, tmp_path: Path) -> None:
    with sail_server(tmp_path) as address:
        use_on_spark(address, registered)


@pytest.mark.engine
@pytest.mark.apache
def test_served_models_in_sql_on_apache_spark(registered: Any, tmp_path: Path) -> None:
    with apache_server(tmp_path) as address:
        use_on_spark(address, registered)
