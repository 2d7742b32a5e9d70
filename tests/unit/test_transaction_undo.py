"""History, undo, redo, and how much is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pip_fastupdate.core.errors import FileConflict, TransactionError
from pip_fastupdate.transaction import Transactions
from pip_fastupdate.transaction.home import REMEMBERED, Home
from tests.faults.synthetic import infos
from tests.unit.transactions import Env, dist, folder, live, snapshot, write

A = dist("a", {"a/x.py": "1"}, {"a/x.py": "2"})
A3 = dist("a", {"a/x.py": "2"}, {"a/x.py": "3"}, before="2", after="3")
A4 = dist("a", {"a/x.py": "3"}, {"a/x.py": "4"}, before="3", after="4")
B = dist("b", None, {"b/y.py": "2", "/share/new/deep/z": "z"})
REMOVED = "its files were removed by a later update (--keep N)"


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        made = Env(path / "env")
        made.install(A)
        yield made


def listed(env: Env) -> list[tuple[str, str, str | None]]:
    return [(entry.id, entry.kind, entry.why_not) for entry in env.store.history()]


def test_no_history_without_home(env: Env) -> None:
    """Nothing is there, nothing is made."""
    assert (env.store.history(), env.store.recover(), env.store.pending()) == ((), None, None)
    assert not env.home.exists()


def test_entry_tells_what_changed(env: Env) -> None:
    """Names, versions before and after, when, and that it can be undone."""
    env.update(A, B)
    (entry,) = env.store.history()
    assert entry.changes == (("a", "1", "2"), ("b", None, "2"))
    assert (entry.id, entry.kind, entry.undoable, entry.why_not) == ("1", "update", True, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.when)


def test_undo_and_redo(env: Env) -> None:
    """Byte for byte, edits on both sides included, with what the update had made anew gone again."""
    (env.site / "a/x.py").write_text("edited before")
    before = live(env.prefix)
    env.update(A, B)
    (env.site / "a/x.py").write_text("edited after")
    after = live(env.prefix)
    entry = env.store.undo()
    assert (entry.id, entry.kind, entry.undoable) == ("2", "undo", True)
    assert entry.changes == (("a", "2", "1"), ("b", "2", None))
    assert live(env.prefix) == before
    redone = env.store.undo()
    assert redone.changes == (("a", "1", "2"), ("b", None, "2"))
    assert live(env.prefix) == after
    assert listed(env) == [("3", "undo", None), ("2", "undo", "undone by 3"), ("1", "update", "undone by 2")]
    assert not (env.home / "1/old").exists()


def test_undo_leaves_what_others_put_beside(env: Env) -> None:
    """A file in a new folder is nobody's to remove."""
    env.update(A, B)
    write(env.site, {"b/mine.txt": b"mine", "b/__pycache__/y.cpython-311.pyc": b""})
    env.store.undo()
    assert [each.name for each in (env.site / "b").rglob("*")] == ["mine.txt"]


def test_undo_by_id(env: Env) -> None:
    """Any whose files are there, as long as the environment is as it had left it."""
    env.update(A, keep=2)
    env.update(A3, keep=2)
    with pytest.raises(TransactionError) as caught:
        env.store.undo("1")
    assert caught.value.message == "cannot undo transaction 1: the environment has changed since (a is 3, was 2)"
    env.store.undo()
    env.store.undo("1")
    assert (env.site / "a/x.py").read_text() == "1"


def test_nothing_to_undo(env: Env) -> None:
    """Neither in an environment without history nor by an unknown id."""
    with pytest.raises(TransactionError, match=r"^nothing to undo$"):
        env.store.undo()
    env.update(A)
    with pytest.raises(TransactionError, match=r"^no transaction 7 in this environment's history$"):
        env.store.undo("7")


def test_undone_only_once(env: Env) -> None:
    """The second time by its id is refused, with the reason."""
    env.update(A)
    env.store.undo("1")
    with pytest.raises(TransactionError, match=r"^cannot undo transaction 1: undone by 2$"):
        env.store.undo("1")


def install_by_hand(env: Env, name: str, version: str) -> None:
    write(env.prefix, infos(name, version))


@pytest.mark.parametrize("case", ["upgraded", "removed", "anew", "another upgraded", "the added one gone"])
def test_undo_refuses_a_changed_environment(env: Env, case: str) -> None:
    """With the list of what differs; nothing is changed."""
    install_by_hand(env, "other", "1")
    env.update(A, B)
    if case == "upgraded":
        (env.site / "a-2.dist-info").rename(env.site / "a-9.dist-info")
        words = "a is 9, was 2"
    elif case == "removed":
        (env.site / "a-2.dist-info").rename(env.site / "trash")
        words = "a is not installed, was 2"
    elif case == "anew":
        (env.site / "a-2.dist-info/RECORD").write_text("another")
        (env.site / "b-2.dist-info/METADATA").unlink()
        words = "a 2 was reinstalled by another program; b 2 was reinstalled by another program"
    elif case == "another upgraded":
        (env.site / "other-1.dist-info").rename(env.site / "other-2.dist-info")
        words = "other is 2, was 1"
    else:
        env.store.undo()
        install_by_hand(env, "b", "5")
        words = "b is 5, was not installed"
    before = snapshot(env.prefix)
    with pytest.raises(TransactionError) as caught:
        env.store.undo()
    assert caught.value.message.endswith(f"({words})")
    assert snapshot(env.prefix) == before


