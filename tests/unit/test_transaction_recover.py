"""What recovery does with what a run that was cut short has left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pip_fastupdate.core.errors import TransactionError
from pip_fastupdate.transaction.filesystem import remove
from pip_fastupdate.transaction.moves.steps import Mkdir, Rmdir, decoded, set_aside
from tests.unit.transactions import Env, dist, folder, live, snapshot, write

A = dist("a", {"a/x.py": "1", "a/sub/y.py": "1"}, {"a/x.py": "2", "a/sub/y.py": "2"})
N = [dist(name, {f"ns/{name}/x.py": "1"}, {f"ns/{name}/x.py": "2"}) for name in "mn"]
TAKEN_BACK = r"^rolled back an interrupted update of 1 package \(.*Z\); the environment is as it was before$"
COMPLETE = "an interrupted update was already complete; the environment has the new versions"


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        made = Env(path / "env")
        made.install(A, *N)
        yield made


@pytest.mark.parametrize("state", ["begun", "preparing", "prepared"])
def test_nothing_had_been_changed(env: Env, state: str) -> None:
    """Staged files are removed, in one line."""
    before = snapshot(env.prefix)
    transaction = env.store.begin()
    replacements = env.stage(transaction, A)
    if state != "begun":
        transaction.prepare(replacements)
        env.workspace().become(state)
    assert env.store.pending() == "an interrupted update had changed nothing; its leftover files must be removed"
    assert env.store.recover() == "an interrupted update had changed nothing; removed its leftover files"
    assert snapshot(env.prefix) == before
    assert env.store.recover() is None


def test_begun_before_staging(env: Env) -> None:
    """An empty folder is removed without a word."""
    (env.home / "1").mkdir(parents=True)
    assert (env.store.pending(), env.store.recover()) == (None, None)
    assert not env.home.exists()


@pytest.mark.parametrize("steps", range(5))
def test_taken_back_from_any_step(env: Env, steps: int) -> None:
    """And told before by a dry run, which changes nothing."""
    before = snapshot(env.prefix)
    env.half(A, steps=steps)
    half = snapshot(env.prefix)
    assert env.store.pending().endswith("Z) must be rolled back")
    assert snapshot(env.prefix) == half
    assert env.store.recover() is not None
    assert snapshot(env.prefix) == before
    assert (env.store.recover(), env.store.pending()) == (None, None)


def test_words_of_a_recovery(env: Env) -> None:
    """How many, when, and which state the environment is in."""
    env.half(A)
    assert re.match(TAKEN_BACK, env.store.recover())
    env.half(A, *N)
    assert "of 3 packages (" in env.store.recover()


def test_swapped_is_taken_back(env: Env) -> None:
    """Complete but not yet checked is not good enough."""
    before = snapshot(env.prefix)
    env.half(A, steps=4).become("swapped")
    env.store.recover()
    assert snapshot(env.prefix) == before


def test_moved_environment_is_recovered(env: Env) -> None:
    """In the journal, paths are relative to the prefix."""
    before = snapshot(env.prefix)
    env.half(A)
    moved = Env(env.prefix.rename(env.prefix.with_name("moved")))
    assert moved.store.recover() is not None
    assert (snapshot(moved.prefix), env.prefix.exists()) == (before, False)


def test_reverted_but_not_cleared(env: Env) -> None:
    """The rest of a rollback."""
    before = snapshot(env.prefix)
    workspace = env.half(A)
    workspace.take_back()
    assert env.store.pending() == "an interrupted update was already rolled back; its leftover files must be removed"
    assert env.store.recover() == "an interrupted update was already rolled back; the environment is as it was before"
    assert snapshot(env.prefix) == before


@pytest.mark.parametrize("state", ["committed", "spent", "forgotten"])
def test_committed_but_not_cleared(env: Env, state: str) -> None:
    """The new state stays; what the state needs is kept, no more."""
    env.half(A, steps=4).become(state)
    after = live(env.prefix)
    assert env.store.pending() == "an interrupted update was already complete; its leftover files must be removed"
    assert env.store.recover() == COMPLETE
    assert live(env.prefix) == after
    left = {"committed": ["journal.committed", "old", "steps"], "spent": ["journal.spent"]}.get(state, [])
    assert sorted(each.name for each in env.home.glob("1/*")) == left
    assert env.home.exists() == (state != "forgotten")


def test_undo_committed_but_not_cleared(env: Env) -> None:
    """What was undone is marked as such by recovery."""
    env.update(A)
    env.store.undo()
    (env.home / "1/journal.spent").rename(env.home / "1/journal.committed")
    (env.home / "2/new").mkdir()
    assert env.store.history()[1].why_not == "undone by 2"
    assert env.store.recover() == COMPLETE
    assert [each.name for each in (env.home / "1").iterdir()] == ["journal.spent"]


def test_interrupted_undo(env: Env) -> None:
    """Is taken back, and can be done again."""
    env.update(A)
    before = snapshot(env.prefix)
    seen = []

    def kill() -> None:
        seen.append(snapshot(env.prefix))
        raise SystemExit

    with pytest.raises(SystemExit):
        env.store.undo(check=kill)
    assert snapshot(env.prefix) == before
    assert seen[0] != before


def test_others_in_the_way_are_set_aside(env: Env) -> None:
    """Somebody repaired by hand what was missing: the old files come back, the others' are kept and named."""
    before = live(env.prefix)
    env.half(A)
    write(env.site, {"a/x.py": b"theirs", "a/sub/__pycache__/y.cpython-311.pyc": b"", "a/z.py": b"more"})
    line = env.store.recover()
    assert line.endswith(f"; conflicting files were moved to {env.home / '1/aside'}")
    assert [each.read_text() for each in (env.home / "1/aside").iterdir()] == ["theirs"]
    found = live(env.prefix)
    assert found["lib/python3.11/site-packages/a/z.py"][2] == b"more"
    assert before.items() <= found.items()
    assert (env.store.recover(), env.store.pending(), env.store.history()) == (None, None, ())
    env.update(A)
    assert (env.home / "1/aside/x.py").exists()


