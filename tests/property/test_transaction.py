"""Random environments: a swap is what replacing file by file would give, and its undo is what was there before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hypothesis import assume, example, given
from hypothesis import strategies as st

from pip_fastupdate.core.errors import FileConflict
from pip_fastupdate.transaction import Replacement, Transaction, Transactions
from pip_fastupdate.transaction.folder import Workspace
from tests.faults.harness import memory
from tests.faults.synthetic import HOME, SITE, Snapshot, live, snapshot
from tests.support.thoroughness import examples

FOLDERS = ("", "a/", "a/b/", "ns/", "ns/a/", "ns/b/", "ns/a/deep/er/")
NAMES = ("m.py", "n.py", "data", "__pycache__/m.cpython-311.pyc", "__pycache__/n.cpython-311.opt-1.pyc", "a")
OUTSIDE = ("bin/tool", "bin/other", "share/man/one.1", "share/man/two.1", "include/x/y.h")

FIXED = {"bin", "share", "include"}
"""Never moved as a whole, and so left empty at times."""

Files = Mapping[str, str]
"""Content by path; a content of ``-> x`` makes a link."""

paths = st.one_of(
    st.builds(lambda folder, name: f"{SITE}/{folder}{name}", st.sampled_from(FOLDERS), st.sampled_from(NAMES)),
    st.sampled_from(OUTSIDE),
)
contents = st.sampled_from(["one", "two", "three", "-> nowhere"])
files = st.dictionaries(paths, contents, max_size=8)


@dataclass(frozen=True, kw_only=True)
class World:
    """What is installed and what is to come. Who stays has no bytecode without its module."""

    old: tuple[Files, ...]
    """Of each distribution that is replaced."""

    new: tuple[Files, ...]
    stays: Files
    """Of a distribution that is not."""

    foreign: Files
    empty: frozenset[str]
    """Folders."""

    @property
    def before(self) -> dict[str, str]:
        """All files that are there; who writes last wins, as with pip."""
        merged: dict[str, str] = {}
        for each in (*self.old, self.stays, self.foreign):
            merged.update(each)
        return merged


@st.composite
def worlds(draw: st.DrawFn) -> World:
    count = draw(st.integers(1, 3))
    old, new = [], []
    for number in range(count):
        old.append({**draw(files), f"{SITE}/d{number}-1.dist-info/RECORD": "1"} if draw(st.booleans()) else {})
        new.append({**draw(files), f"{SITE}/d{number}-2.dist-info/RECORD": "2"})
    empty = draw(st.frozensets(st.sampled_from([f"{SITE}/{each}void" for each in FOLDERS]), max_size=2))
    stays, foreign = (
        draw(st.dictionaries(paths, contents, max_size=4)),
        draw(st.dictionaries(paths, contents, max_size=3)),
    )
    return World(old=tuple(old), new=tuple(new), stays=stays, foreign=foreign, empty=empty)


def consistent(found: Files) -> dict[str, str]:
    """Without what a file system cannot hold: files inside files."""
    return {path: content for path, content in found.items() if not any(above in found for above in above_of(path))}


def above_of(path: str) -> list[str]:
    return [each.as_posix() for each in PurePosixPath(path).parents]


def module_of(path: str) -> str | None:
    """The module that bytecode in ``__pycache__`` was made from."""
    folder, _, name = path.rpartition("/")
    if not folder.endswith("/__pycache__"):
        return None
    return f"{folder.removesuffix('__pycache__')}{name.partition('.')[0]}.py"


class Conflict(Exception):
    """The reference finds one."""


def file_by_file(before: Files, world: World) -> dict[str, str]:
    """What the environment must look like after."""
    known = {path for each in (*world.old, *world.new) for path in each}
    listed = {path for each in world.old for path in each} - world.stays.keys()
    coming = {path for each in world.new for path in each}

    def stays(module: str | None) -> bool:
        return module in known and module in before and module not in listed

    def goes(path: str) -> bool:
        module = None if before[path].startswith("->") else module_of(path)
        if path in world.stays or stays(module):
            return False
        return path in listed or module in coming | listed

    left = {path: content for path, content in before.items() if not goes(path)}
    result = dict(left)
    for path in coming:
        brought = {
            number: new[path] for number, new in enumerate(world.new) if path in new and not stays(module_of(path))
        }
        same = len(set(brought.values())) <= 1
        if path in left and brought and set(brought.values()) != {left[path]}:
            raise Conflict(path)
        if not same and module_of(path) is None and not brought.keys() <= sharing(world, path.rpartition("/")[0]):
            raise Conflict(path)
        if brought:
            result[path] = brought[max(brought)]
    if consistent(result) != result:
        raise Conflict
    return result


def sharing(world: World, folder: str) -> set[int]:
    """Who of the replaced had files in that folder in common with another of them."""
    found = set()
    for number, old in enumerate(world.old):
        others = {path for other in (*world.old[:number], *world.old[number + 1 :]) for path in other}
        if any(path.rpartition("/")[0] == folder for path in old.keys() & others):
            found.add(number)
    return found


def write(root: Path, found: Files) -> None:
    for path, content in found.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            target.symlink_to(content[3:])
        else:
            target.write_text(content)


@contextmanager
def environment(before: Files, empty: frozenset[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="swap-", dir=memory()) as folder:
        prefix = Path(folder, "env")
        (prefix / SITE).mkdir(parents=True)
        write(prefix, before)
        for each in empty:
            if not any(above in before for above in [each, *above_of(each)]):
                (prefix / each).mkdir(parents=True, exist_ok=True)
        yield prefix


def staged(transaction: Transaction, prefix: Path, world: World) -> list[Replacement]:
    found = []
    for number, (old, new) in enumerate(zip(world.old, world.new, strict=True)):
        root = transaction.staging / str(number)
        write(root / prefix.relative_to("/"), consistent(new))
        before = "1" if old else None
        found.append(
            Replacement(
                name=f"d{number}",
                before=before,
                after="2",
                old_files=tuple(str(prefix / each) for each in old),
                staged=root,
            )
        )
    return found


def texts(found: Snapshot) -> dict[str, str]:
    """The files of a snapshot, as a world has them."""
    return {
        path: f"-> {content.decode()}" if kind == "link" else content.decode()
        for path, (kind, _, content) in found.items()
        if kind != "folder"
    }


def empties(found: Snapshot) -> set[str]:
    """Folders without any file below them."""
    full = {above for path, (kind, _, _) in found.items() if kind != "folder" for above in above_of(path)}
    return {path for path, (kind, _, _) in found.items() if kind == "folder"} - full


def without_remade(found: Snapshot, one: Snapshot, other: Snapshot) -> Snapshot:
    """Without bytecode of modules that are the same in both: an undo leaves these where they are, with their own."""

    def is_same(module: str | None) -> bool:
        return module is not None and module in one and one[module] == other.get(module)

    return {path: what for path, what in found.items() if not is_same(module_of(path))}


BYTECODE = f"{SITE}/a/__pycache__/m.cpython-311.pyc"


def handed_over(module: Files) -> World:
    """Bytecode goes from one distribution to another, which brings its own."""
    return World(
        old=({BYTECODE: "one", **module, f"{SITE}/d0-1.dist-info/RECORD": "1"}, {}),
        new=({f"{SITE}/d0-2.dist-info/RECORD": "2"}, {BYTECODE: "two", **module, f"{SITE}/d1-2.dist-info/RECORD": "2"}),
        stays={},
        foreign={},
        empty=frozenset(),
    )


WITH_STALE_BYTECODE = World(
    old=({},),
    new=({f"{SITE}/a/m.py": "one", BYTECODE: "one", f"{SITE}/d0-2.dist-info/RECORD": "2"},),
    stays={},
    foreign={BYTECODE: "one", f"{SITE}/a/n.py": "somebody's"},
    empty=frozenset(),
)
"""Bytecode that nobody's module was made into lies where a new module brings the same."""