def test_undo_allows_what_was_added(env: Env) -> None:
    """Something installed since, which the update knew nothing of, stays."""
    env.update(A)
    install_by_hand(env, "other", "1")
    env.store.undo()
    assert (env.site / "other-1.dist-info").is_dir()


def test_undo_onto_a_file_of_others(env: Env) -> None:
    """Is a conflict, and changes nothing."""
    c = dist("c", {"c.py": "1"}, {})
    write(env.prefix, c.old)
    env.update(c)
    (env.site / "c.py").write_text("mine")
    before = snapshot(env.prefix)
    with pytest.raises(FileConflict) as caught:
        env.store.undo()
    path = env.site / "c.py"
    assert caught.value.message.startswith(f"undoing 1 would overwrite {path}, ")
    assert snapshot(env.prefix) == before


def test_undo_leaves_shared_files(env: Env) -> None:
    """What a distribution installed since lists too stays for it."""
    env.update(B)
    env.store.undo(kept_files={str(env.site / "b/y.py"): "other"})
    assert (env.site / "b/y.py").read_text() == "2"


def test_undo_with_a_check(env: Env) -> None:
    """What the check raises takes the undo back; then it can be tried again."""
    env.update(A)
    before = snapshot(env.prefix)

    def check() -> None:
        assert (env.site / "a/x.py").read_text() == "1"
        raise TransactionError("worse")

    with pytest.raises(TransactionError, match="worse"):
        env.store.undo(check=check)
    assert snapshot(env.prefix) == before
    env.store.undo(check=lambda: None)


def test_undo_makes_no_empty_folders_vanish(env: Env) -> None:
    """Folders that were there before stay even if nothing is left in them."""
    (env.site / "b").mkdir()
    before = live(env.prefix)
    env.update(B)
    env.store.undo()
    assert live(env.prefix) == before


def test_keep_one(env: Env) -> None:
    """A later update removes the files of the one before, which stays in the list."""
    env.update(A)
    env.update(A3)
    assert listed(env) == [("2", "update", None), ("1", "update", REMOVED)]
    assert [each.name for each in (env.home / "1").iterdir()] == ["journal.spent"]
    with pytest.raises(TransactionError, match=r"cannot undo transaction 1: its files were removed by a later update"):
        env.store.undo("1")


def test_keep_several(env: Env) -> None:
    """As many as are wished."""
    for each in (A, A3, A4):
        env.update(each, keep=2)
    assert [entry.undoable for entry in env.store.history()] == [True, True, False]


def test_keep_nothing(env: Env) -> None:
    """From the start: no trace at all. Later: a line for what was, files of none."""
    env.update(A, keep=0)
    assert not env.home.exists()
    env.update(A3, keep=1)
    env.update(A4, keep=0)
    assert listed(env) == [("2", "update", REMOVED), ("1", "update", REMOVED)]


def test_only_so_many_are_remembered(env: Env) -> None:
    """The list does not grow without end."""
    env.update(A)
    for number in range(2, REMEMBERED + 2):
        (env.home / str(number)).mkdir()
        (env.home / str(number) / "journal.spent").write_bytes((env.home / "1/journal.committed").read_bytes())
    env.update(A3)
    assert (len(env.store.history()), (env.home / "2").exists()) == (REMEMBERED, False)


def test_ids_count_on(env: Env) -> None:
    """Other things in home are left alone."""
    env.update(A)
    for name in ("notes", "007", "-3", "²"):
        (env.home / name).mkdir()
    assert env.update(A3).id == "2"
    assert {"notes", "007", "-3", "²"} < {each.name for each in env.home.iterdir()}


def test_home_beside_a_link(env: Env, tmp_path: Path) -> None:
    """The prefix may be reached through a link; the journal does not depend on its name."""
    (tmp_path / "alias").symlink_to(env.prefix)
    store = Transactions(tmp_path / "alias" / env.home.name, tmp_path / "alias", flush=lambda folders: None)
    with store.begin() as transaction:
        transaction.prepare(env.stage(transaction, A))
        transaction.swap()
        transaction.commit(1)
    env.store.undo()
    assert (env.site / "a/x.py").read_text() == "1"


def test_moved_environment_is_not_undone(env: Env) -> None:
    """The old files know where they were: of a copy they would go into the original."""
    env.update(A)
    moved = Env(env.prefix.rename(env.prefix.with_name("moved")))
    before = snapshot(moved.prefix)
    with pytest.raises(TransactionError) as caught:
        moved.store.undo()
    assert caught.value.message == f"cannot undo transaction 1: the environment has been moved from {env.prefix}"
    assert (snapshot(moved.prefix), env.prefix.exists()) == (before, False)


def test_history_that_cannot_be_read(env: Env) -> None:
    """Says which folder it is about."""
    env.update(A)
    (env.home / "1/journal.committed").write_text("{}")
    with pytest.raises(TransactionError, match=rf"^could not read the journal in {re.escape(str(env.home / '1'))}: "):
        env.store.history()


def test_settling_twice(env: Env) -> None:
    """Does no harm."""
    env.update(A)
    before = snapshot(env.prefix)
    home = Home(str(env.home), str(env.prefix))
    home.finish_commit(home.workspace("1"), keep=1)
    assert snapshot(env.prefix) == before
