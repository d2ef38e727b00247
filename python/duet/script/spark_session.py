"""`SparkSession.builder…getOrCreate()` gives the run's Spark, whatever address or master the script names.

Only PySpark's two builders are changed, one for `pyspark.sql` and one for `pyspark.sql.connect`; sessions,
DataFrames and errors are PySpark's own. The session reaches the server through a channel builder, PySpark's own
place for interceptors, so that its operations are seen (`spark_operations`).
"""

from __future__ import annotations

import getpass
import os
from types import ModuleType
from typing import Any

from duet.script import channel, classic_spark, spark_exit, spark_settings, spark_words
from duet.script.spark_channel import channel_builder
from duet.script.spark_engine import is_classic, spark_engine
from duet.script.spark_operations import Operations


def wire(module: ModuleType) -> None:
    """Wires `pyspark.sql.session`, as soon as it has been imported."""
    if not is_classic():
        for variable in ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "MASTER"):
            os.environ.pop(variable, None)
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        spark_words.say_what_to_do()
    builder = module.SparkSession.Builder
    builder.getOrCreate = _delegate("getOrCreate", builder.getOrCreate)
    builder.create = _delegate("create", builder.create)


def wire_connect(module: ModuleType) -> None:
    """Wires `pyspark.sql.connect.session`, as soon as it has been imported."""
    session_class = module.SparkSession
    builder = session_class.Builder

    def create(self: Any) -> Any:
        session = _connect(session_class, self)
        session_class._set_default_and_active_session(session)
        self._apply_options(session)
        return session

    def get_or_create(self: Any) -> Any:
        with session_class._lock:
            session = session_class.getActiveSession() or session_class._get_default_session()
            if session is None:
                return self.create()
            self._apply_options(session)
            return session

    def apply_options(self: Any, session: Any) -> None:
        spark_settings.apply(session, dict(self._options))

    def enable_hive_support(self: Any) -> Any:
        return self.config("spark.sql.catalogImplementation", "hive")

    def new_session(self: Any) -> Any:
        return _connect(session_class, builder())

    _replace(builder, "create", create)
    _replace(builder, "getOrCreate", get_or_create)
    _replace(builder, "_apply_options", apply_options)
    _replace(builder, "enableHiveSupport", enable_hive_support)
    new_session.__doc__ = (
        "A session of its own on the same Spark: its settings, views and functions are apart."
    )
    session_class.newSession = new_session


def _replace(owner: type, name: str, function: Any) -> None:
    original = getattr(owner, name)
    function.__name__, function.__qualname__ = name, original.__qualname__
    function.__doc__ = original.__doc__
    setattr(owner, name, function)


def _delegate(name: str, original: Any) -> Any:
    """The builder of `pyspark.sql` passes what it was told to the one of Spark Connect."""

    def build(self: Any) -> Any:
        if is_classic():
            classic_spark.note_remote(self._options)
            return original(self)
        from pyspark.sql.connect.session import SparkSession

        return getattr(SparkSession.builder.config(map=dict(self._options)), name)()

    build.__name__, build.__qualname__, build.__doc__ = name, original.__qualname__, original.__doc__
    return build


def _connect(session_class: type, builder: Any) -> Any:
    """A new session of the run's Spark; Duet is told, to interrupt and release it however the script ends."""
    from duet.script.spark_interceptor import OperationInterceptor

    engine = spark_engine()
    connection = channel_builder(engine)
    if connection.userId is None:
        connection.set(connection.PARAM_USER_ID, os.environ.get("SPARK_USER") or getpass.getuser())
    operations = Operations(engine.kind)
    connection.add_interceptor(OperationInterceptor(operations))
    if builder._channel_builder is not None:
        channel.note("The script's own channelBuilder(…) is left aside: the run's Spark is used.")
    session = session_class(connection=connection, hook_factories=builder._hook_factories)
    operations.stub = spark_exit.release_at_exit(session, connection, operations)
    channel.send(
        {
            "type": "spark-session",
            "url": engine.url,
            "userId": connection.userId,
            "sessionId": session.session_id,
        }
    )
    return session
