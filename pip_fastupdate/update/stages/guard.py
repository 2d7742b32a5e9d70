"""The first two stages: may this environment be changed, and what is installed in it."""

from __future__ import annotations

from ...core.models import Inventory
from ...environment import scan as environment
from ...environment.guard import check
from ...transaction import Fingerprint, fingerprint
from ..context import RunContext


def guard(context: RunContext) -> Fingerprint:
    """Refuse what must not be changed, take the environment's lock, and finish what an earlier run left unfinished.

    Returns what the environment looks like now, so that a change by another program shows before the swap. A run that
    changes nothing takes no lock. Raises EnvironmentRefused, EnvironmentLocked, UsageError and TransactionError.
    """
    check(context.settings, changing=context.changing)
    if context.options.lock_file is not None:
        from ... import lockfile

        lockfile.check(context.options.lock_file)
    if not context.changing:
        pending = context.transactions.pending()
        if pending:
            context.progress.warn(pending, hint="the next run that is not a dry run mends this first")
        return {}
    if context.lock.take():
        recovered = context.transactions.recover()
        if recovered:
            context.progress.warn(recovered)
    return fingerprint(environment.folders())


def scan(context: RunContext) -> Inventory:
    """What is installed."""
    target, progress = context.target, context.progress
    with progress.stage("scan"):
        inventory = environment.scan(progress.warn, user=context.settings.user)
        count = len(inventory.distributions)
        progress.note(f"{target.prefix}: Python {target.python}, pip {target.pip}, {count} distributions")
    return inventory
