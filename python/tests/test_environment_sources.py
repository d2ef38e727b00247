"""What users describe environments with, read without building anything."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from ray.runtime_env import RuntimeEnv

from duet.environment.cluster import cluster_environment
from duet.environment.own_packages import OwnPackages, Role, own_packages
from duet.environment.python_version import check_python
from duet.environment.requirement import Place, text_of
from duet.environment.requirements_file import read_requirements_file
from duet.environment.store import content_of, folder_of
from duet.environment.wanted import Wanted, read_wanted
from duet.errors import DuetError

PYTHON = "3.11.7"
RAY = metadata.version("ray")


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def texts(wanted: Wanted) -> list[str]:
    return [text_of(item) for item in wanted.requirements]


def listed(*requirements: str) -> Wanted:
    return read_wanted({"requirements": list(requirements)})


def own(wanted: Wanted, role: Role = "connect") -> tuple[Wanted, OwnPackages]:
    return own_packages(wanted, role, python=PYTHON, ray=RAY)


def test_a_requirements_file_with_all_that_pip_allows(tmp_path: Path) -> None:
    write(tmp_path / "sub/more.txt", "humanize\n-c ../limits.txt\n./here\n")
    (tmp_path / "sub/here").mkdir()
    write(tmp_path / "limits.txt", "toolz<1.0\n")
    file = write(
        tmp_path / "requirements.txt",
        "\ufeff# a comment\n\n-rsub/more.txt\n"
        "toolz>=0.11, \\\n  <2  # joined\n"
        'six ; python_version < "3"\n'
        "attrs==25.1.0 --hash=sha256:0123\n"
        "--extra-index-url=https://one.example/simple\n-f wheels\n--pre\n--require-hashes\n"
        "mine[extra] @ ./sub/here\n"
        "yours @ git+https://example.org/yours.git@main\n"
        "-r sub/more.txt\n",
    )
    content = read_requirements_file(file)
    here = tmp_path / "sub/here"
    assert [text_of(item) for item in content.requirements] == [
        "humanize",
        str(here),
        "toolz>=0.11,    <2",
        'six ; python_version < "3"',
        "attrs==25.1.0 --hash=sha256:0123",
        f"mine[extra] @ {here.as_uri()}",
        "yours @ git+https://example.org/yours.git@main",
    ]
    assert [item.place.line for item in content.requirements] == [1, 3, 4, 6, 7, 12, 13]
    assert [item.text for item in content.constraints] == ["toolz<1.0"]
    assert content.options == [
        *("--extra-index-url", "https://one.example/simple"),
        *("--find-links", str(tmp_path / "wheels")),
        *("--prerelease", "allow"),
    ]
    assert content.files == [file, tmp_path / "sub/more.txt", tmp_path / "limits.txt"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("toolz\nscikit learn\n", 2, "'scikit learn' is no requirement"),
        ("toolz\n\n-r missing.txt\n", 3, "missing.txt cannot be read: No such file"),
        ("./nothing\n", 1, "asks for ./nothing, and there is no"),
        ("toolz\n-e [extra]\n", 2, "'[extra]' is no path and no address"),
        ("-r\n", 1, "option -r lacks its value"),
        ("toolz\n--strange x\n", 2, "option --strange"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = write(tmp_path / "requirements.txt", text)
    with pytest.raises(DuetError) as caught:
        read_wanted({"requirementsFile": str(file)})
    assert caught.value.code == "environment-invalid"
    assert words in caught.value.message
    assert caught.value.details == {"file": str(file), "line": line}


def test_a_project_gives_its_dependencies_and_settings_of_uv(tmp_path: Path) -> None:
    file = write(
        tmp_path / "pyproject.toml",
        '[project]\nname = "x"\nrequires-python = ">=3.10"\ndependencies = [\n  "toolz>=1",\n  "mine",\n]\n'
        '[tool.uv.sources]\nmine = { path = "lib/mine" }\n'
        '[[tool.uv.index]]\nname = "ours"\nurl = "https://one.example/simple"\n',
    )
    wanted = read_wanted({"projectFile": str(file)})
    assert texts(wanted) == ["toolz>=1", "mine"]
    assert [item.place.line for item in wanted.requirements] == [5, 6]
    assert (wanted.python, wanted.python_place.line) == (">=3.10", 3)
    assert wanted.uv["sources"] == {"mine": {"path": str(tmp_path / "lib/mine")}}
    assert wanted.uv["index"] == [{"name": "ours", "url": "https://one.example/simple"}]
    assert wanted.local == [("mine", tmp_path / "lib/mine")]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[project]\ndependencies = [\n", 2, "ends in the middle of a value"),
        ("[tool.poetry.dependencies]\ntoolz = '1'\n", None, "has no [project]"),
        ("[project]\ndynamic = ['dependencies']\n", None, "dynamic"),
        ("[project]\ndependencies = 'toolz'\n", 2, "is a list of texts"),
        ("[project]\nrequires-python = 3.11\n", 2, "is a text such as"),
    ],
)
def test_a_project_that_says_no_dependencies(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    file = write(tmp_path / "pyproject.toml", text)
    with pytest.raises(DuetError) as caught:
        read_wanted({"projectFile": str(file)})
    assert caught.value.code == "environment-invalid" and words in caught.value.message
    assert caught.value.details.get("line") == line


def test_a_scripts_own_metadata_has_its_lines(tmp_path: Path) -> None:
    toml = 'requires-python = ">=3.10"\ndependencies = [\n  "toolz",\n  "no requirement",\n]\n'
    with pytest.raises(DuetError) as caught:
        read_wanted({"inline": {"script": str(tmp_path / "t.py"), "toml": toml, "line": 3}})
    assert caught.value.details == {"file": str(tmp_path / "t.py"), "line": 6}


def test_our_own_packages_take_the_place_of_the_users(tmp_path: Path) -> None:
    asked = ("ray[tune]>=2.40", "PySpark[connect]>=3.4", "toolz", 'ray<1 ; python_version < "3"')
    rest, ours = own(listed(*asked))
    assert texts(rest) == ["toolz"]
    client = metadata.version("pyspark-client")
    assert ours.exact[:2] == [f"ray[data,tune]=={RAY}", f"pyspark-client=={client}"]
    assert f"pandas=={metadata.version('pandas')}" in ours.exact
    assert "pandas<3" in ours.loose
    assert ours.excluded == ["pyspark", "pyspark-connect"] and ours.notes == []
    classic = own(listed(*asked), "classic")[1]
    assert classic.exact[1].startswith("pyspark[connect,sql]==4.")
    worker = own(listed(*asked, "pandas>=3"), "worker")
    assert texts(worker[0]) == ["PySpark[connect]>=3.4", "toolz", "pandas>=3"]
    assert worker[1].exact[0] == f"ray[tune]=={RAY}"
    assert not any(line.startswith("pandas") for line in worker[1].exact)


def test_a_users_pandas_counts_within_our_bounds() -> None:
    ours = own(listed("pandas==2.2.3"))[1]
    assert "pandas<3" in ours.exact and not any(line.startswith("pandas==") for line in ours.exact)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("ray==2.40.0", f"the cluster's Ray is {RAY}"),
        ("ray @ https://example.org/ray.whl", "have one version"),
        ("pyspark==3.5.1", "Ask for pyspark>=4"),
        ("pyspark @ https://example.org/spark.tar.gz", "Ask for pyspark>=4"),
    ],
)
def test_another_ray_or_spark_is_refused(asked: str, words: str) -> None:
    with pytest.raises(DuetError) as caught:
        own(read_wanted({"requirements": [{"text": asked, "line": 4}], "file": "/tmp/e.yml"}))
    assert caught.value.code == "environment-conflict" and words in caught.value.message
    assert caught.value.details == {"file": "/tmp/e.yml", "line": 4}


def test_another_minor_version_of_spark_is_a_note() -> None:
    assert own(listed("pyspark==4.0.1"))[1].notes == [
        f"the environment asks for pyspark==4.0.1; the script gets pyspark-client {metadata.version('pyspark-client')}"
    ]


def test_a_date_before_our_packages_does_not_hide_them() -> None:
    wanted = Wanted(uv={"exclude-newer": "2024-01-01", "sources": {"ray": {"git": "x"}, "y": {"git": "z"}}})
    uv: Any = own(wanted)[0].uv
    assert uv["exclude-newer-package"]["ray"] > "2024" and uv["sources"] == {"y": {"git": "z"}}


@pytest.mark.parametrize("wanted", ["3.11", "=3.11.*", ">=3.10,<3.13", "==3.11.2", "3", "~=3.9"])
def test_a_python_that_fits(wanted: str) -> None:
    check_python(wanted, Place(), PYTHON)


def test_a_python_that_does_not_fit_is_told_with_its_place() -> None:
    with pytest.raises(DuetError) as caught:
        check_python(">=3.12", Place("/tmp/p.toml", 3), PYTHON)
    assert caught.value.code == "environment-python"
    assert caught.value.details["file"] == "/tmp/p.toml" and caught.value.details["line"] == 3


def test_the_same_content_is_the_same_environment(tmp_path: Path) -> None:
    def folder(*asked: str) -> Path:
        wanted, ours = own(listed(*asked))
        return folder_of(content_of(wanted, ours, PYTHON))

    assert folder("toolz", "six") == folder("six", "toolz", "ray", "pyspark")
    assert folder("toolz", "six") != folder("toolz")
    package = write(tmp_path / "mine/mine.py", "x = 1\n").parent
    before = folder(str(package))
    assert folder(str(package)) == before
    write(package / "__pycache__/mine.pyc", "compiled")
    assert folder(str(package)) == before
    write(package / "mine.py", "x = 12\n")
    assert folder(str(package)) != before


def test_a_cluster_gets_the_environment_in_rays_words(tmp_path: Path) -> None:
    toml = (
        'dependencies = ["ray", "mine", "toolz"]\n'
        '[tool.uv]\nexclude-newer = "2026-06-01"\nno-binary = true\n'
        '[tool.uv.sources]\nmine = { git = "https://example.org/mine.git", tag = "v1" }\n'
        '[[tool.uv.index]]\nname = "ours"\nurl = "https://one.example/simple"\n'
    )
    inline = {"inline": {"script": str(tmp_path / "t.py"), "toml": toml, "line": 2}}
    described = cluster_environment(inline, "connect", python=PYTHON, ray=RAY)
    client = f"pyspark-client=={metadata.version('pyspark-client')}"
    assert described.runtime_env == {
        "uv": {
            "packages": ["mine @ git+https://example.org/mine.git@v1", "toolz", client],
            "uv_pip_install_options": [
                *("--exclude-newer", "2026-06-01"),
                *("--index", "https://one.example/simple"),
            ],
        }
    }
    # Ray itself takes it.
    assert RuntimeEnv(**described.runtime_env)["uv"]["packages"][1] == "toolz"
    assert described.notes == ["the setting no-binary of [tool.uv] has no effect on a cluster"]
    assert cluster_environment({}, "worker", python=PYTHON, ray=RAY).runtime_env == {}


def test_conda_is_left_to_the_cluster() -> None:
    conda = {"name": "x", "dependencies": ["python=3.11", "gdal", {"pip": ["ray", "toolz"]}]}
    spec = {"requirements": ["ray", "toolz"], "python": "3.11", "conda": conda, "file": "/tmp/e.yml"}
    described = cluster_environment(spec, "worker", python=PYTHON, ray=RAY).runtime_env
    assert described == {
        "conda": {"name": "x", "dependencies": ["python=3.11", "gdal", "pip", {"pip": ["toolz"]}]}
    }


def test_what_lies_on_this_machine_does_not_go_to_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    file = write(tmp_path / "requirements.txt", "toolz\n./mine\n")
    with pytest.raises(DuetError) as caught:
        cluster_environment({"requirementsFile": str(file)}, "connect", python=PYTHON, ray=RAY)
    assert caught.value.code == "environment-unsupported" and caught.value.details["line"] == 2
