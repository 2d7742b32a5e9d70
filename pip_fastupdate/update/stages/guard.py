"""The first two stages: check that this environment may be changed, and scan it."""

from __future__ import annotations

from ...core.models import Inventory
from ...core.text import plural
from ...environment import scan as environment
from ...environment.guard import check
from ...transaction import Fingerprint, fingerprint
from ..context import RunContext


def guard(context: RunContext) -> Fingerprint:
    """Refuse forbidden changes, take the environment's lock, and recover an earlier run.

    Returns the fingerprint of the environment, to detect changes by another program before the swap. A run that changes
    nothing takes no lock. Raises EnvironmentRefused, EnvironmentLocked, UsageError and TransactionError.
    """
    check(context.settings, changing=context.changing)
    if context.options.lock_file is not None:
        from ... import lockfile

        lockfile.check(context.options.lock_file)
    if not context.changing:
        pending = context.transactions.pending()
        if pending:
            context.progress.warn(pending, hint="the next run without --dry-run or --check fixes this first")
        return {}
    if context.lock.take():
        recovered = context.transactions.recover()
        if recovered:
            context.progress.warn(recovered)
    return fingerprint(environment.folders())


def scan(context: RunContext) -> Inventory:
    """Return the inventory of installed packages."""
    target, progress = context.target, context.progress
    with progress.stage("scan"):
        inventory = environment.scan(progress.warn, user=context.settings.user)
        count = len(inventory.distributions)
        progress.note(f"{target.prefix}: Python {target.python}, pip {target.pip}, {plural(count, 'package')}")
    return inventory
