"""On Windows, staged and kept files have longer paths than live ones: those of the longest names are updated, too."""

from __future__ import annotations

import ntpath
import os
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from pip_fastupdate._pip import installer
from pip_fastupdate.core import files
from pip_fastupdate.core.errors import FileInUse
from pip_fastupdate.transaction import Replacement
from pip_fastupdate.transaction.filesystem import kind_of, remove
from pip_fastupdate.transaction.fingerprint import digest, fingerprint
from pip_fastupdate.transaction.installed import owners
from pip_fastupdate.transaction.moves.annexes import ferry
from pip_fastupdate.transaction.moves.live_environment import mode_of
from pip_fastupdate.transaction.moves.steps import Mkdir, Rmdir
from tests.support.platforms import Windows
from tests.support.platforms.rules import VERBATIM
from tests.support.wheels import make_wheel
from tests.unit.transactions import Dist, Env, dist, folder, live, snapshot

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not known here")


@pytest.fixture(params=[False, True], ids=["whole", "by file"])
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Env, Dist]]:
    """An environment in which a package has the longest paths that Windows allows, and whether only files can move."""
    with folder() as path:
        env = Env(path / "env")
        above = "a/sub/" + "y" * 30
        name = "x" * (files.LONGEST - len(str(env.site / above)) - len("/1.py"))
        old = {f"{above}/{name}{number}.py": "1" for number in (1, 2)} | {"a/z.py": "1"}
        new = {f"{above}/{name}{number}.py": "2" for number in (2, 3)} | {"a/z.py": "2"}
        if request.param:  # somebody else's file in each folder: none can move as a whole
            (env.site / above).mkdir(parents=True)
            for each in ("a", "a/sub", above):
                (env.site / each / "other").touch()
        a = dist("a", old, new)
        env.install(a)
        with Windows(path).on():
            yield env, a


def update(env: Env, a: Dist, *, keep: int = 1) -> None:
    """Staged as pip would, for which the paths have to be spelled out."""
    with env.store.begin() as transaction:
        root = transaction.staging / "1"
        for path, content in a.new.items():
            place = Path(files.reachable(str(root / path)))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        old = tuple(str(env.prefix / path) for path in a.old)
        replacement = Replacement(name="a", before="1", after="2", old_files=old, staged=root, base=str(env.prefix))
        transaction.prepare([replacement])
        transaction.swap()
        transaction.commit(keep)


def found(env: Env, a: Dist) -> tuple[bool, bool]:
    """Whether all old files are there, and all new ones."""
    there = {path: content for path, (_, _, content) in live(env.prefix).items()}
    return tuple(all(there.get(path) == each[path] for path in each) for each in (a.old, a.new))  # type: ignore[return-value]


def test_update_undo_redo(case: tuple[Env, Dist]) -> None:
    """Each works, and so does the next run."""
    env, a = case
    before = live(env.prefix)
    longest = max(len(str(env.prefix / each)) for each in before)
    assert longest == files.LONGEST
    update(env, a)
    assert (False, True) == found(env, a)
    assert (None, None) == (env.store.pending(), env.store.recover())
    env.store.undo()
    assert before == live(env.prefix)
    env.store.undo()
    assert (False, True) == found(env, a)


def test_nothing_stays(case: tuple[Env, Dist]) -> None:
    """Old files that are not kept are removed, however long their paths are."""
    env, a = case
    update(env, a, keep=0)
    assert [] == [each for each in snapshot(env.prefix) if each.startswith(".pip-fastupdate")]


@pytest.mark.parametrize("steps", [1, 2, 100])
def test_recovery(case: tuple[Env, Dist], steps: int) -> None:
    """What was killed is taken back."""
    env, a = case
    before = live(env.prefix)
    update(env, a)
    workspace = env.workspace()
    operations = workspace.layout().operations
    workspace.become("swapping")
    for each in list(reversed(operations))[:steps]:
        each.undo(workspace.aside)
    assert env.store.recover() is not None
    assert before == live(env.prefix)


def test_long_file_in_use(case: tuple[Env, Dist]) -> None:
    """Whose it is is known."""
    env, a = case
    path = max((str(env.prefix / each) for each in a.old), key=len)
    with Path(path).open(), pytest.raises(FileInUse) as caught:
        update(env, a)
    assert (("a",), False) == (caught.value.names, VERBATIM in caught.value.message)


