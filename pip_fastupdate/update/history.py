"""List and undo past transactions, using only the standard library in case everything else is broken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..core.entry import HistoryEntry
from ..core.errors import EnvironmentLocked, late
from ..core.options import Options
from ..transaction.here import transactions

if TYPE_CHECKING:
    from ..core.protocols import Progress


def recover(progress: Progress) -> None:
    """Recover an interrupted run, unless another run is at work, which a change waits for later."""
    found = transactions()
    if not found.exist() or found.pending() is None:
        return
    with suppress(EnvironmentLocked), found.lock(0, lambda: None, progress.warn):
        message = found.recover()
        if message:
            progress.warn(message)


def history() -> tuple[HistoryEntry, ...]:
    """Return the transactions of the running environment, newest first."""
    return transactions().history()


def undo(id: str | None, options: Options, progress: Progress) -> HistoryEntry:
    """Undo a transaction, the last one for None; undoing an undo redoes it.

    Raises TransactionError if there is nothing to undo, its files are gone, the environment has changed since, or it
    would break requirements of packages installed since.
    """
    progress.note(f"{sys.prefix}: Python {sys.version.split()[0].rstrip('+')}")
    found = transactions()
    with found.lock(
        options.lock_timeout,
        lambda: progress.note("waiting for another pip-update run on this environment"),
        progress.warn,
    ):
        message = found.recover()
        if message:
            progress.warn(message)
        for path in found.edited_files(id):
            progress.warn(f"{path} was edited since; leaving it unchanged")
        check = _consistency(found.names_before(id), progress)
        with progress.stage("swap"):
            entry = found.undo(id, check=check)
    with late(lambda: True):
        for name, before, after in entry.changes:
            progress.note(f"{name}: {before or 'not installed'} → {after or 'removed'}")
        return entry


def _consistency(restored: frozenset[str], progress: Progress) -> Callable[[], None]:
    """Return the check between swap and commit; it needs packaging, but an undo must not fail without that."""
    try:
        from .consistency import unfit_since

        return unfit_since(restored)
    except Exception as error:  # whatever a broken package raises on import
        said = str(error) or type(error).__name__
        progress.warn(f"could not check whether all requirements are satisfied: {said}")
        return lambda: None
