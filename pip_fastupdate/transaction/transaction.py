"""One swap from the first staged file to the commit."""

from __future__ import annotations

import errno
import gc
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from ..core.entry import HistoryEntry
from ..core.errors import EnvironmentChanged, FileConflict, TransactionError
from ..core.files import reachable
from ..core.waiting import join
from .bounds import Bounds, Distrusted
from .filesystem import folding, raising_transaction_errors, transaction_error, uninterrupted
from .fingerprint import Fingerprint, renewed
from .folder import DONE, Workspace, sync
from .home import RECOVER, Home
from .journal import Header
from .moves.annexes import nearest
from .moves.in_use import check_movable, conflict, working_folder_outside
from .moves.path_tree import ancestors
from .moves.planner import Layout, Request, Root, lay_out
from .moves.spread import spread
from .moves.steps import Operation
from .standalone import leave

if TYPE_CHECKING:
    from ..core.protocols import Progress
    from .rewrites import Rewrite

AGAIN = (0.01, 0.03, 0.06, 0.1, 0.2, 0.3)
"""Seconds between attempts to roll back a swap."""

Changes = tuple[tuple[str, str | None, str | None], ...]
"""(name, version before, version after)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One distribution of the plan with its files, old and new."""

    name: str
    before: str | None
    """Version; None for an addition."""

    after: str | None
    """Version."""

    old_files: tuple[str, ...]
    """Absolute live paths of all it owns: RECORD, bytecode, scripts, data; () for an addition. Bytecode of its
    modules in ``__pycache__`` and everything in its ``.dist-info`` directory is found without.
    """

    staged: Path | None
    """A directory that mirrors ``base``: what comes to ``base / <path>`` is ``staged / <path>``."""

    base: str = ""
    """A live directory, in any spelling; "" for the anchor of the environment's path, the root of its file system."""

    source: str | None = None
    """The index of ``after``, without credentials: remembered from the commit on."""


