"""What was changed before, and swapping it back: with the standard library alone, where nothing else works."""

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
    """Take back what was cut short; that is left where another run is at work, for which a change waits later."""
    found = transactions()
    if not found.exist() or found.pending() is None:
        return
    with suppress(EnvironmentLocked), found.lock(0, lambda: None, progress.warn):
        message = found.recover()
        if message:
            progress.warn(message)


def history() -> tuple[HistoryEntry, ...]:
    """The transactions of the running environment, newest first."""
    return transactions().history()


def undo(id: str | None, options: Options, progress: Progress) -> HistoryEntry:
    """Swap a transaction back, the last one for None; undoing an undo does it again.

    Raises TransactionError when there is nothing to undo, its files are gone, the environment has changed since, or
    requirements of what was installed since would not be fulfilled any more.
    """
    progress.note(f"{sys.prefix}: Python {sys.version.split()[0].rstrip('+')}")
    found = transactions()
    with found.lock(options.lock_timeout, lambda: progress.note("waiting for another run to end"), progress.warn):
        message = found.recover()
        if message:
            progress.warn(message)
        for path in found.edited_files(id):
            progress.warn(f"{path} was edited since: it is left as it is")
        check = _consistency(found.names_before(id), progress)
        with progress.stage("swap"):
            entry = found.undo(id, check=check)
    with late(lambda: True):
        for name, before, after in entry.changes:
            progress.note(f"{name}: {before or 'not installed'} -> {after or 'removed'}")
        return entry


def _consistency(restored: frozenset[str], progress: Progress) -> Callable[[], None]:
    """The check between swap and commit; it needs packaging, and without that no undo must fail."""
    try:
        from .consistency import unfit_since

        return unfit_since(restored)
    except Exception as error:  # whatever a broken package raises when it is imported
        said = str(error) or type(error).__name__
        progress.warn(f"whether all requirements are fulfilled after this cannot be checked: {said}")
        return lambda: None
