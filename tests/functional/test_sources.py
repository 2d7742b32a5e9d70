"""Dependency confusion, and indexes that move: what came from one index is not taken from another unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.environments import Env, install, installed, run, tree
from tests.support.local_index import LocalIndex

HOME = ".pip-fastupdate"


def packages(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


@pytest.fixture
def other() -> Iterator[LocalIndex]:
    """A second index."""
    with LocalIndex() as running:
        yield running


@pytest.fixture
def env(environment: Env, index: LocalIndex) -> Env:
    """Two packages that were brought up to date from the first index."""
    install(environment, [index.release("app", "1.0"), index.release("lib", "1.0")])
    index.release("app", "2.0")
    index.release("lib", "2.0")
    done = run(environment, "--format", "json", index=index)
    assert 0 == done.returncode
    assert {"app": index.index_url, "lib": index.index_url} == {
        name: each["index"] for name, each in packages(done).items()
    }
    return environment


def both(env: Env, other: LocalIndex, index: LocalIndex, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Update with the second index as an extra one, asking both again."""
    return run(env, "--extra-index-url", other.index_url, "--refresh", *arguments, index=index)


def test_first_run_follows_pip(environment: Env, index: LocalIndex, other: LocalIndex) -> None:
    """Without a history the newest is taken wherever it is; with -v the table says from where."""
    install(environment, [index.release("app", "1.0")])
    other.release("app", "9.0", requires=["new"])
    other.release("new", "1.0")
    foreseen = packages(both(environment, other, index, "-n", "--format", "json"))
    assert [other.index_url] * 2 == [each["index"] for each in foreseen.values()]
    done = both(environment, other, index, "-v")
    assert {"app": "9.0", "new": "1.0"} == installed(environment)
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert f"upgraded, from {other.index_url}" in lines["app"]
    assert f"added, from {other.index_url}: required by app 9.0" in lines["new"]


def test_dependency_confusion(env: Env, index: LocalIndex, other: LocalIndex) -> None:
    """A newer version on another index is held, with the reason and a way to accept it."""
    other.release("lib", "99.0")
    index.release("app", "3.0")
    done = both(env, other, index, "--format", "json")
    assert (0, {"app": "3.0", "lib": "2.0"}) == (done.returncode, installed(env))
    row = packages(done)["lib"]
    assert ("hold", "done", "2.0", "99.0", None) == tuple(
        row[key] for key in ("action", "status", "target", "latest", "index")
    )
    assert [
        {
            "kind": "source-change",
            "text": f"99.0 comes from {other.index_url}; the installed version came from {index.index_url}",
            "index": other.index_url,
            "before": index.index_url,
            "version": "99.0",
        }
    ] == row["reasons"]
    assert (
        "held because the newest version is on a different index: lib; use --allow-source-change NAME to allow it"
        in done.stderr
    )
    before = tree(env.path)
    assert 0 == both(env, other, index, "--check").returncode
    done = both(env, other, index, "-v")
    assert f"held: 99.0 comes from {other.index_url}" in done.stdout
    assert before == tree(env.path)


def test_lower_versions_from_the_same_index(env: Env, index: LocalIndex, other: LocalIndex) -> None:
    """They are taken, and the newest on the other index is told."""
    other.release("lib", "99.0")
    index.release("lib", "2.5")
    row = packages(both(env, other, index, "--format", "json"))["lib"]
    assert ("upgrade", "2.5", "99.0", index.index_url) == tuple(
        row[key] for key in ("action", "target", "latest", "index")
    )
    assert ["source-change"] == [each["kind"] for each in row["reasons"]]
    assert "2.5" == installed(env)["lib"]


def test_same_version_on_both(env: Env, index: LocalIndex, other: LocalIndex) -> None:
    """The file of the index that it came from is taken, even where pip would find the other's better."""
    tag = "py{}{}-none-any".format(*sys.version_info)
    index.release("lib", "3.0", files={"lib/__init__.py": "GOOD = True"})
    other.release("lib", "3.0", tag=tag, files={"lib/__init__.py": "GOOD = False"}, requires=["nothing-like-it"])
    row = packages(both(env, other, index, "--format", "json"))["lib"]
    assert ("upgrade", "3.0", index.index_url, []) == tuple(
        row[key] for key in ("action", "target", "index", "reasons")
    )
    assert "GOOD = True" == (env.site_packages / "lib" / "__init__.py").read_text()


