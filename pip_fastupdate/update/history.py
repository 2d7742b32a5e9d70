"""What was changed before, and swapping it back."""

from __future__ import annotations

from .._pip import environment
from ..errors import late
from ..models import Entry
from ..options import Options
from ..progress import Silent
from .tools import transactions_of


def history() -> tuple[Entry, ...]:
    """The transactions of the running environment, newest first."""
    return transactions_of(environment.target()).history()


def undo(id: str | None, options: Options, progress: Silent) -> Entry:
    """Swap a transaction back, the last one for None; undoing an undo does it again.

    Raises TransactionError when there is nothing to undo, its files are gone or the environment has changed since.
    """
    target = environment.target()
    progress.note(f"{target.prefix}: Python {target.python}, pip {target.pip}")
    transactions = transactions_of(target)
    with transactions.lock(options.lock_timeout, lambda: progress.note("waiting for another run to end")):
        told = transactions.recover()
        if told:
            progress.warn(told)
        with progress.stage("swap"):
            entry = transactions.undo(id)
    with late(lambda: True):
        for name, before, after in entry.changes:
            progress.note(f"{name}: {before or 'not installed'} -> {after or 'removed'}")
        return entry