@pytest.mark.parametrize("cached", [False, True], ids=["alone", "cached"])
def test_wheel_is_staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: bool) -> None:
    """pip's installer writes files that Windows would not take as they are called; they are compiled, too."""
    installer.prepare_process()
    monkeypatch.setattr(
        "pip._internal.operations.install.wheel.replace", lambda source, target: Path(source).replace(target)
    )
    absolute = os.path.abspath
    monkeypatch.setattr(os.path, "abspath", lambda path: path if path.startswith(VERBATIM) else absolute(path))
    path = "foo/" + "long_folder_name/" * 6 + "module.py"
    wheel = make_wheel(tmp_path, "foo", "1.0", files={path: "x = 1"}, scripts={"foo": "foo:main"})
    root = tmp_path / ("r" * (files.LONGEST - len(str(tmp_path)) - 100))
    with Windows(tmp_path).on():
        staged = installer.stage(wheel, name="foo", root=root, requested=True, user=False)
        assert root == staged.root
        assert root in staged.info.parents
        installer.compile_bytecode(staged, wheel if cached else None)
        found = staged.files
    assert len(str(staged.info.parent / path)) > files.LONGEST
    assert "x = 1" == (staged.info.parent / path).read_text()
    made = Path(cache_from_source(str(staged.info.parent / path)))
    assert {staged.info.parent / path, made} <= {*found}
    assert f"{made.relative_to(staged.info.parent)},," in (staged.info / "RECORD").read_text().splitlines()
    with Windows(tmp_path).on():
        assert remove(str(root))
    assert not root.exists()


def test_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    """As "Naming Files, Paths, and Namespaces" has it: drives, shares, backslashes alone, and back again."""
    monkeypatch.setattr(files.os, "path", ntpath)
    spelled = [files.verbatim(each) for each in (r"C:\a/b\..\c", r"\\server\share\x", r"\\?\C:\a")]
    monkeypatch.undo()
    assert [r"\\?\C:\a\c", r"\\?\UNC\server\share\x", r"\\?\C:\a"] == spelled
    assert [r"C:\a\c", r"\\server\share\x", r"C:\a"] == [files.plain(each) for each in spelled]
    assert "/a" * 200 == files.reachable("/a" * 200)


@pytest.mark.parametrize("length", [files.LONGEST_FOLDER + 1, files.LONGEST + 20])
def test_long_folder_is_made_again(tmp_path: Path, length: int) -> None:
    """A directory that was emptied and removed is there after a rollback, with its mode, and a new one is not."""
    path = deep(tmp_path / "site", length)
    with Windows(tmp_path).on():
        made, removed = Mkdir(live=path, mode=0o750), Rmdir(live=path, mode=0o750)
        made.do()
        assert ("folder", 0o750) == (kind_of(path), mode_of(path))
        removed.do()
        assert kind_of(path) is None
        removed.undo(str(tmp_path / "aside"))
        assert ("folder", 0o750) == (kind_of(path), mode_of(path))
        made.undo(str(tmp_path / "aside"))
        assert kind_of(path) is None


def test_long_tree_on_another_volume(tmp_path: Path) -> None:
    """What is staged for another volume is carried there though only the paths of its files are too long."""
    staging, volume = tmp_path / "new", tmp_path / "env" / "volume"
    volume.mkdir(parents=True)
    source = Path(deep(staging / "1" / "volume", files.LONGEST_FOLDER - 5))
    source.mkdir()
    (source / "long_module.py").write_text("it")
    tail = source.relative_to(staging / "1" / "volume") / "long_module.py"
    annex = volume / ".pip-fastupdate" / "1-ab"
    with Windows(tmp_path).on():
        roots = list(ferry(str(staging / "1"), str(tmp_path / "env"), str(staging), {str(volume): str(annex)}))
    assert [str(annex / "new" / "1")] == roots
    assert "it" == (annex / "new" / "1" / "volume" / tail).read_text()
    assert not (staging / "1" / "volume").exists()


def test_long_metadata_is_told_apart(tmp_path: Path) -> None:
    """A distribution with a long name was reinstalled, whoever owns a file is known: RECORD is read."""
    info = tmp_path / ("n" * (files.LONGEST - len(str(tmp_path)) - len("-1.dist-info/RECORD")) + "-1.dist-info")
    info.mkdir()
    (info / "RECORD").write_text("a.py,,\n")
    with Windows(tmp_path).on():
        stamp, one, listed = fingerprint([tmp_path]), digest(str(info)), owners([str(tmp_path)], ())
        assert [info.name] == list(stamp[str(tmp_path)])
    assert {str(tmp_path / "a.py")} == set(listed)
    (info / "RECORD").write_text("b.py,,\n")
    with Windows(tmp_path).on():
        assert one != digest(str(info))


def deep(start: Path, length: int) -> str:
    """A path of that length, not made, in directories that are."""
    while length - len(str(start)) > 110:
        start = start / ("d" * 50)
    start.mkdir(parents=True)
    return str(start / ("x" * (length - len(str(start)) - 1)))
