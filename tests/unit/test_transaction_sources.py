"""Where versions came from: remembered from the commit on, whatever else happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pip_fastupdate.core.errors import TransactionError
from pip_fastupdate.transaction import Transaction
from pip_fastupdate.transaction.index_origins import REMEMBERED, IndexOrigins
from tests.unit.transactions import Dist, Env, dist, folder, snapshot

A = dist("a", {"a/x.py": "1"}, {"a/x.py": "2"})
URL = "https://index.invalid/simple"


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        made = Env(path / "env")
        made.install(A)
        yield made


def prepared(env: Env, found: Dist = A) -> Transaction:
    transaction = env.store.begin()
    transaction.prepare([replace(each, source=URL) for each in env.stage(transaction, found)])
    return transaction


def test_remembered_after_commit(env: Env) -> None:
    """By name and version, in a file that no later transaction and no undo removes."""
    with prepared(env) as transaction:
        transaction.swap()
        assert {} == env.store.sources()
        transaction.commit(1)
    assert {"a": {"2": URL}} == env.store.sources()
    assert {"sources.json", "1", "recover.py"} == {each.name for each in env.home.iterdir()}
    env.store.undo()
    env.store.undo()
    assert {"a": {"2": URL}} == env.store.sources()


def test_nothing_remembered_of_what_is_taken_back(env: Env) -> None:
    """No trace is left in the environment."""
    before = snapshot(env.prefix)
    with prepared(env) as transaction:
        transaction.swap()
        transaction.revert()
        assert not (env.home / "1" / "sources.json").exists()
        transaction.prepare([])
    assert before == snapshot(env.prefix)


def test_killed_before_commit(env: Env) -> None:
    """Recovery takes all of it back."""
    before = snapshot(env.prefix)
    prepared(env).swap()
    env.store.recover()
    assert (before, {}) == (snapshot(env.prefix), env.store.sources())


def test_killed_right_after_commit(env: Env) -> None:
    """Recovery makes up for what was not done any more."""
    prepared(env).swap()
    env.workspace().become("committed")
    assert {} == env.store.sources()
    env.store.recover()
    assert {"a": {"2": URL}} == env.store.sources()
    assert env.store.recover() is None


@pytest.mark.parametrize("killed", [False, True])
def test_keeping_nothing(env: Env, killed: bool) -> None:
    """Without any history there are no sources either."""
    with prepared(env) as transaction:
        transaction.swap()
        if killed:
            env.workspace().become("forgotten")
        transaction.commit(0)
    assert env.home.exists() is False


def test_keeping_no_files_later(env: Env) -> None:
    """Sources that are known already are kept up."""
    env.home.mkdir()
    (env.home / "sources.json").write_bytes(IndexOrigins(str(env.home)).with_further({("b", "1"): URL}))
    with prepared(env) as transaction:
        transaction.swap()
        transaction.commit(0)
    assert {"b": {"1": URL}, "a": {"2": URL}} == env.store.sources()
    assert ["sources.json"] == [each.name for each in env.home.iterdir()]


def test_only_the_last_versions(env: Env) -> None:
    """What is installed again is among them."""
    env.home.mkdir()
    sources = IndexOrigins(str(env.home))
    for version in ["1", "2", "3", "4", "5", "2", "6"]:
        (env.home / "sources.json").write_bytes(sources.with_further({("a", version): f"{URL}/{version}"}))
    assert ["3", "4", "5", "2", "6"] == list(sources.read()["a"])
    assert REMEMBERED == len(sources.read()["a"])


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"schema": 2, "sources": {}}', '{"schema": 1, "sources": {"a": 1}}', "\0"]
)
def test_unreadable(env: Env, text: str) -> None:
    """Said in one sentence; nothing is trusted by accident."""
    env.home.mkdir()
    (env.home / "sources.json").write_text(text)
    with pytest.raises(TransactionError, match=r"^could not read .*sources\.json: .*[^.]$"):
        env.store.sources()


def test_format(env: Env) -> None:
    """A document with a schema, which other programs may read."""
    content = IndexOrigins(str(env.home)).with_further({("a", "1"): URL})
    assert {"schema": 1, "sources": {"a": {"1": URL}}, "beside": {}} == json.loads(content)
