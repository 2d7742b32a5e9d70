"""One transaction's directory: its journal, the files moved out and those not yet moved in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, get_args

from ..core.busy_files import CLEARING, LONG, Patience, rename
from ..core.files import reachable
from . import index_origins
from .filesystem import kind_of, make, remove, remove_empty, sync_folder, unlink, write
from .trust import check_file, check_folder

if TYPE_CHECKING:
    from .journal import Header
    from .moves.annexes import Annexes
    from .moves.planner import Layout
    from .moves.steps import Operation
    from .rewrites import Rewrite

State = Literal["preparing", "prepared", "swapping", "swapped", "committed", "spent", "forgotten", "reverted"]
"""The states of a transaction, drawn in the package's docstring."""

UNTOUCHED = frozenset({None, "preparing", "prepared"})
"""States in which the live environment is unchanged."""

CHANGING = frozenset({"swapping", "swapped"})
"""States in which the environment may be anything between old and new."""

DONE = frozenset({"committed", "spent", "forgotten"})
"""States in which the environment is the new one."""

_JOURNAL = "journal."
_STEPS = "steps"
_ASIDE = "aside"
_ANNEXES = "annexes"
_TRASH = "trash"
_FILES = "files.json"


class Workspace:
    """The directory ``home/<id>``: ``journal.<state>``, ``steps``, ``new`` (staged), ``old`` (moved out) and, rarely,
    ``aside`` (conflicting files of others), ``files.json`` (``rewrites``); until after the commit also
    ``sources.json``. If the environment is spread over several file systems, ``annexes`` lists the directories on
    the others.

    The state is the journal's suffix: changing it is one rename, which needs no free space and is never half done.
    Methods raise OSError, and TransactionError for an unreadable journal. They import what they need for changes only
    then: most runs only read the state.
    """

    def __init__(self, path: str, prefix: str, roots: Sequence[str] = ()) -> None:
        self.path = path
        self.id = os.path.basename(path)
        self.new, self.old, self.aside = (os.path.join(path, name) for name in ("new", "old", _ASIDE))
        self.reached: State | None = None
        """The last state set by ``become``, whether or not it is synced to disk."""
        self.sources = os.path.join(path, index_origins.NAME)
        self._steps = os.path.join(path, _STEPS)
        self._files = os.path.join(path, _FILES)
        self._prefix = prefix
        self._roots = roots

    def check(self) -> None:
        """Raise TransactionError if another user could have written what is in here."""
        check_folder(self.path, self._prefix)
        for name in self.names():
            path = os.path.join(self.path, name)
            if name in ("new", "old", _ASIDE):
                check_folder(path, self._prefix)
            elif name in (_STEPS, _ANNEXES, _FILES) or name.startswith(_JOURNAL):
                check_file(path, self._prefix)

    @property
    def annexes(self) -> Annexes:
        """Its parts on other file systems."""
        from .moves.annexes import Annexes

        return Annexes(os.path.join(self.path, _ANNEXES), self._prefix, self._roots)

    def _has_annexes(self) -> bool:
        return kind_of(os.path.join(self.path, _ANNEXES)) is not None

    def names(self) -> set[str]:
        """Return the names in the directory; empty if there is none."""
        try:
            return set(os.listdir(self.path))
        except FileNotFoundError:
            return set()

    def state(self) -> State | None:
        """Return the state; None without a journal."""
        found = {name.removeprefix(_JOURNAL) for name in self.names() if name.startswith(_JOURNAL)}
        return next((state for state in get_args(State) if state in found), None)

    def become(self, state: State) -> None:
        """Change the state and sync it to disk."""
        former = self.state()
        if former != state:
            rename(self._journal(former), self._journal(state), Patience(LONG))
        self.reached = state
        sync_folder(self.path, medium=True)

    def _journal(self, state: State | None) -> str:
        return os.path.join(self.path, f"{_JOURNAL}{state}")

    def record(
        self, header: Header, layout: Layout, sources: bytes | None = None, files: Sequence[Rewrite] = ()
    ) -> None:
        """Write everything that recovery needs, before the first change: the transaction is then prepared.

        ``sources`` is the content of the sources file after the commit; None leaves it unchanged. ``files`` are files
        outside the environment that change with it.
        """
        from .journal import header_to_json, layout_to_json

        if self.state() is not None:
            self.restart()
        write(self._journal("preparing"), header_to_json(header))
        if sources is not None:
            write(self.sources, sources)
        if files:
            from .rewrites import to_json

            write(self._files, to_json(files))
        write(self._steps, layout_to_json(layout, self._prefix))
        self._mirror(layout.operations)
        sync_folder(self.path)
        sync_folder(os.path.dirname(self.path))
        self.become("prepared")

    def _mirror(self, operations: Iterable[Operation]) -> None:
        """Create the directories in ``old`` that things are moved into, with the modes of the live ones."""
        from .moves.steps import Exchange, Out

        parents: dict[str, set[str]] = {self.old: set()}
        parents |= {os.path.join(annex, "old"): set() for annex in (self.annexes.read() if self._has_annexes() else ())}
        for each in operations:
            if isinstance(each, (Out, Exchange)):
                old = next(old for old in parents if each.kept.startswith(old + os.sep))
                parents[old].add(os.path.dirname(each.live))
        for old, lives in parents.items():
            self._mirror_in(old, lives)

    def _mirror_in(self, old: str, parents: set[str]) -> None:
        from .moves.path_tree import ancestors, kept_at

        folders = {above: kept_at(old, self._prefix, above) for parent in parents for above in ancestors(parent)}
        folders = {folder: path for folder, path in folders.items() if self._is_mirrored(folder, parents)}
        os.mkdir(old)
        for folder, path in sorted(folders.items(), key=lambda pair: len(pair[1])):
            mode = os.stat(reachable(folder)).st_mode & 0o7777 | 0o700
            make(path, mode if folder.startswith(self._prefix + os.sep) else mode & ~0o022)
        for path in (old, *folders.values()):
            sync_folder(path)

    def _is_mirrored(self, folder: str, parents: set[str]) -> bool:
        """Return whether ``old`` has a place for a directory: not for those above the environment if everything is
        inside it.
        """
        if self._is_inside(folder):
            return True
        start = os.path.join(folder, "")
        return any(not self._is_inside(each) and os.path.join(each, "").startswith(start) for each in parents)

    def _is_inside(self, folder: str) -> bool:
        return folder == self._prefix or folder.startswith(self._prefix + os.sep)

    def restart(self) -> None:
        """Go back to before ``record``. The environment must be unchanged."""
        assert self.state() not in CHANGING | DONE, "the live environment must be rolled back first"
        self.become("preparing")
        remove(self.old)
        if self._has_annexes():
            self.annexes.clear_old()
        unlink(self.sources)
        unlink(self._files)

    def files(self) -> tuple[Rewrite, ...]:
        """Return the files outside the environment that change with it. Raises TransactionError."""
        if _FILES not in self.names():
            return ()
        from .rewrites import from_json

        return from_json(_read(self._files))

    def header(self) -> Header:
        """Return what the journal says."""
        from .journal import header_from_json, readable

        with readable(self.path):
            return header_from_json(_read(self._journal(self.state())), self.id)

    def layout(self) -> Layout:
        """Return the steps and what belongs to them."""
        from .bounds import Bounds
        from .journal import layout_from_json, readable

        with readable(self.path):
            layout = layout_from_json(_read(self._steps), self._prefix)
            Bounds(self.path, self._prefix, self._roots, self.annexes.read()).check(layout)
        return layout

    def olds(self) -> list[str]:
        """Return the directories with old files, one for each file system; all must exist."""
        further = (os.path.join(annex, "old") for annex in self.annexes.require())
        return [self.old, *(each for each in further if kind_of(each) == "folder")]

    def broken(self, layout: Layout) -> list[str]:
        """Return the old files that are not, or no longer, what was moved out."""
        from .moves.seals import broken

        return [path for old in self.olds() for path in broken(layout.seals, old)]

    def take_back(self, layout: Layout | None = None) -> None:
        """Roll the live environment back. If interrupted, it can be repeated."""
        if self.state() not in CHANGING | DONE:
            return
        layout = layout or self.layout()
        self.annexes.require()
        self.become("swapping")
        for operation in reversed(layout.operations):
            operation.undo(self.aside)
        self._save_strays(layout)
        self._take_back_files()
        sync(layout.operations)
        self.become("reverted")

    def _take_back_files(self) -> None:
        files = self.files()
        if files:
            from .rewrites import take_back

            take_back(files)

    def _save_strays(self, layout: Layout) -> None:
        """Keep what others put into a new directory while it was live: it is not ours to remove."""
        from .moves.path_tree import walk
        from .moves.steps import Exchange, In, set_aside

        for each in layout.operations:
            if isinstance(each, (In, Exchange)) and kind_of(each.staged) == "folder":
                for folder, names in list(walk(each.staged)):
                    known = layout.files.get(each.live + folder[len(each.staged) :], ())
                    for name in set(names).difference(known):
                        set_aside(os.path.join(folder, name), self.aside)

    def spend(self) -> None:
        """Keep only the line in the history."""
        self.become("spent")
        self.tidy()

    def forget(self) -> None:
        """Remove all of it."""
        if self._has_annexes():
            self.annexes.clear(Patience(CLEARING), keep_old=False)
        remove(self.path)

    def is_cut_short(self) -> bool:
        """Return whether the run ended before its cleanup: then there is ``new`` that is not just left over."""
        names = self.names()
        return "new" in names and _TRASH not in names

    def tidy(self, patience: Patience | None = None) -> None:
        """Remove what the state no longer needs, as far as possible; the rest waits for a later run."""
        patience, state = patience or Patience(CLEARING), self.state()
        self._discard(patience)
        needed = {"committed": {_STEPS, "old", _ASIDE, _FILES}, "spent": {_ASIDE}}.get(state or "", {_ASIDE})
        if self._has_annexes() and not self.annexes.clear(patience, keep_old=state == "committed"):
            needed = needed | {_ANNEXES}
        for name in sorted(self.names() - needed, key=lambda name: (name == _TRASH, name == "new")):
            if not name.startswith(_JOURNAL) and not remove(os.path.join(self.path, name), patience) and name == "new":
                break  # what marks it as left over must stay with it
        if state not in ("committed", "spent"):
            self._leave()

    def _discard(self, patience: Patience) -> None:
        """Move staged files out of the way: an open one must not look like an interruption."""
        if not self.is_cut_short():
            return
        trash = os.path.join(self.path, _TRASH)
        try:
            rename(self.new, trash, patience)
        except OSError:  # it has to be removed where it is
            with suppress(OSError):
                os.mkdir(trash)

    def has_aside(self) -> bool:
        """Return whether conflicting files of others are kept here."""
        return os.path.isdir(self.aside)

    def _leave(self) -> None:
        """Remove the journal and the directory once nothing else is in it: what remains must be identifiable."""
        names = self.names()
        if all(name.startswith(_JOURNAL) for name in names):
            for name in names:
                unlink(os.path.join(self.path, name))
            remove_empty(self.path)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def sync(operations: Iterable[Operation]) -> None:
    """Sync all renames to disk. They are atomic: for what comes in, syncing the target directory is enough."""
    from .moves.steps import Exchange, Out

    paths = (
        path
        for each in operations
        for path in ((each.live, each.kept) if isinstance(each, (Out, Exchange)) else (each.live,))
    )
    for folder in sorted({os.path.dirname(path) for path in paths}):
        if os.path.isdir(folder):
            sync_folder(folder)
