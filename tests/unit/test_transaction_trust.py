"""What lies in the folder of the transactions is believed only as far as it can do no harm."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.core.errors import FileConflict, TransactionError
from pip_fastupdate.transaction import Transactions, filesystem
from tests.unit.transactions import HOME, SITE, Env, dist, folder, live, snapshot, write

A = dist("a", {"a/x.py": "1", "a/sub/y.py": "1"}, {"a/x.py": "2", "a/sub/y.py": "2"})
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
needs_modes = pytest.mark.skipif(os.name == "nt", reason="Windows has neither owners nor modes like these")
needs_root = pytest.mark.skipif(not ROOT, reason="only root can give files away")


@pytest.fixture
def env() -> Iterator[Env]:
    with folder() as path:
        made = Env(path / "env")
        made.install(A)
        write(path / "outside", {"file": b"somebody's"})
        yield made


def plant(env: Env, *steps: list[Any], state: str = "swapping", **further: Any) -> Path:
    """A transaction that the program has not written."""
    workspace = env.home / "77"
    for name in ("new", "old"):
        (workspace / name).mkdir(parents=True)
    header = {
        "schema": 1,
        "when": "2026-01-01T00:00:00Z",
        "kind": "update",
        "undoes": None,
        "changes": [["a", "0", "1"]],
    }
    (workspace / f"journal.{state}").write_text(json.dumps(header))
    prefix = os.path.realpath(env.prefix)
    layout = {"prefix": prefix, "operations": steps, "files": {}, "made": [], "digests": {}, "installed": {}, **further}
    (workspace / "steps").write_text(json.dumps(layout))
    return workspace


def kept(env: Env, path: str) -> str:
    """Where transaction 77 keeps what was at ``path``."""
    return f"{HOME}/77/old{os.path.realpath(env.prefix)}/{path}"


def staged(env: Env, path: str) -> str:
    return f"{HOME}/77/new/a{os.path.realpath(env.prefix)}/{path}"


def refused(env: Env, *actions: Callable[[Transactions], object]) -> str:
    """Every one of these ends with a sentence, and neither the environment nor what is around it has changed."""
    before, around = snapshot(env.prefix), snapshot(env.prefix.parent / "outside")
    for action in actions or (Transactions.recover,):
        with pytest.raises(TransactionError) as caught:
            action(env.store)
        assert caught.value.hint
    assert (snapshot(env.prefix), snapshot(env.prefix.parent / "outside")) == (before, around)
    return caught.value.message


OUTSIDE: dict[str, Callable[[Env], list[Any]]] = {
    "absolute": lambda env: ["out", f"{env.prefix.parent}/outside/file", kept(env, "x")],
    "dots": lambda env: ["out", "../outside/file", kept(env, "x")],
    "dots inside": lambda env: ["in", staged(env, "lib/../bin/x"), "lib/../bin/x"],
    "through a link": lambda env: ["in", staged(env, f"{SITE}/link/file"), f"{SITE}/link/file"],
    "kept outside": lambda env: ["out", f"{SITE}/b.py", f"{env.prefix.parent}/outside/file"],
    "kept at another place": lambda env: ["out", f"{SITE}/b.py", kept(env, f"{SITE}/c.py")],
    "kept in another transaction": lambda env: ["out", f"{SITE}/b.py", kept(env, f"{SITE}/b.py").replace("77", "78")],
    "staged outside": lambda env: ["in", f"{env.prefix.parent}/outside/file", f"{SITE}/file"],
    "staged in the environment": lambda env: ["in", f"{SITE}/gone/{SITE}/a/x.py", f"{SITE}/a/x.py"],
    "staged for another place": lambda env: ["in", staged(env, f"{SITE}/b.py"), f"{SITE}/a"],
    "interpreter": lambda env: ["in", staged(env, "bin/python"), "bin/python"],
    "interpreter kept": lambda env: ["out", "bin/python", kept(env, "bin/python")],
    "settings": lambda env: ["in", staged(env, "pyvenv.cfg"), "pyvenv.cfg"],
    "activation": lambda env: ["in", staged(env, "bin/activate"), "bin/activate"],
    "all scripts": lambda env: ["in", staged(env, "bin"), "bin"],
    "all packages": lambda env: ["in", staged(env, "lib"), "lib"],
    "the environment": lambda env: [
        "in",
        f"{HOME}/77/new/a{os.path.realpath(env.prefix)}",
        os.path.realpath(env.prefix),
    ],
    "our own folder": lambda env: ["in", staged(env, HOME), HOME],
    "our own, in other letters": lambda env: ["in", staged(env, HOME.upper()), HOME.upper()],
    "another transaction": lambda env: ["in", staged(env, f"{HOME}/5/x"), f"{HOME}/5/x"],
    "our own folder elsewhere": lambda env: ["in", staged(env, f"bin/{HOME}/5-a/x"), f"bin/{HOME}/5-a/x"],
    "staged in such a folder outside": lambda env: [
        "in",
        f"{env.prefix.parent}/{HOME}/1-a/old/prefix/{SITE}/file",
        f"{SITE}/file",
    ],
    "mode of a folder outside": lambda env: ["rmdir", "../outside", 0o777],
    "unknown step": lambda env: ["chmod", f"{SITE}/a", 0o777],
    "too many words": lambda env: ["out", f"{SITE}/b.py", kept(env, f"{SITE}/b.py"), "more"],
    "exchange": lambda env: [
        "exchange",
        staged(env, "bin/python"),
        "bin/python",
        kept(env, "bin/python"),
        ["", "a", "b"],
    ],
    "witness outside": lambda env: [
        *("exchange", staged(env, f"{SITE}/a"), f"{SITE}/a", kept(env, f"{SITE}/a")),
        ["../../../outside/file", "a", "b"],
    ],
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_steps_that_the_program_does_not_write(env: Env, what: str) -> None:
    """No recovery follows them, whatever else the journal says."""
    (env.site / "link").symlink_to(env.prefix.parent / "outside")
    (env.prefix / "pyvenv.cfg").write_text("home = /")
    (env.prefix / "bin/activate").write_text("")
    workspace = plant(env, OUTSIDE[what](env))
    write(workspace / "old" / os.path.realpath(env.prefix)[1:], {"x": b"evil", "bin/python": b"evil"})
    refused(env)


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "header",
    [
        DEEP,
        "9" * 5000,
        {"when": 5},
        {"kind": "\x1b[31m"},
        {"kind": ["update"]},
        {"undoes": ["76"]},
        {"undoes": "../../outside"},
        {"undoes": "9" * 200},
        {"changes": [[1, "1", "2"]]},
        {"changes": [["a", {}, "2"]]},
        {"changes": 5},
    ],
    ids=lambda header: str(header)[:30],
)
def test_journals_that_the_program_does_not_write(env: Env, header: str | dict[str, Any]) -> None:
    """Whatever stands in one, the history and an undo end with a sentence."""
    journal = plant(env, state="committed") / "journal.committed"
    journal.write_text(header if isinstance(header, str) else json.dumps(json.loads(journal.read_text()) | header))

    refused(env, Transactions.history, Transactions.undo)


@pytest.mark.parametrize("name", ["steps", "annexes", "files.json"])
@pytest.mark.parametrize("text", [DEEP, "5", '["\\u0000"]', '[["relative", "", ""]]', '[["/a\\u0000b", "", ""]]'])
def test_lists_that_the_program_does_not_write(env: Env, name: str, text: str) -> None:
    """So do recovery and an undo, whatever stands in the others."""
    (plant(env) / name).write_text(text)

    refused(env)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_pipes_and_devices_are_not_waited_for(env: Env, tmp_path: Path) -> None:
    """A project's file that is a pipe or has no end is left alone, and the memory of sources is refused."""
    os.mkfifo(tmp_path / "pipe")
    rows = [[str(tmp_path / "pipe"), "", "eA=="], ["/dev/zero", "", "eA=="]]
    (plant(env) / "files.json").write_text(json.dumps(rows))
    env.store.recover()

    env.home.mkdir(exist_ok=True)
    os.mkfifo(env.home / "sources.json")
    with pytest.raises(TransactionError, match=r"could not read.*regular file"):
        env.store.sources()