class Transaction:
    """Begun, prepared, swapped, committed: in this order, inside ``with``.

    Any exception before ``commit`` has returned, Ctrl-C included, rolls the environment back and removes all traces.
    ``renames`` and ``seconds`` (between the first and the last change) describe the last swap.
    """

    def __init__(
        self,
        workspace: Workspace,
        home: Home,
        *,
        flush: Callable[[Sequence[str]], None],
        kind: Literal["update", "undo"] = "update",
        undoes: str | None = None,
    ) -> None:
        self.id = workspace.id
        self.staging = Path(workspace.new)
        self.renames = 0
        self.seconds = 0.0
        self._workspace = workspace
        self._home = home
        self._flush = flush
        self._kind: Literal["update", "undo"] = kind
        self._undoes = undoes
        self._request = Request(old_files=(), roots=())
        self._changes: Changes = ()
        self._sources: dict[tuple[str, str], str] = {}
        self._header: Header | None = None
        self._layout: Layout | None = None
        self._annexes: Mapping[str, str] = {}
        self._fingerprint: Fingerprint = {}
        self._files: dict[str, tuple[str, ...]] = {}
        self._rewrites: tuple[Rewrite, ...] = ()
        self._closed = False

    def prepare(
        self,
        replacements: Sequence[Replacement],
        *,
        kept_files: Mapping[str, str] | None = None,
        overwrite: bool = False,
        own: frozenset[str] = frozenset(),
        fingerprint: Fingerprint | None = None,
        rewrites: Sequence[Rewrite] = (),
    ) -> None:
        """Decide on all steps and write them down, with everything staged synced to disk.

        If several distributions have the same file and shared its directory before, the last replacement wins.
        ``kept_files`` are the live paths of distributions that stay, with their names. With ``overwrite``, a new
        version may replace a file listed by its old version and one of those. ``own`` names the program's dependencies:
        they can be imported at every instant of the swap. ``fingerprint`` is of the scan that the plan was made from,
        ``rewrites`` are files outside the environment that change with it. Raises FileConflict, EnvironmentChanged and
        TransactionError; the live environment is unchanged then, and after this.
        """
        request = Request(
            old_files=tuple(_normal(path) for each in replacements for path in each.old_files),
            roots=tuple(
                Root(
                    folder=os.fspath(each.staged),
                    owner=each.name,
                    base=os.path.normpath(each.base) if each.base else "",
                )
                for each in replacements
                if each.staged
            ),
            kept={_normal(path): owner for path, owner in (kept_files or {}).items()},
            shared=_shared(replacements),
            overwrite=overwrite,
            own=own,
            own_files=tuple(_normal(path) for each in replacements if each.name in own for path in each.old_files),
        )
        changes = tuple(sorted((each.name, each.before, each.after) for each in replacements))
        self._sources = {(each.name, each.after): each.source for each in replacements if each.after and each.source}
        self._files = {
            each.name: (*each.old_files, *((os.fspath(each.staged),) if each.staged else ())) for each in replacements
        }
        owned = {each.name: each.old_files for each in replacements}
        self.prepare_request(request, changes, fingerprint or {}, owned, rewrites=rewrites)

    def prepare_request(
        self,
        request: Request,
        changes: Changes,
        fingerprint: Fingerprint,
        owned: Mapping[str, Sequence[str]],
        *,
        rewrites: Sequence[Rewrite] = (),
    ) -> None:
        """Prepare a request in the form that the layout needs; ``owned`` are the old files by name."""
        self._request, self._changes, self._fingerprint = request, changes, fingerprint
        self._rewrites = tuple(rewrites)
        self._check_unchanged()
        with raising_transaction_errors(f"could not prepare the {self._kind}", planned=True):
            self._request, self._annexes = spread(request, owned, self._workspace, self._home)
            written = [os.fspath(self.staging), *map(os.path.dirname, self._annexes.values())]
            with _beside(lambda: self._flush(written)):
                gc.collect()  # it is off in a run, and what follows needs much memory; the disk takes longer
                layout = self._lay_out(split=False)
            self._record(layout)

    def _lay_out(self, *, split: bool) -> Layout:
        staging = os.fspath(self.staging)
        layout = lay_out(
            self._request,
            prefix=self._home.prefix,
            old_home=self._workspace.old,
            fold=folding(staging),
            split=split,
            home=self._home.path,
            annexes=self._annexes,
        )
        _check_devices(layout.operations, staging, self._annexes)
        self._check_recoverable(layout)
        return layout

    def _check_recoverable(self, layout: Layout) -> None:
        """Raise FileConflict for a step that recovery would refuse: an interrupted update could not be rolled back."""
        bounds = Bounds(self._workspace.path, self._home.prefix, self._home.roots, self._workspace.annexes.read())
        for each in layout.operations:
            try:
                bounds.check_step(each, layout)
            except Distrusted as error:
                names = tuple(sorted(name for name, paths in self._files.items() if _concerns(each, paths)))
                raise FileConflict(
                    f"could not install {' and '.join(names) or 'the old files'}: {error}",
                    hint="skip the package with --exclude NAME",
                    names=names,
                ) from error

    def _record(self, layout: Layout) -> None:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._header = Header(id=self.id, when=when, kind=self._kind, undoes=self._undoes, changes=self._changes)
        sources = self._home.sources.with_further(self._sources) if self._sources else None
        leave(self._home.path, self._home.roots)
        self._workspace.record(self._header, layout, sources, self._rewrites)
        self._layout = layout

    @property
    def overwritten(self) -> Mapping[str, tuple[str, str]]:
        """Files of the last ``prepare`` that others list, too: path → (new owner, other owner)."""
        return {} if self._layout is None else self._layout.overwritten

    def entry(self) -> HistoryEntry:
        """Return its line in the history, right after commit."""
        assert self._header is not None, "prepare comes first"
        return self._header.entry(None)

    def _check_unchanged(self) -> None:
        if renewed(self._fingerprint) != self._fingerprint:
            raise EnvironmentChanged(
                "another program changed this environment during the run",
                hint="rerun pip-update when it has finished",
            )

    def swap(self, progress: Progress | None = None) -> None:
        """Rename everything: all of it, or nothing.

        Raises TransactionError and EnvironmentChanged; FileInUse, after which it can be prepared without some of it.
        """
        try:
            self._check_unchanged()
            with working_folder_outside(self._home.prefix):
                self._rename_or_split()
        except OSError as error:
            in_use = conflict(error, self._files)
            if in_use is not None:
                self.revert()
                raise in_use from error
            self.rollback()
            raise transaction_error(f"the {self._kind} failed and was rolled back", error, planned=True) from error
        except BaseException:
            self.rollback()
            raise
        if progress is not None:
            progress.step(amount=len(self._changes))

    def _rename_or_split(self) -> None:
        try:
            self._rename()
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._split()
            self._rename()

    def _rename(self) -> None:
        assert self._layout is not None, "prepare comes first"
        operations = self._layout.operations
        check_movable(operations)
        self._workspace.become("swapping")
        self.renames = len(operations)
        start = time.perf_counter()
        for each in operations:
            each.do()
        if self._rewrites:
            from .rewrites import put

            put(self._rewrites)
        self.seconds = time.perf_counter() - start
        sync(operations)
        self._workspace.become("swapped")

    def _split(self) -> None:
        """Move single files: some file systems cannot rename some directories (an overlay those of its lower
        layers).
        """
        with uninterrupted():
            self._workspace.take_back(self._layout)
        self._workspace.restart()
        self._record(self._lay_out(split=True))

    def commit(self, keep: int | None) -> None:
        """Commit: from here on, recovery keeps the new state.

        ``keep`` is the number of transactions, including this one, that keep their files for an undo; None leaves the
        others unchanged. Raises TransactionError, with nothing committed; leaving ``with`` then rolls back.
        """
        with uninterrupted(), raising_transaction_errors(f"could not commit the {self._kind}"):
            state = self._home.last_state(self.id, keep)
            try:
                self._workspace.become(state)
            except OSError:
                if self._workspace.reached != state:
                    raise
                # Committed, but a power cut may undo that: recovery then needs all that exists now.
                self._closed = True
                return
            self._closed = True
            # Only cleanup remains: recovery does what fails here.
            with suppress(OSError, TransactionError):
                self._home.finish_commit(self._workspace, keep)

    @property
    def committed(self) -> bool:
        """True if the new state is final."""
        return self._workspace.reached in DONE

    def revert(self) -> None:
        """Roll back a swap and keep what is staged, for another ``prepare`` and ``swap``.

        Raises TransactionError; leaving ``with`` then tries once more.
        """
        with uninterrupted(), raising_transaction_errors(f"could not roll back the {self._kind}"):
            self._workspace.take_back(self._layout)
            self._workspace.restart()

    def rollback(self) -> None:
        """Roll the environment back and remove the transaction. Does nothing after commit, or a second time.

        Raises TransactionError if the disk refuses: the next recovery then does it.
        """
        if self._closed:
            return
        with uninterrupted():
            self._closed = True
            try:
                self._take_back()
            except OSError as error:
                failed = transaction_error(f"the {self._kind} failed and could not be rolled back completely", error)
                script = os.path.join(self._home.path, RECOVER)
                hint = (
                    f"{failed.hint}; the old files are safe, and the next pip-update run restores them first, as does "
                    f"`python {script}`, which needs nothing else"
                ).lstrip("; ")
                raise TransactionError(failed.message, hint=hint) from error
            self._workspace.tidy()
            self._home.remove_if_empty()

    def _take_back(self) -> None:
        for pause in AGAIN:
            try:
                self._workspace.take_back(self._layout)
            except OSError:  # the cause may pass
                time.sleep(pause)
            else:
                return
        self._workspace.take_back(self._layout)

    def abandon(self) -> None:
        """Remove what is staged: nothing will be swapped."""
        self.rollback()

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._closed:
            with suppress(KeyboardInterrupt):  # an interrupt before interrupts are off is one too late
                self.rollback()


