"""What a script will need, read from its syntax tree and those of the modules beside it; nothing of it is run.

    python -I -S analyse.py SCRIPT

prints one JSON object:

    {"engines": ["spark", "ray"],
     "findings": [{"need": "classic", "name": ".rdd", "file": "…/train.py", "line": 12, "column": 8}],
     "metadata": [{"text": "dependencies = [\\"numpy\\"]", "line": 1}],
     "files": ["…/train.py", "…/helpers.py"],
     "complete": true,
     "syntaxError": {"file": "…", "line": 3, "column": 7, "message": "…"}}

`engines`: those that it imports, wherever. `findings`: in the script's order, what needs a `classic` driver in the
script's own process (RDDs, the JVM), or at least `apache` Spark (MLlib). `metadata`: its `# /// script` blocks, without
their comment signs (PEP 723). `complete`: whether all modules beside it have been read. `syntaxError`: absent where
the script compiles. Only low-level imports: a script waits for this.
"""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    # Python starts isolated from the folder that it runs in, so that no module beside the script is taken for its own.
    sys.path.insert(0, __file__.rpartition("/duet/script/")[0])

from duet.script.analysis.classic_use import spark_uses
from duet.script.analysis.local_modules import LocalModules
from duet.script.analysis.metadata_blocks import metadata_blocks
from duet.script.analysis.read_names import imported_names, read_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from duet.script.analysis.read_names import Use
    from duet.script.analysis.scopes import Module

ENGINES = {"pyspark": "spark", "ray": "ray"}


def analyse(script: str) -> dict[str, Any]:
    """Reads a script's file. A missing one has nothing; Python itself will say so."""
    modules = LocalModules(script)
    read: list[tuple[Module, list[Use]]] = []
    for module in modules:
        uses = read_names(module)
        modules.follow(module, uses)
        read.append((module, uses))
    engines = _engines(read, modules)
    result: dict[str, Any] = {
        "engines": engines,
        "findings": _findings(read) if "spark" in engines else [],
        "metadata": metadata_blocks(modules.script_source),
        "files": modules.files,
        "complete": modules.complete,
    }
    if modules.syntax_error is not None:
        result["syntaxError"] = modules.syntax_error
    return result


def _engines(read: list[tuple[Module, list[Use]]], modules: LocalModules) -> list[str]:
    """The engines that the modules import, in the order of their imports."""
    found: list[str] = []
    for _, uses in read:
        for use in uses:
            if not use.is_import or use.unread:
                continue
            for name, _ in imported_names(use.node):
                package = name.partition(".")[0]
                engine = ENGINES.get(package)
                if engine is not None and engine not in found and not modules.is_local(package):
                    found.append(engine)
    return found


def _findings(read: list[tuple[Module, list[Use]]]) -> list[dict[str, Any]]:
    return [finding.record() for module, uses in read for finding in spark_uses(module, uses)]


def main() -> None:
    """Prints the analysis of the script that the command line names."""
    sys.stdout.write(json.dumps(analyse(sys.argv[1])) + "\n")


if __name__ == "__main__":
    main()
