"""The analysis of a script: what it imports, and what needs a classic driver."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from duet.script.analysis import analyse as module
from duet.script.analysis.analyse import analyse

SESSION = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"


def analysed(folder: Path, source: str, **others: str) -> dict[str, Any]:
    """Analyses a script with modules beside it, whose names are written with `__` for a folder."""
    for name, text in others.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    script = folder / "script.py"
    script.write_text(source)
    return analyse(str(script))


def names(result: dict[str, Any]) -> list[str]:
    return [finding["name"] for finding in result["findings"]]


CLASSIC = {
    "a frame's rdd": "df = spark.range(3)\nprint(df.filter('id > 1').rdd.map(lambda row: row))",
    "the context": "spark.sparkContext.setLogLevel('WARN')",
    "a context's method": "sc = spark.sparkContext\nsc.parallelize([1])",
    "the jvm": "spark._jvm.java.lang.System.currentTimeMillis()",
    "a frame of the jvm": "spark.range(3)._jdf.showString(20, 20, False)",
    "in a function with a frame": "def count(frame):\n    return frame.rdd.count()",
    "an annotated parameter": "from pyspark.sql import DataFrame\ndef f(frame: 'DataFrame | None'):\n    frame.rdd",
    "in a method": "class Job:\n    def __init__(self):\n        self.df = spark.range(1)\n"
    "    def run(self):\n        return self.df.rdd",
    "given by a function": "def load():\n    return spark.read.parquet('x')\nload().rdd",
    "in a comprehension": "sums = [frame.rdd.sum() for frame in (spark.range(1), spark.range(2))]",
    "a lambda": "f = lambda: spark.table('t').rdd",
    "after a group": "spark.table('t').groupBy('a').count().rdd",
    "a subclass of a frame": "from pyspark.sql import DataFrame\nclass Mine(DataFrame):\n    pass\n"
    "def f(x: Mine):\n    return x.rdd",
    "another session": "spark.newSession()",
}


@pytest.mark.parametrize("source", CLASSIC.values(), ids=CLASSIC)
def test_needs_a_classic_driver(tmp_path: Path, source: str) -> None:
    findings = analysed(tmp_path, SESSION + source)["findings"]
    assert [finding["need"] for finding in findings][:1] == ["classic"], findings


IMPORTS = {
    "from pyspark import SparkContext": ["pyspark.SparkContext"],
    "from pyspark.mllib.regression import LabeledPoint": ["pyspark.mllib.regression.LabeledPoint"],
    "import pyspark.streaming": ["pyspark.streaming"],
    "import pyspark\nsc = pyspark.SparkContext()": ["pyspark.SparkContext"],
    "import pyspark as ps\nps.mllib.linalg.Vectors": ["pyspark.mllib"],
    "from pyspark.sql import SQLContext": ["pyspark.sql.SQLContext"],
    "from py4j.java_gateway import JavaGateway\nimport pyspark": ["py4j.java_gateway.JavaGateway"],
    "def late():\n    from pyspark.rdd import RDD": ["pyspark.rdd.RDD"],
}


@pytest.mark.parametrize(("source", "expected"), IMPORTS.items(), ids=IMPORTS)
def test_imports_of_what_only_a_classic_driver_has(tmp_path: Path, source: str, expected: list[str]) -> None:
    assert names(analysed(tmp_path, source)) == expected


NOTHING = {
    "a text": "print('df.rdd', '''spark.sparkContext''')  # df.rdd",
    "an attribute of the user's class": "class Job:\n    def __init__(self):\n        self.rdd = 3\n"
    "    def show(self):\n        print(self.rdd)\nprint(Job().rdd)",
    "a class attribute": "class Names:\n    rdd = 'x'\nprint(Names.rdd)\nn = Names()\nn.rdd",
    "a data class": "from dataclasses import dataclass\n@dataclass\nclass Row:\n    rdd: int\n"
    "def f(row: Row):\n    return row.rdd",
    "a class of the standard library": "from types import SimpleNamespace\nSimpleNamespace(rdd=1).rdd",
    "the command line": "import argparse\nparser = argparse.ArgumentParser()\nargs = parser.parse_args()\nargs.rdd",
    "a module's name": "import numpy as np\nnp.rdd",
    "a column of pandas": "import pandas as pd\nframe = pd.read_csv('x')\nframe.rdd.sum()",
    "what it assigns": "class C: pass\nc = C()\nc.rdd = 1",
    "collected rows": "for row in spark.range(3).collect():\n    print(row)\nspark.range(3).toPandas().rdd",
    "a property": "class P:\n    @property\n    def rdd(self):\n        return 1\nprint(P().rdd)",
    "an inherited one": "class A:\n    rdd = 1\nclass B(A):\n    def f(self):\n        return self.rdd",
    "streams and windows": "from pyspark.sql.streaming import StreamingQuery\nfrom pyspark.sql import Window",
    "a guarded import": "try:\n    from pyspark import SparkContext\nexcept ImportError:\n    pass",
    "for the type checker": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pyspark import RDD",
    "a user's format": "'{}'.format('libsvm')",
    "a lambda's name": "f = lambda rdd: rdd + 1",
}


@pytest.mark.parametrize("source", NOTHING.values(), ids=NOTHING)
def test_what_is_not_sparks_does_not_count(tmp_path: Path, source: str) -> None:
    assert names(analysed(tmp_path, SESSION + source)) == []


def test_without_pyspark_nothing_counts(tmp_path: Path) -> None:
    result = analysed(tmp_path, "import ray\ndef f(x):\n    return x.rdd\n")
    assert (result["engines"], result["findings"]) == (["ray"], [])


def test_mllib_and_libsvm_need_apache_spark(tmp_path: Path) -> None:
    source = (
        f"{SESSION}from pyspark.ml.linalg import VectorUDT\nfrom pyspark.ml.torch.distributor import TorchDistributor\n"
        "spark.read.format('libsvm').load('x')\nspark.read.load('y', format='libsvm')\n"
    )
    findings = analysed(tmp_path, source)["findings"]
    assert [(finding["need"], finding["name"], finding["line"]) for finding in findings] == [
        ("apache", "pyspark.ml.linalg.VectorUDT", 3),
        ("apache", "libsvm", 5),
        ("apache", "libsvm", 6),
    ]


def test_places_count_characters(tmp_path: Path) -> None:
    result = analysed(tmp_path, f"{SESSION}ä = spark.range(1); x = 'ööö', ä.rdd\n")
    (finding,) = result["findings"]
    assert (finding["line"], finding["column"]) == (3, 34)
    assert finding["file"] == str(tmp_path / "script.py")


def test_modules_beside_the_script_are_read(tmp_path: Path) -> None:
    result = analysed(
        tmp_path,
        "import helpers\nfrom package.deep import more\nimport other_place\n",
        helpers="import pyspark\ndef f(frame):\n    return frame.rdd\n",
        package__deep="from . import more\nfrom .more import g\n",
        package__more="def late():\n    import ray\n",
        unused="import pyspark.mllib\n",
    )
    assert result["engines"] == ["spark", "ray"]
    assert [Path(file).name for file in result["files"]] == ["script.py", "helpers.py", "deep.py", "more.py"]
    assert [(Path(each["file"]).name, each["name"]) for each in result["findings"]] == [
        ("helpers.py", ".rdd")
    ]
    assert result["complete"]


def test_kinds_cross_modules(tmp_path: Path) -> None:
    helpers = f"{SESSION}class Plain:\n    rdd = 1\ndef load():\n    return spark.table('t')\n"
    assert names(analysed(tmp_path, "from helpers import load\nload().rdd", helpers=helpers)) == [".rdd"]
    assert names(analysed(tmp_path, "import helpers\nhelpers.Plain().rdd", helpers=helpers)) == []


def test_modules_that_import_each_other_come_to_an_end(tmp_path: Path) -> None:
    result = analysed(
        tmp_path, "import a\n", a="from b import x\ny = x\n", b="from a import y\nx = y\nx.rdd\n"
    )
    assert len(result["files"]) == 3


def test_a_module_called_like_an_engine_is_the_users(tmp_path: Path) -> None:
    assert analysed(tmp_path, "import ray\nray.go()\n", ray="def go():\n    pass\n")["engines"] == []


def test_metadata(tmp_path: Path) -> None:
    block = '# /// script\n# requires-python = ">=3.10"\n#\n# dependencies = ["numpy"]\n# ///\n'
    (found,) = analysed(tmp_path, f"#!/usr/bin/env python\n{block}import numpy\n")["metadata"]
    assert found == {"text": 'requires-python = ">=3.10"\n\ndependencies = ["numpy"]', "line": 2}
    assert len(analysed(tmp_path, f"{block}\nx = 1\n\n{block}")["metadata"]) == 2
    assert analysed(tmp_path, "# /// script\n# never closed\n")["metadata"] == []


def test_a_syntax_error_is_told_and_metadata_all_the_same(tmp_path: Path) -> None:
    result = analysed(tmp_path, "# /// script\n# dependencies = []\n# ///\nprint((1)\n")
    assert (result["syntaxError"]["line"], len(result["metadata"])) == (4, 1)


@pytest.mark.parametrize(
    "source", [b"\xff\xfe\x00", b"x = '" + b"(" * 100_000, b"-" * 200_000 + b"1", b"\x00"]
)
def test_what_is_no_python_does_not_end_the_analysis(tmp_path: Path, source: bytes) -> None:
    script = tmp_path / "script.py"
    script.write_bytes(source)
    assert "syntaxError" in analyse(str(script))


def test_long_chains_are_no_trouble(tmp_path: Path) -> None:
    chain = "x = spark.range(1)" + ".filter('id > 0')" * 300 + ".rdd\n" + "y = " + " + ".join(["1"] * 2000)
    assert names(analysed(tmp_path, SESSION + chain)) == [".rdd"]


def test_a_missing_script_has_nothing(tmp_path: Path) -> None:
    result = analyse(str(tmp_path / "missing.py"))
    assert (result["engines"], result["files"]) == ([], [])


def test_the_program_runs_isolated_and_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "ast.py").write_text("raise RuntimeError('a module beside the script was run')\n")
    script = tmp_path / "script.py"
    script.write_text("import ray\nraise RuntimeError('the script was run')\n")
    printed = subprocess.run(
        [sys.executable, "-I", "-S", module.__file__, script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert json.loads(printed.stdout)["engines"] == ["ray"]