def _concerns(step: Operation, paths: Iterable[str]) -> bool:
    """Return whether a step is about one of these paths: live files, or directories with staged ones."""
    staged = f"{getattr(step, 'staged', '')}{os.sep}"
    return any(path == step.live or staged.startswith(path + os.sep) for path in paths)


def _check_devices(operations: Iterable[Operation], staging: str, annexes: Iterable[str]) -> None:
    """Raise OSError naming a directory on another file system: renames work within one only."""
    home = os.stat(staging).st_dev
    homes = {place: os.stat(place).st_dev for place in annexes}
    for folder in sorted({os.path.dirname(each.live) for each in operations}):
        there = next(each for each in ancestors(folder) if os.path.exists(reachable(each)))
        place = nearest(f"{folder}{os.sep}", homes) if homes else None
        if os.stat(reachable(there)).st_dev != (home if place is None else homes[place]):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), there)


def _normal(path: str) -> str:
    """Return the normalized path: the same object where nothing changes, as there are tens of thousands."""
    found = os.path.normpath(path)
    return path if found == path else found


def _shared(replacements: Iterable[Replacement]) -> dict[str, frozenset[str]]:
    """Return directories with a file that several of them list, with their names."""
    owners: dict[str, list[str]] = {}
    for each in replacements:
        for path in each.old_files:
            owners.setdefault(path, []).append(each.name)
    found: dict[str, set[str]] = {}
    for path, names in owners.items():
        if len(names) > 1:
            found.setdefault(os.path.dirname(os.path.normpath(path)), set()).update(names)
    return {folder: frozenset(names) for folder, names in found.items()}


@contextmanager
def _beside(action: Callable[[], None]) -> Iterator[None]:
    """Run ``action`` in a thread at the same time. Raises what it raises, once both are done."""
    failed: list[Exception] = []

    def run() -> None:
        try:
            action()
        except Exception as error:  # raised again below
            failed.append(error)

    thread = threading.Thread(target=run, name="flush")
    thread.start()
    try:
        yield
    finally:
        join(thread)
    if failed:
        raise failed[0]
