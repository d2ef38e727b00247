"""The settings of a classic Spark driver: the run's own, the script's, and what keeps a local driver quiet."""

from __future__ import annotations

import os
from pathlib import Path

from duet.script.context import ScriptContext

LOG_SETTINGS = Path(__file__).with_name("classic_log4j2.properties")


def is_local(master: str | None) -> bool:
    """Whether the executors run inside the driver."""
    return master is None or master.startswith("local")


def settings(known: ScriptContext, wanted: dict[str, str]) -> dict[str, str]:
    """All settings of the driver. `wanted` are the script's; where both say something, the run's hold."""
    engine = known.spark
    assert engine is not None
    master = engine.master or "local[*]"
    options = [f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}"]
    defaults = {
        # The line of progress that Spark writes to a terminal would break the script's own output.
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.enabled": "false",
    }
    fixed = {**engine.conf, "spark.master": master}
    if is_local(master):
        folder = Path(known.directory)
        defaults["spark.sql.warehouse.dir"] = str(folder / "warehouse")
        fixed |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(folder / "spark"),
        }
        if wanted.get("spark.sql.catalogImplementation") == "hive":
            hive = _home() / "hive"
            hive.mkdir(parents=True, exist_ok=True)
            options.append(f"-Dderby.stream.error.file={folder / 'derby.log'}")
            defaults |= {
                "spark.sql.warehouse.dir": str(hive / "warehouse"),
                "spark.hadoop.javax.jdo.option.ConnectionURL": (
                    f"jdbc:derby:;databaseName={hive / 'metastore'};create=true"
                ),
            }
    script = {name: value for name, value in wanted.items() if name not in ("spark.remote", "spark.api.mode")}
    java = "spark.driver.extraJavaOptions"
    both = [*options, *(part[java] for part in (script, engine.conf) if java in part)]
    return {**defaults, **script, **fixed, java: " ".join(both)}


def _home() -> Path:
    """Duet's folder, where a metastore of the user's lasts from run to run."""
    return Path(os.environ.get("DUET_HOME") or Path.home() / ".duet")
