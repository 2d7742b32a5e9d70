"""The third stage: look up the newest releases of every project that may change."""

from __future__ import annotations

from packaging.version import Version

from ...core.errors import UsageError
from ...core.models import Inventory
from ...core.text import meant
from ..context import RunContext
from ..results import LookedUp
from ..scope import excluded, moving, unreachable
from ..source_pinning import sources_before


def look_up(context: RunContext, inventory: Inventory) -> LookedUp:
    """Look up every project that may change.

    Raises IndexUnreachable if none could be reached, UsageError if the user named a package that is not installed, and
    TransactionError if the record of indexes cannot be read.
    """
    if context.lock_to is not None:
        from . import locked

        return locked.look_up(context, context.lock_to, inventory)
    _check_names(context, inventory)
    if context.advice is not None:
        context.advice.consult(inventory)
    names = moving(context, inventory)
    wanted: dict[str, Version | None] = {
        each.name: each.version
        for each in inventory.distributions
        if each.skip is None and not excluded(context, each.name) and (names is None or each.name in names)
    }
    others = {each.name: each.version for each in inventory.distributions if each.name not in wanted}
    with context.progress.stage("look up", len(wanted)):
        context.catalog.look_up(wanted, context.progress, others, context.filters())
    failures = {name: each for name, each in context.catalog.failures.items() if name in wanted}
    wrong = [each for each in failures.values() if each.kind != "not-found"]
    if wanted and len(wrong) == len(wanted):
        raise unreachable(wrong[0])
    return LookedUp(before=sources_before(context, inventory), failures=failures)


def _check_names(context: RunContext, inventory: Inventory) -> None:
    installed = inventory.by_name()
    unknown = [name for name in context.options.names if name not in installed]
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        raise UsageError(
            f"{', '.join(unknown)} {verb} not installed in {context.target.prefix}",
            hint=meant(unknown, installed)
            or ("pip-update only updates installed packages; use `pip install` to add new ones"),
        )
