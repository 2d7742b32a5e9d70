"""Files that other programs have open while they are to be replaced, as on Windows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import FileInUse, TransactionError
from pip_fastupdate.transaction.filesystem import transaction_error
from tests.support.platforms import Scanner, Windows
from tests.support.platforms.windows import refused
from tests.unit.transactions import SITE, Dist, Env, dist, folder, live, snapshot, write

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not known here")


def some(count: int) -> list[Dist]:
    return [
        dist(
            f"p{n}",
            {f"p{n}/{m}.py": "1" for m in "abcdefgh"} | {f"/bin/p{n}": "1"},
            {f"p{n}/{m}.py": "2" for m in "abcdefghi"} | {f"/bin/p{n}": "2"},
        )
        for n in range(count)
    ]


@contextmanager
def environment(*dists: Dist, **options: object) -> Iterator[tuple[Env, Windows]]:
    """With these installed, and Windows' rules."""
    with folder() as path:
        env = Env(path / "env")
        env.install(*dists)
        rules = Windows(path, **options)
        with rules.on():
            yield env, rules


@pytest.mark.parametrize("seed", range(12))
def test_scanner(seed: int) -> None:
    """A virus scanner that looks at some of the files for 0.3 s fails no update, and leaves no trace."""
    dists = some(8)
    with environment(*dists, scanner=Scanner(0.03, 0.3, seed)) as (env, rules):
        for each in (1, 2):
            env.update(*dists)
            assert {"2"} == {(env.site / f"p{n}/a.py").read_text() for n in range(8)}
            assert (None, None) == (env.store.pending(), env.store.recover())
            env.store.undo()
            assert {"1"} == {(env.site / f"p{n}/a.py").read_text() for n in range(8)}
            assert (None, each) == (env.store.recover(), each)
    assert rules.clock.now < 60


def test_scanner_that_looks_at_everything() -> None:
    """Whatever is new is held for a moment: it takes longer, and that is all."""
    dists = some(3)
    with environment(*dists, scanner=Scanner(1, 0.3)) as (env, rules):
        before = live(env.prefix)
        env.update(*dists)
        env.store.undo()
        assert before == live(env.prefix)
        assert env.store.recover() is None
    assert 0 < rules.clock.now


def test_busy_package_is_named_and_the_others_go_on() -> None:
    """Nothing has moved when it is found out, and what is staged can be swapped in without it."""
    dists = some(3)
    with environment(*dists) as (env, _), (env.site / "p1" / "c.py").open():
        before = live(env.prefix)
        with env.store.begin() as transaction:
            staged = env.stage(transaction, *dists)
            transaction.prepare(staged)
            with pytest.raises(FileInUse) as caught:
                transaction.swap()
            assert (("p1",), before) == (caught.value.names, live(env.prefix))
            transaction.prepare([each for each in staged if each.name != "p1"])
            transaction.swap()
            transaction.commit(1)
        assert ["2", "1", "2"] == [(env.site / f"p{n}/a.py").read_text() for n in range(3)]
        assert env.store.recover() is None


def test_opened_in_the_middle() -> None:
    """What comes to be open while all is swapped, and stays so, has everything taken back, and is named as well."""
    dists = some(3)
    with environment(*dists) as (env, rules):
        before = live(env.prefix)
        with env.store.begin() as transaction:
            staged = env.stage(transaction, *dists)
            transaction.prepare(staged)
            held = staged[2].staged
            with next(held.rglob("a.py")).open(), pytest.raises(FileInUse) as caught:
                transaction.swap()
            assert (("p2",), before) == (caught.value.names, live(env.prefix))
            transaction.prepare(staged)
            transaction.swap()
            transaction.commit(1)
        assert env.store.recover() is None
        assert 10 <= rules.clock.now < 90


def test_working_folder_in_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of this very run does not keep the package where it is."""
    a = dist("a", {"a/sub/x.py": "1"}, {"a/sub/x.py": "2"})
    with environment(a) as (env, _):
        monkeypatch.chdir(env.site / "a" / "sub")
        env.update(a)
        assert "2" == (env.site / "a/sub/x.py").read_text()
        monkeypatch.undo()


def test_read_only_files_do_not_stay() -> None:
    """What is replaced and read-only, a folder too, is gone once it is no longer kept."""
    a = dist("a", {"a/x.py": "1", "a/sub/y.py": "1"}, {"a/x.py": "2"})
    with environment(a) as (env, _):
        (env.site / "a/x.py").chmod(0o444)
        (env.site / "a/sub").chmod(0o555)
        env.update(a, keep=0)
        assert [] == [each for each in snapshot(env.prefix) if each.startswith(".pip-fastupdate/")]


def test_what_stays_open_after_the_commit() -> None:
    """It is removed by a later run; no run calls that an interrupted update."""
    a = dist("a", {"a/x.py": "1"}, {"a/x.py": "2"})
    with environment(a) as (env, rules):
        with env.store.begin() as transaction:
            transaction.prepare(env.stage(transaction, a))
            transaction.swap()
            write(transaction.staging, {"left": b""})
            with (transaction.staging / "left").open():
                transaction.commit(1)
                assert (None, None) == (env.store.pending(), env.store.recover())
                started = rules.clock.now
                assert env.store.recover() is None
                assert started == rules.clock.now
        assert env.store.recover() is None
        assert ["journal.committed", "old", "steps"] == sorted(each.name for each in (env.home / "1").iterdir())


def test_library_in_use() -> None:
    """A loaded library is moved away, and removed when nobody uses it any more."""
    a = dist("a", {"a/x.pyd": "1"}, {"a/x.pyd": "2"})
    with environment(a) as (env, rules):
        found = (env.site / "a/x.pyd").stat()
        rules.loaded.add((found.st_dev, found.st_ino))
        env.update(a, keep=0)
        assert "2" == (env.site / "a/x.pyd").read_text()
        assert env.store.recover() is None
        rules.loaded.clear()
        assert env.store.recover() is None
        assert SITE in snapshot(env.prefix)
        assert not (env.home / "1" / "old").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, "another program uses it, or permission denied"),
        (32, "another program uses it"),
        (19, "the disk is write-protected"),
    ],
)
def test_words(code: int, words: str) -> None:
    """What is in use is told apart from what is not allowed, as far as Windows does."""
    error = refused(code, "C:\\x") if code != 19 else PermissionError(13, "", "C:\\x")
    error.winerror = code
    found = transaction_error("It failed", error)
    assert (TransactionError, f"It failed: {words} (C:\\x)") == (type(found), found.message)