def test_others_in_a_new_folder_are_set_aside(env: Env) -> None:
    """What was put into a folder that came with the update is not removed with it; bytecode is."""
    before = live(env.prefix)
    env.half(A, steps=4)
    write(env.site, {"a/sub/mine.txt": b"mine", "a/__pycache__/x.cpython-311.pyc": b""})
    env.store.recover()
    assert [each.name for each in (env.home / "1/aside").iterdir()] == ["mine.txt"]
    assert live(env.prefix) == before


def test_others_in_a_folder_made_for_several(env: Env) -> None:
    """A file keeps the folder, and the old one is merged with it."""
    before = live(env.prefix)
    env.half(*N, steps=6)
    write(env.site, {"ns/mine.txt": b"mine"})
    env.store.recover()
    assert live(env.prefix) == {**before, "lib/python3.11/site-packages/ns/mine.txt": ("file", 0o644, b"mine")}


def test_a_link_in_the_way(env: Env) -> None:
    """Is set aside as a link."""
    before = live(env.prefix)
    env.half(A)
    (env.site / "a").symlink_to("nowhere")
    env.store.recover()
    assert live(env.prefix) == before


def test_folders_that_somebody_removed(env: Env) -> None:
    """Are made again where old files return to."""
    c = dist("c", {"/share/doc/c.txt": "1", "/share/doc/sub/d.txt": "1"}, {})
    write(env.prefix, {**c.old, "share/doc/other.txt": b""})
    before = live(env.prefix)
    env.half(c)
    (env.prefix / "share/doc/other.txt").unlink()
    (env.prefix / "share/doc").rmdir()
    env.store.recover()
    assert {**live(env.prefix), "share/doc/other.txt": ("file", 0o644, b"")} == before


def test_staging_that_somebody_removed(env: Env) -> None:
    """The new files then have nowhere to go but where they came from."""
    before = snapshot(env.prefix)
    workspace = env.half(A, steps=4)
    workspace.become("swapped")
    remove(workspace.new)
    env.store.recover()
    assert live(env.prefix) == before


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"operations": [["what", "a", "b"]]}', '{"operations": [1]}'])
def test_steps_that_cannot_be_read(env: Env, content: str) -> None:
    """Nothing is done by guess."""
    workspace = env.half(A)
    (env.home / "1/steps").write_text(content)
    half = snapshot(env.prefix)
    with pytest.raises(TransactionError) as caught:
        env.store.recover()
    assert caught.value.message.startswith(f"could not read the journal in {workspace.path}: ")
    assert snapshot(env.prefix) == half


def test_journal_that_cannot_be_read(env: Env) -> None:
    """Is not needed as long as the steps are known."""
    before = snapshot(env.prefix)
    workspace = env.half(A)
    (env.home / f"1/journal.{workspace.state()}").write_text("")
    assert env.store.recover() == "rolled back an interrupted update; the environment is as it was before"
    assert snapshot(env.prefix) == before


def test_files_left_by_windows(env: Env) -> None:
    """What could not be removed is removed later, without a word."""
    env.update(A, keep=1)
    env.update(dist("a", {"a/x.py": "2", "a/sub/y.py": "2"}, {"a.py": "3"}, before="2", after="3"))
    write(env.home, {"1/old/in_use.exe": b""})
    assert env.store.recover() is None
    assert [each.name for each in (env.home / "1").iterdir()] == ["journal.spent"]


def test_set_aside_finds_a_free_name(env: Env) -> None:
    """Nothing that was set aside before is overwritten."""
    aside = env.prefix / "aside"
    for number in range(3):
        write(env.prefix, {"x.txt": str(number).encode()})
        set_aside(str(env.prefix / "x.txt"), str(aside))
    assert {each.name: each.read_text() for each in aside.iterdir()} == {"x.txt": "0", "x.txt.1": "1", "x.txt.2": "2"}


def test_folders_made_and_removed(env: Env) -> None:
    """Their steps can be undone whatever has become of them; other errors are not swallowed."""
    path = str(env.prefix / "folder")
    made, removed = Mkdir(live=path, mode=0o750), Rmdir(live=path, mode=0o705)
    made.undo("")
    removed.undo("")
    removed.undo("")
    assert (env.prefix / "folder").stat().st_mode & 0o777 == 0o705
    made.undo("")
    assert not (env.prefix / "folder").exists()
    with pytest.raises(OSError, match="too long"):
        Mkdir(live=path + "x" * 300, mode=0o755).undo("")
    (env.prefix / "folder").write_text("")
    removed.undo("")
    for each in (made, removed):
        assert decoded(each.encoded(str), str) == each