def test_numbers_beyond_all_counting(env: Env) -> None:
    """A folder whose name is a number that the program would not reach is none of its transactions."""
    (env.home / ("9" * 200)).mkdir(parents=True)

    assert env.update(dist("a", {"a/x.py": "1", "a/sub/y.py": "1"}, {"a/x.py": "2"})).id == "1"


def test_mode_of_a_folder_that_is_there(env: Env) -> None:
    """Is not changed: only a folder that the recovery makes gets one."""
    before = live(env.prefix)
    plant(env, ["rmdir", f"{SITE}/a", 0o777])
    env.store.recover()
    assert live(env.prefix) == before


def test_undo_of_what_was_not_moved_in(env: Env) -> None:
    """A list of new files is worth no more than the steps that brought them."""
    plant(env, state="committed", files={"bin": ["python"]})
    refused(env, Transactions.undo)


@pytest.mark.parametrize("what", ["home", "transaction", "journal", "steps", "new", "old", "aside"])
def test_links_are_not_followed(env: Env, what: str) -> None:
    """Neither for looking, nor for moving, nor for removing what is behind them."""
    outside = env.prefix.parent / "outside"
    workspace = plant(env, ["out", f"{SITE}/b.py", kept(env, f"{SITE}/b.py")])
    write(workspace / "old" / os.path.realpath(env.prefix)[1:], {f"{SITE}/b.py": b"old"})
    path = {
        "home": env.home,
        "transaction": workspace,
        "journal": workspace / "journal.swapping",
        **{name: workspace / name for name in ("steps", "new", "old", "aside")},
    }[what]
    if path.exists():
        path.rename(outside / "moved")
    else:
        (outside / "moved").mkdir()
        (outside / "moved/kept").touch()
    path.symlink_to(outside / "moved")
    assert "is a link" in refused(
        env, Transactions.recover, Transactions.pending, Transactions.undo, Transactions.begin
    )