@pytest.mark.parametrize("names", ["Lib", "app,lib", ":all:"])
def test_change_that_is_allowed(env: Env, index: LocalIndex, other: LocalIndex, names: str) -> None:
    """It is made, and from then on the other index is the one that it came from; until that is undone."""
    other.release("lib", "99.0")
    done = both(env, other, index, "--allow-source-change", names, "--format", "json")
    assert (0, "99.0") == (done.returncode, installed(env)["lib"])
    assert other.index_url == packages(done)["lib"]["index"]
    other.release("lib", "100.0")
    assert "upgrade" == packages(both(env, other, index, "-n", "--format", "json"))["lib"]["action"]
    assert 0 == run(env, "--undo").returncode
    assert "hold" == packages(both(env, other, index, "--format", "json"))["lib"]["action"]
    assert "2.0" == installed(env)["lib"]


def test_index_that_is_dropped(env: Env, index: LocalIndex, other: LocalIndex) -> None:
    """What came from it while the other was there is held, all of it, with one sentence about what to do."""
    index.release("app", "2.5")
    index.release("lib", "2.5")
    assert 0 == both(env, other, index).returncode
    other.release("app", "3.0")
    other.release("lib", "3.0")
    done = run(env, "--refresh", index=other)
    assert (0, {"app": "2.5", "lib": "2.5"}) == (done.returncode, installed(env))
    (line,) = [each for each in done.stderr.splitlines() if "a different index" in each]
    assert "all 2 packages" in line
    assert f"{index.index_url} is no longer used; use --allow-source-change :all: to allow it" in line
    done = run(env, "--allow-source-change", ":all:", index=other)
    assert (0, {"app": "3.0", "lib": "3.0"}) == (done.returncode, installed(env))
    assert "a different index" not in done.stderr


def test_written_otherwise(env: Env, index: LocalIndex) -> None:
    """The same index with credentials, a slash at the end or without its JSON API is the same; no secret is kept."""
    index.json_api = False
    index.release("lib", "3.0")
    url = index.index_url.replace("://", "://user:hush-hush@") + "/"
    done = run(env, "--refresh", "-v", index=url)
    assert (0, "3.0") == (done.returncode, installed(env)["lib"])
    assert "hush-hush" not in done.stdout + done.stderr + (env.path / HOME / "sources.json").read_text()


def test_failed_run_remembers_nothing(environment: Env, index: LocalIndex) -> None:
    """The environment is as it was, to the byte."""
    install(environment, [index.release("app", "1.0")])
    index.release("app", "2.0")
    before = tree(environment.path)
    command = f'{environment.python} -c \'from importlib.metadata import version; assert version("app") == "1.0"\''
    done = run(environment, "--test", command, index=index)
    assert "after the update; the update was rolled back" in done.stderr
    assert 1 == done.returncode
    assert before == tree(environment.path)


def test_what_others_installed_is_not_pinned(env: Env, index: LocalIndex, other: LocalIndex) -> None:
    """What is remembered is about one version only."""
    other.release("lib", "99.0")
    install(env, [index.release("lib", "2.1")])
    done = both(env, other, index)
    assert (0, "99.0") == (done.returncode, installed(env)["lib"])


@pytest.mark.parametrize(("value", "words"), [("a b", "not a valid package name"), ("", "not a valid package name")])
def test_wrong_names(env: Env, index: LocalIndex, value: str, words: str) -> None:
    """One sentence and exit code 2."""
    done = run(env, "--allow-source-change", value, index=index)
    assert 2 == done.returncode
    assert words in done.stderr


def test_memory_that_cannot_be_read(env: Env, index: LocalIndex) -> None:
    """Nothing is trusted by accident: one sentence, and what to do."""
    (env.path / HOME / "sources.json").write_text("{")
    before = tree(env.path)
    done = run(env, index=index)
    assert 1 == done.returncode
    assert "sources.json: " in done.stderr
    assert "hint: " in done.stderr
    assert before == tree(env.path)