@examples(60, nightly=3000)
@given(world=worlds(), split=st.booleans())
@example(world=handed_over({}), split=False)
@example(world=WITH_STALE_BYTECODE, split=False)
@example(world=handed_over({f"{SITE}/a/m.py": "same"}), split=False)
@example(world=handed_over({f"{SITE}/a/m.pyc": "one"}), split=False)
def test_swap_undo_redo(world: World, split: bool) -> None:
    """The swap equals the reference; rollback and undo bring back every byte; redo the same again."""
    before = consistent(world.before)
    stays = world.stays.keys() & before
    world = World(
        old=world.old,
        new=tuple(map(consistent, world.new)),
        stays={path: world.stays[path] for path in stays if module_of(path) in {None, *stays}},
        foreign=world.foreign,
        empty=world.empty,
    )
    coming = {path for each in world.new for path in each}
    assume(not any(above in coming for each in world.empty for above in [each, *above_of(each)]))
    with environment(before, world.empty) as prefix:
        start = snapshot(prefix)
        store = Transactions(prefix / HOME, prefix, flush=lambda folders: None)
        kept = {os.fspath(prefix / path): "stays" for path in world.stays}
        try:
            wanted = file_by_file(before, world)
        except Conflict:
            wanted = None
        try:
            with store.begin() as transaction:
                transaction.prepare(staged(transaction, prefix, world), kept_files=kept)
                if split:
                    split_up(transaction)
                transaction.swap()
                after = live(prefix)
                assert wanted == texts(after)
                assert empties(after) - FIXED <= empties(start)
                transaction.rollback()
        except FileConflict:
            assert wanted is None
            assert snapshot(prefix) == start
            return
        assert snapshot(prefix) == start
        with store.begin() as transaction:
            transaction.prepare(staged(transaction, prefix, world), kept_files=kept)
            transaction.swap()
            transaction.commit(1)
        assert texts(live(prefix)) == wanted
        after = live(prefix)
        store.undo()
        assert without_remade(live(prefix), start, after) == without_remade(start, start, after)
        store.undo()
        assert without_remade(live(prefix), start, after) == without_remade(after, start, after)
        assert store.recover() is None


def split_up(transaction: Transaction) -> None:
    """Prepare anew as for a file system that cannot rename folders."""
    transaction._split()


@examples(30, nightly=1000)
@given(world=worlds(), data=st.data())
def test_recovery_from_any_prefix(world: World, data: st.DataObject) -> None:
    """However many steps were done, and however many of these undone, recovery brings back every byte."""
    before = consistent(world.before)
    with environment(before, world.empty) as prefix:
        start = snapshot(prefix)
        store = Transactions(prefix / HOME, prefix, flush=lambda folders: None)
        try:
            with store.begin() as transaction:
                transaction.prepare(staged(transaction, prefix, world))
                workspace = Workspace(str(transaction.staging.parent), str(prefix))
                operations = workspace.layout().operations
                done = operations[: data.draw(st.integers(0, len(operations)))]
                workspace.become("swapping")
                for each in done:
                    each.do()
                for each in reversed(operations[data.draw(st.integers(0, len(operations))) :]):
                    each.undo(workspace.aside)
                assert store.recover() is not None
                assert snapshot(prefix) == start
        except FileConflict:
            pass
        assert snapshot(prefix) == start