@needs_modes
@pytest.mark.parametrize("what", ["", "1", "1/journal.swapping", "1/steps", "1/old"])
def test_what_others_can_write_to_is_not_believed(env: Env, what: str) -> None:
    """Unless they can write in the environment, too."""
    before = live(env.prefix)
    env.half(A)
    path = env.home / what
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(0o777)
    assert "a user who may not change this environment can write it" in refused(env)
    path.chmod(mode)
    env.store.recover()
    assert live(env.prefix) == before


@needs_modes
def test_a_group_that_shares_the_environment(env: Env) -> None:
    """May take back what another of it has begun."""
    before = live(env.prefix)
    env.half(A)
    env.prefix.chmod(0o775)
    for path in (env.home, env.home / "1"):
        path.chmod(0o775)
    env.store.recover()
    assert live(env.prefix) == before


@needs_root
@needs_modes
def test_a_group_that_directories_pass_on(env: Env) -> None:
    """What an update brings belongs to the group, as what pip installs: others of it can look, undo and update."""
    for path, _, _ in os.walk(env.prefix):
        os.chown(path, -1, 4321)
        Path(path).chmod(0o2775)
    env.update(A)
    found = (env.home, env.home / "1", env.home / "1/steps", env.site / "a", env.site / "a/x.py", env.site / "a/sub")
    assert {4321} == {each.stat().st_gid for each in found}
    assert (env.site / "a/sub").stat().st_mode & stat.S_ISGID
    os.chown(env.home / "1", 1234, -1)  # as if another of the group had made it
    assert ["1"] == [each.id for each in env.store.history()]


@needs_root
def test_folder_of_another_user(env: Env) -> None:
    """Is not believed, whatever its mode."""
    plant(env, ["out", f"{SITE}/b.py", kept(env, f"{SITE}/b.py")])
    os.chown(env.home, 4321, 4321)
    refused(env, Transactions.recover, Transactions.undo)


