"""What the program itself wrote down, recovery obeys; what it would not obey, no swap begins with."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pip_fastupdate.core.errors import FileConflict, TransactionError
from pip_fastupdate.transaction import Replacement
from pip_fastupdate.transaction.transaction import Transaction
from tests.unit.transactions import Dist, Env, dist, folder, live, write

SHARE = dist("a", {"a/x.py": "1"}, {"a/x.py": "2", "/share/a/data": "2"})
BASES = pytest.mark.parametrize("whole", [True, False], ids=["file system", "environment"])
"""What the staged files mirror."""


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        yield Env(path / "env")


def prepare(env: Env, each: Dist, *, whole: bool) -> Transaction:
    """Stage the new version, and write everything down."""
    transaction = env.store.begin()
    if whole:
        transaction.prepare(env.stage(transaction, each))
        return transaction
    root = transaction.staging / "0"
    write(root, each.new)
    old = tuple(str(env.prefix / path) for path in each.old)
    transaction.prepare(
        [Replacement(name="a", before="1", after="2", old_files=old, staged=root, base=str(env.prefix))]
    )
    return transaction


def killed(env: Env, each: Dist, *, whole: bool = True) -> None:
    """Swap, and be killed just before the commit."""
    prepare(env, each, whole=whole).swap()
    assert (env.site / "a/x.py").read_bytes() == b"2"


def comes_back(env: Env, each: Dist, before: object) -> None:
    """A killed update is rolled back, and one that is not killed is undone."""
    env.store.recover()
    assert before == live(env.prefix)
    env.update(each)
    env.store.undo()
    assert before == live(env.prefix)


@BASES
@pytest.mark.parametrize("name", ["bin/activate", "bin/python3", "scripts/pyvenv.cfg"])
def test_programs_of_a_package(env: Env, name: str, whole: bool) -> None:
    """A package may have a ``bin`` of its own, and another file in it that keeps it from moving as a whole."""
    each = dist("a", {"a/x.py": "1", f"a/{name}": "1"}, {"a/x.py": "2", f"a/{name}": "2"})
    env.install(each)
    (env.site / "a" / name).with_name("mine").touch()
    before = live(env.prefix)
    killed(env, each, whole=whole)
    comes_back(env, each, before)


@BASES
def test_link_at_the_top(env: Env, whole: bool) -> None:
    """As Debian's ``/usr/local/man``: files come in where it leads to."""
    each = dist("a", {"a/x.py": "1"}, {"a/x.py": "2", "/man/man1/a.1": "2"})
    env.install(each)
    (env.prefix / "share/man/man1").mkdir(parents=True)
    (env.prefix / "man").symlink_to("share/man")
    before = live(env.prefix)
    killed(env, each, whole=whole)
    assert (env.prefix / "share/man/man1/a.1").read_bytes() == b"2"
    comes_back(env, each, before)


@BASES
def test_link_out_of_the_environment(env: Env, whole: bool) -> None:
    """Recovery never follows it, so nothing comes in through it; other packages are updated."""
    env.install(SHARE)
    (env.prefix.parent / "elsewhere").mkdir()
    (env.prefix / "share").symlink_to("../elsewhere")
    before = live(env.prefix)
    with pytest.raises(FileConflict, match=r"could not install a: .*/elsewhere/a is outside the environment") as caught:
        prepare(env, SHARE, whole=whole)
    assert caught.value.names == ("a",)
    env.store.recover()
    assert before == live(env.prefix)


def test_file_at_the_top_of_a_moved_environment(env: Env) -> None:
    """Such as a LICENSE: its directory is the environment's own, whose path is another in a container."""
    each = dist("a", {"a/x.py": "1", "/LICENSE": "1"}, {"a/x.py": "2", "/LICENSE": "2"})
    env.install(each)
    before = live(env.prefix)
    killed(env, each)
    moved = Env(env.prefix.rename(env.prefix.with_name("moved")))
    moved.store.recover()
    assert before == live(moved.prefix)


@BASES
@pytest.mark.parametrize("end", ["undo", "recover"])
def test_others_use_a_new_directory_at_the_top(env: Env, end: str, whole: bool) -> None:
    """What other programs have put there since stays, and what the update had put there goes."""
    env.install(SHARE)
    before = live(env.prefix)
    if end == "undo":
        env.update(SHARE)
    else:
        killed(env, SHARE, whole=whole)
    write(env.prefix, {"share/b/data": b"b"})
    assert getattr(env.store, end)()
    after = live(env.prefix)
    assert b"b" == (env.prefix / "share/b/data").read_bytes()
    assert after.keys() - before.keys() == {"share", "share/b", "share/b/data"}


def moved_whole(env: Env, number: str) -> None:
    """Make the journal one of an earlier version: ``share`` came in as a whole."""
    steps = env.home / number / "steps"
    document = json.loads(steps.read_text())
    *rest, made, last = document["operations"]
    assert (["mkdir", "share"], "in", "share/a") == (made[:2], last[0], last[2])
    staged = last[1].removesuffix("/a")
    document["operations"] = [*rest, ["in", staged, "share"]]
    steps.write_text(json.dumps(document))
    if (env.prefix / staged).exists():
        (env.prefix / staged).rmdir()


@pytest.mark.parametrize("end", ["undo", "recover"])
def test_journal_of_an_earlier_version(env: Env, end: str) -> None:
    """It moved ``share`` as a whole: once others use that, the user is asked to move theirs, and that helps."""
    env.install(SHARE)
    before = live(env.prefix)
    if end == "undo":
        env.update(SHARE)
    else:
        killed(env, SHARE)
    moved_whole(env, "1")
    write(env.prefix, {"share/b": b"b"})
    after = live(env.prefix)
    with pytest.raises(TransactionError, match="share also contains b of other programs") as caught:
        getattr(env.store, end)()
    assert f"move that out of {env.prefix / 'share'}, repeat the command, and move it back" == caught.value.hint
    assert after == live(env.prefix)
    (env.prefix / "share/b").unlink()
    assert getattr(env.store, end)()
    assert before == live(env.prefix)


def test_journal_of_an_earlier_version_does_not_stop_updates(env: Env) -> None:
    """Of an update that was complete: only undoing it takes more."""
    env.install(SHARE)
    env.update(SHARE)
    moved_whole(env, "1")
    write(env.prefix, {"share/b": b"b"})
    env.store.recover()
    old = {"a/x.py": "2", "/share/a/data": "2"}
    env.update(dist("a", old, {**old, "a/x.py": "3"}, before="2", after="3"))
    assert b"3" == (env.site / "a/x.py").read_bytes()
