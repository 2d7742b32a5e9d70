"""``--download-only``: the cache has what the next update needs, and that needs no network then."""

from __future__ import annotations

import json

import pytest

from tests.support.environments import Env, install, installed, run, tree
from tests.support.local_index import LocalIndex


@pytest.fixture
def old(environment: Env, index: LocalIndex) -> Env:
    """One package goes to its newest and brings another one along."""
    install(environment, [index.release("app", "1.0"), index.release("lib", "1.0")])
    index.release("app", "2.0", requires=["new"])
    index.release("lib", "2.0")
    index.release("new", "1.0")
    return environment


def test_then_offline(old: Env, index: LocalIndex) -> None:
    """Nothing is changed first; then all comes from the cache, with no index to be reached."""
    before = tree(old.path)
    done = run(old, "--download-only", "--format", "json", index=index)
    assert (0, before) == (done.returncode, tree(old.path)), done.stderr
    report = json.loads(done.stdout)
    assert {"stage", "verify", "discard"} < report["stats"]["seconds"].keys()
    assert {("planned", None)} == {(row["status"], report["transaction"]) for row in report["packages"]}
    assert "nothing changed; run `pip-update --offline` to install it" in done.stderr
    asked = len(index.requests)
    done = run(old, "--offline", index=index)
    assert (0, asked) == (done.returncode, len(index.requests)), done.stderr
    assert {"app": "2.0", "lib": "2.0", "new": "1.0"} == installed(old)


def test_bytecode(old: Env, index: LocalIndex) -> None:
    """What is to be compiled is compiled already, and taken from beside the wheels then."""
    assert 0 == run(old, "--download-only", "--compile", index=index).returncode
    made = {path.name: path.stat().st_ino for path in old.cache.rglob("*.pyc")}
    assert 3 == len(made)
    assert 0 == run(old, "--offline", "--compile", index=index).returncode
    assert made == {path.name: path.stat().st_ino for path in old.cache.rglob("*.pyc")}
    assert 3 == len(list(old.site_packages.glob("*/__pycache__/*.pyc")))


def test_file_that_is_damaged(old: Env, index: LocalIndex) -> None:
    """What was downloaded was checked: what is bad is told already, and not kept."""
    index.fail("/files/lib-2.0-*.whl", corrupt=True)
    before = tree(old.path)
    done = run(old, "--download-only", index=index)
    assert (4, before) == (done.returncode, tree(old.path)), done.stderr
    index.reset()
    assert {"app": "2.0", "lib": "1.0", "new": "1.0"} == (run(old, "--offline", index=index) and installed(old))


@pytest.mark.parametrize("flag", ["--check", "-n", "--offline", "--no-cache", "--test=true"])
def test_wrong_usage(old: Env, flag: str) -> None:
    """What would leave nothing to keep is refused."""
    done = run(old, "--download-only", flag)
    assert 2 == done.returncode
    assert "error: --download-only cannot be used with --" in done.stderr
    assert "hint: " in done.stderr