@needs_root
def test_root_does_no_more_than_the_owner_could(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment of somebody else, recovery and undo are done with the rights of that user."""
    before = live(env.prefix)
    env.half(A)
    env.prefix.parent.chmod(0o755)
    for path in (env.prefix, *env.prefix.rglob("*")):
        os.chown(path, 4321, 4321, follow_symlinks=False)
    users = set()
    sync_folder = filesystem.sync_folder

    def watched(path: str, **options: bool) -> None:
        users.add((os.geteuid(), os.getegid(), *os.getgroups()))
        sync_folder(path, **options)

    monkeypatch.setattr("pip_fastupdate.transaction.folder.sync_folder", watched)
    groups = os.getgroups()
    env.store.recover()
    assert live(env.prefix) == before
    assert users == {(4321, 4321, 4321)}
    assert (0, groups) == (os.geteuid(), os.getgroups())


@needs_root
def test_what_root_had_begun_for_another_user(env: Env) -> None:
    """Is taken back by root as root: the files are root's."""
    before = live(env.prefix)
    os.chown(env.prefix, 4321, 4321)
    env.half(A)
    env.store.recover()
    assert live(env.prefix) == before


def test_former_format(env: Env) -> None:
    """A journal of an earlier version, without seals, is recovered and undone under the same checks."""
    before = live(env.prefix)
    env.half(A)
    without_seals(env.home / "1/steps")
    env.store.recover()
    assert live(env.prefix) == before
    env.update(A)
    without_seals(env.home / "1/steps")
    env.store.undo()
    assert live(env.prefix) == before


def without_seals(path: Path) -> None:
    document = json.loads(path.read_text())
    assert document.pop("seals")
    path.write_text(json.dumps(document))


def in_old(env: Env, path: str) -> Path:
    return env.home / "1/old/prefix" / path


def test_undo_of_files_changed_meanwhile(env: Env) -> None:
    """What is in the directory of the transactions must be what was moved there."""
    env.update(A)
    in_old(env, f"{SITE}/a/x.py").write_text("evil")
    message = refused(env, Transactions.undo)
    assert f"its old files in {os.path.realpath(env.home)}/1/old have changed: " in message
    assert "a/x.py" in message


def test_undo_of_files_added_meanwhile(env: Env) -> None:
    """The same for a file that nobody has moved there."""
    env.update(A)
    in_old(env, f"{SITE}/a/evil.py").touch()
    refused(env, Transactions.undo)


def test_recovery_tells_of_files_changed_meanwhile(env: Env) -> None:
    """It gives back all that there is, for that is less harm than half an environment, and says which were changed."""
    env.half(A)
    in_old(env, f"{SITE}/a/x.py").write_text("changed")
    told = env.store.recover()
    assert told is not None
    assert "a/x.py" in told
    assert (env.site / "a/x.py").read_text() == "changed"


@pytest.mark.parametrize("path", [HOME, HOME.upper(), f"{HOME}/77", f"{HOME}/77/old", "alias/77"])
def test_no_distribution_brings_files_of_ours(env: Env, path: str) -> None:
    """Whatever the wheel's checks have let through, however it is spelled."""
    (env.prefix / "alias").symlink_to(HOME, target_is_directory=True)
    name = path if path.casefold() == HOME else f"{path}/journal.swapping"
    evil = dist("a", {"a/x.py": "1"}, {"a/x.py": "2", f"/{name}": "{}"})
    before = live(env.prefix)
    with env.store.begin() as transaction, pytest.raises(FileConflict) as caught:
        transaction.prepare(env.stage(transaction, evil))
    assert caught.value.names == ("a",)
    assert (live(env.prefix), env.home.exists()) == (before, False)


def test_no_distribution_takes_files_of_ours_along(env: Env) -> None:
    """A RECORD that lists them is no reason to move them."""
    env.update(A)
    listing = dist("a", {"a/x.py": "2", f"/{HOME}/1/steps": ""}, {"a/x.py": "3"}, before="2", after="3")
    before = (env.home / "1/steps").read_bytes()
    env.update(listing, keep=5)
    assert (env.home / "1/steps").read_bytes() == before


def test_undo_leaves_what_others_own_by_now(env: Env) -> None:
    """A file that a distribution installed since lists is no longer one of the transaction's."""
    env.update(dist("b", None, {"b/x.py": "1", "common.py": "b"}))
    write(
        env.site, {"common.py": b"c", "c-1.dist-info/RECORD": b"common.py,,\n", "c-1.dist-info/METADATA": b"Name: c\n"}
    )
    env.store.undo()
    assert (env.site / "common.py").read_text() == "c"
    assert not (env.site / "b").exists()
