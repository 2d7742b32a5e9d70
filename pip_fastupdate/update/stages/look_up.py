"""The third stage: the newest releases of every project that may move."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from functools import cache

from packaging.version import Version

from ...core.errors import IndexUnreachable, UsageError
from ...core.models import Failure, Inventory, Release
from ...core.text import meant
from ...resolver.candidates import CandidatePool
from ..context import RunContext
from ..results import MISSING, UNREACHABLE, LookedUp
from ..source_pinning import sources_before


def look_up(context: RunContext, inventory: Inventory) -> LookedUp:
    """Ask the index for every project that may move.

    Raises IndexUnreachable when none could be reached, UsageError if the user named a package that is not installed,
    and TransactionError when it cannot be read where the installed versions came from.
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
    wrong = [each for each in failures.values() if each.kind not in MISSING]
    if wanted and len(wrong) == len(wanted):
        raise unreachable(wrong[0])
    history = cache(context.transactions.history)
    return LookedUp(before=sources_before(context, inventory), failures=failures, history=history)


def moving(context: RunContext, inventory: Inventory) -> frozenset[str] | None:
    """The names that the run is to move, and others only as far as they must; None for all."""
    names: frozenset[str] | None = frozenset(context.options.names) or None
    if context.options.policy.direct:
        names = _both(names, direct(inventory))
    if context.advice is not None and context.options.advisories.security is not None:
        names = _both(names, context.advice.to_fix())
    return names


def _both(names: frozenset[str] | None, further: frozenset[str]) -> frozenset[str]:
    return further if names is None else names & further


def direct(inventory: Inventory) -> frozenset[str]:
    """What the user asked for by name; where no installer noted that, what nothing installed requires."""
    requested = frozenset(each.name for each in inventory.distributions if each.requested)
    if requested:
        return requested
    return CandidatePool(inventory=inventory, source=_Nothing()).direct


def excluded(context: RunContext, name: str) -> bool:
    """Whether the user wants it left alone."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in context.options.exclude)


def unreachable(first: Failure) -> IndexUnreachable:
    """What to say where nothing could be looked up, for which ``first`` stands."""
    if first.kind == "offline":
        return IndexUnreachable(
            "Nothing about these packages is in the cache, and --offline forbids to ask.",
            hint="Run once without --offline; its answers are kept.",
        )
    if first.kind not in UNREACHABLE | {"tls", "proxy"}:
        return IndexUnreachable(
            f"The index answers for none of the packages: {first.text}.",
            hint="Check --index-url, and the credentials if it asks for some.",
        )
    return IndexUnreachable(
        f"The index cannot be reached: {first.text}.",
        hint="Check the network, --proxy and --index-url; --offline answers from the cache.",
    )


def _check_names(context: RunContext, inventory: Inventory) -> None:
    installed = inventory.by_name()
    unknown = [name for name in context.options.names if name not in installed]
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        raise UsageError(
            f"{', '.join(unknown)} {verb} not installed in {context.target.prefix}",
            hint=meant(unknown, installed) or "install new packages with pip; pip-update updates what is installed",
        )


class _Nothing:
    """A ``ReleaseSource`` without any project, for questions about what is installed."""

    def project(self, name: str) -> Failure:
        """Unknown, whatever the name."""
        return Failure(name=name, kind="not-found", text="not looked up")

    def requires(self, release: Release) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Nothing."""
