"""All transactions of an environment: lock, recovery, history, undo."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.busy_files import Patience
from ..core.errors import TransactionError
from ..core.text import plural, some
from . import filesystem, lock
from .filesystem import raising_transaction_errors, uninterrupted
from .flushing import flush
from .folder import CHANGING, DONE, UNTOUCHED, State, Workspace
from .home import Home
from .trust import acting_for

if TYPE_CHECKING:
    from ..core.entry import HistoryEntry
    from ..core.protocols import Progress
    from .moves.planner import Layout, Request, Root
    from .rewrites import Rewrite
    from .transaction import Changes, Transaction

REMOVED = "its files were removed by a later update (--keep N)"

_SHOW_HISTORY = "run `pip-update --history` to see what can be undone"


class Transactions:
    """The transactions of the environment ``prefix``, kept in ``home``, a directory on the same file system.

    Hold ``lock`` to call ``recover``, ``begin`` or ``undo``. ``flush`` syncs everything written so far to the file
    systems of some directories: staged files must be on disk before anything is renamed, or a power cut leaves empty
    files. ``roots`` are directories of the environment outside its prefix.

    The content is input: anything the program would not have written is refused with TransactionError. Root works in
    another user's environment with that user's rights.
    """

    def __init__(
        self, home: Path, prefix: Path, *, flush: Callable[[Sequence[str]], None] = flush, roots: Sequence[str] = ()
    ) -> None:
        self._home = Home(os.fspath(home), os.fspath(prefix), roots)
        self._flush = flush

    def lock(
        self, timeout: float, waiting: Callable[[], None], warn: Callable[[str], object] = lambda text: None
    ) -> AbstractContextManager[None]:
        """Hold the environment's lock; ``waiting`` is called once if that takes up to ``timeout`` seconds.

        ``warn`` is called if the file system has no locks. Raises EnvironmentLocked if another process holds it longer.
        """
        return lock.hold(Path(self._home.prefix), Path(self._home.path), timeout, waiting, warn)

    def exist(self) -> bool:
        """Return whether there is any transaction: a first, cheap check."""
        return filesystem.kind_of(self._home.path) is not None

    def pending(self) -> str | None:
        """Return what ``recover`` would do, without doing it. Another run at work looks the same."""
        with raising_transaction_errors("could not read the transactions"):
            return next(filter(None, map(_pending_text, self._home.workspaces())), None)

    def recover(self) -> str | None:
        """Recover from an interrupted run: restore exactly the old state, or keep exactly the new one.

        Returns what was done in one line, None if there was nothing to do. If killed, it can be repeated. Raises
        TransactionError if the disk refuses, with nothing worse than before.
        """
        with uninterrupted(), raising_transaction_errors("could not roll back an interrupted update"):
            lines = [line for each in self._home.workspaces() if (line := self._recover_as_owner(each))]
            self._home.remove_if_empty()
        return "; ".join(lines) or None

    def _recover_as_owner(self, workspace: Workspace) -> str | None:
        with acting_for(workspace.path, self._home.prefix):
            return self._recover(workspace)

    def _recover(self, workspace: Workspace) -> str | None:
        state, cut_short = workspace.state(), workspace.is_cut_short()
        if state in CHANGING:
            line = f"rolled back {_subject(workspace)}; the environment is as it was before"
            layout = workspace.layout()
            changed = workspace.broken(layout)
            workspace.take_back(layout)
            if changed:
                line += f", except for changes made in {workspace.old}: {_some(workspace.old, changed)}"
        elif state in DONE:
            line = "an interrupted update was already complete; the environment has the new versions"
            if cut_short:
                with suppress(OSError, TransactionError):  # only cleanup: the next run tries again
                    self._home.finish_commit(workspace, keep=None)
        elif state in UNTOUCHED:
            line = "an interrupted update had changed nothing; removed its leftover files"
        else:
            line = "an interrupted update was already rolled back; the environment is as it was before"
        workspace.tidy(None if cut_short else Patience(0))
        aside = f"; conflicting files were moved to {workspace.aside}" if workspace.has_aside() else ""
        return line + aside if cut_short else None

    def begin(self) -> Transaction:
        """Begin a new transaction. Raises TransactionError."""
        from .transaction import Transaction

        with raising_transaction_errors("could not stage the update"):
            return Transaction(self._home.begin(), self._home, flush=self._flush)

    def history(self) -> tuple[HistoryEntry, ...]:
        """Return the committed transactions, newest first. Raises TransactionError."""
        with raising_transaction_errors("could not read the history"):
            done = [(each.header(), state) for each in self._home.workspaces() if (state := each.state()) in DONE]
        undone = {header.undoes: header.id for header, _ in done if header.undoes is not None}
        return tuple(header.entry(_why_not(header.id, state, undone)) for header, state in done)

    def sources(self) -> Mapping[str, Mapping[str, str]]:
        """Return the index of what updates installed, by name and version. Raises TransactionError."""
        return self._home.sources.read()

    def sources_beside(self) -> Mapping[str, frozenset[str]]:
        """Return, by index, the others that were configured when something came from it. Raises TransactionError."""
        return self._home.sources.beside()

    def configure(self, places: Mapping[str, str]) -> None:
        """Set the sources of this run, each with its canonical text."""
        self._home.sources.configured = places

    def undo(
        self,
        id: str | None = None,
        progress: Progress | None = None,
        *,
        kept_files: Mapping[str, str] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> HistoryEntry:
        """Undo a transaction, the newest one for None, as a transaction itself: undoing an undo redoes it.

        Files edited before the update are restored with their edits. Edits in the new ones since are kept with these,
        and come back with a redo; files that others put next to them stay. ``kept_files`` is as for
        ``Transaction.prepare``, by default from the RECORDs of the distributions that stay. ``check`` is called between
        swap and commit; if it raises, everything is rolled back.

        Raises TransactionError if there is nothing to undo, if the files are gone, and, with the list of differences,
        if something was installed, upgraded or removed since by other means.
        """
        entry = self._undoable(id)
        workspace = self._home.workspace(entry.id)
        with acting_for(workspace.path, self._home.prefix):
            return self._undo(entry, workspace, progress, kept_files, check)

    def _undo(
        self,
        entry: HistoryEntry,
        workspace: Workspace,
        progress: Progress | None,
        kept_files: Mapping[str, str] | None,
        check: Callable[[], None],
    ) -> HistoryEntry:
        from .installed import owners
        from .moves.planner import Request
        from .rewrites import changed_since

        layout = workspace.layout()
        self._check(layout, entry, workspace)
        kept = owners(layout.installed, layout.digests) if kept_files is None else kept_files
        with raising_transaction_errors("could not prepare the undo"):
            roots = self._kept(workspace, f"undoing {entry.id}")
            edited = changed_since(workspace.files())
            files = [each.reverse for each in workspace.files() if each.path not in edited]
        request = Request(
            old_files=tuple(os.path.join(folder, name) for folder, names in layout.files.items() for name in names),
            roots=roots,
            kept={os.path.normpath(path): owner for path, owner in kept.items()},
            overwrite=True,
            own=None,
            movable=layout.made,
        )
        changes = tuple((name, after, before) for name, before, after in entry.changes)
        return self._swap_back(entry.id, request, changes, files=files, progress=progress, check=check)

    def _kept(self, workspace: Workspace, owner: str) -> tuple[Root, ...]:
        """Return the old files on each file system; earlier versions kept all of them by their whole paths."""
        from .moves.path_tree import PREFIX, ROOT, anchor
        from .moves.planner import Root

        bases = {PREFIX: self._home.prefix, ROOT: anchor(self._home.prefix)}
        if not bases.keys() >= set(os.listdir(workspace.old)):
            return (Root(folder=workspace.old, owner=owner),)
        return tuple(
            Root(folder=os.path.join(old, name), owner=owner, base=bases[name])
            for old in workspace.olds()
            for name in sorted(os.listdir(old))
        )

    def _check(self, layout: Layout, entry: HistoryEntry, workspace: Workspace) -> None:
        """Raise TransactionError unless environment and old files are as the transaction left them."""
        from .fingerprint import differences

        if layout.prefix != self._home.prefix:
            raise TransactionError(
                f"cannot undo transaction {entry.id}: the environment has been moved from {layout.prefix}",
                hint="move it back first",
            )
        with raising_transaction_errors("could not prepare the undo"):
            changed = differences(layout.installed, layout.digests, [name for name, _, _ in entry.changes])
        if changed:
            raise TransactionError(
                f"cannot undo transaction {entry.id}: the environment has changed since ({'; '.join(changed)})",
                hint="undo the later changes first, or restore these packages to the versions it left",
            )
        with raising_transaction_errors("could not prepare the undo"):
            wrong = workspace.broken(layout)
        if wrong:
            raise TransactionError(
                f"cannot undo transaction {entry.id}: its old files in {workspace.old} have changed: "
                f"{_some(workspace.old, wrong)}",
                hint="run `pip-update --history` for the former versions, and install them with `pip install`",
            )

    def top_levels(self, id: str) -> set[str]:
        """Return the top-level modules that a transaction added or replaced. Raises TransactionError."""
        layout = self._home.workspace(id).layout()
        lives = [each.live for each in layout.operations]
        return {
            live[len(site) + 1 :].split(os.sep, 1)[0].partition(".")[0]
            for site in layout.installed
            for live in lives
            if live.startswith(site + os.sep)
        }

    def names_before(self, id: str | None) -> frozenset[str]:
        """Return what was installed before a transaction, the newest one for None, in the directories it changed.

        Normalized names: what was there when it ended, and what it removed. Raises TransactionError.
        """
        from .fingerprint import versions

        entry = self._undoable(id)
        after = versions(self._home.workspace(entry.id).layout().installed).keys()
        added = {name for name, before, _ in entry.changes if before is None}
        removed = {name for name, before, _ in entry.changes if before is not None}
        return frozenset((after - added) | removed)

    def edited_files(self, id: str | None) -> list[str]:
        """Return files outside the environment that an undo leaves unchanged because they were edited since."""
        from .rewrites import changed_since

        with raising_transaction_errors("could not prepare the undo"):
            return changed_since(self._home.workspace(self._undoable(id).id).files())

    def _undoable(self, id: str | None) -> HistoryEntry:
        history = self.history()
        found = [entry for entry in history if id in (None, entry.id)]
        if not found:
            text = "nothing to undo" if id is None else f"no transaction {id} in this environment's history"
            raise TransactionError(text, hint=_SHOW_HISTORY)
        if found[0].why_not:
            raise TransactionError(
                f"cannot undo transaction {found[0].id}: {found[0].why_not}",
                hint=_SHOW_HISTORY,
            )
        return found[0]

    def _swap_back(
        self,
        id: str,
        request: Request,
        changes: Changes,
        *,
        files: Sequence[Rewrite],
        progress: Progress | None,
        check: Callable[[], None],
    ) -> HistoryEntry:
        from .transaction import Transaction

        with raising_transaction_errors("could not prepare the undo"):
            workspace = self._home.begin()
        with Transaction(workspace, self._home, flush=lambda folders: None, kind="undo", undoes=id) as transaction:
            owned = {f"undoing {id}": request.old_files}
            transaction.prepare_request(request, changes, {}, owned, rewrites=files)
            transaction.swap(progress)
            check()
            transaction.commit(None)
        return transaction.entry()


def _pending_text(workspace: Workspace) -> str | None:
    state = workspace.state()
    if not workspace.is_cut_short():
        return None
    if state in CHANGING:
        return f"{_subject(workspace)} must be rolled back"
    what = (
        ("was already complete")
        if state in DONE
        else "had changed nothing"
        if state in UNTOUCHED
        else ("was already rolled back")
    )
    return f"an interrupted update {what}; its leftover files must be removed"


def _subject(workspace: Workspace) -> str:
    try:
        header = workspace.header()
    except TransactionError:  # its subject is not needed to roll it back
        return "an interrupted update"
    count = len(header.changes)
    return f"an interrupted {header.kind} of {plural(count, 'package')} ({header.when})"


def _some(folder: str, paths: Sequence[str]) -> str:
    return some([os.path.relpath(path, folder) for path in paths], 3)


def _why_not(id: str, state: State | None, undone: Mapping[str, str]) -> str | None:
    if id in undone:
        return f"undone by {undone[id]}"
    return None if state == "committed" else REMOVED
