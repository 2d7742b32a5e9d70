"""What a run may change and what limits it, shared by the planning stages."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from ..core.errors import IndexUnreachable, UsageError
from ..core.models import Change, Failure, Inventory, Reason, Release
from ..core.reasons import UNREACHABLE
from ..core.requirements import InvalidRequirement, parse
from ..resolver.candidates import Assignment, CandidatePool
from .context import RunContext


def moving(context: RunContext, inventory: Inventory) -> frozenset[str] | None:
    """Return the names to update, others only as needed; None for all."""
    if context.chosen is not None:
        return context.chosen
    names: frozenset[str] | None = frozenset(context.options.names) or None
    if context.options.policy.direct:
        names = _both(names, direct(inventory))
    if context.advice is not None and context.options.advisories.security is not None:
        names = _both(names, context.advice.to_fix())
    return names


def _both(names: frozenset[str] | None, further: frozenset[str]) -> frozenset[str]:
    return further if names is None else names & further


def direct(inventory: Inventory) -> frozenset[str]:
    """Return the names the user asked for; if no installer recorded that, those that nothing installed requires."""
    requested = frozenset(each.name for each in inventory.distributions if each.requested)
    if requested:
        return requested
    return CandidatePool(inventory=inventory, source=_Nothing()).direct


def excluded(context: RunContext, name: str) -> bool:
    """Return whether the user excluded it."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in context.options.exclude)


def stays(context: RunContext, inventory: Inventory) -> dict[str, Reason]:
    """Return what the run must not change, by name, and why."""
    found = {each.name: each.skip for each in inventory.distributions if each.skip is not None}
    for each in inventory.distributions:
        if each.skip is None and excluded(context, each.name):
            found[each.name] = Reason(
                kind="excluded", text=f"excluded by --exclude{context.options.policy.why(each.name)}"
            )
    return found


def changes_of(pool: CandidatePool, assignment: Assignment) -> list[Change]:
    """Return what an assignment changes, by name."""
    found = []
    for name, candidate in sorted(assignment.items()):
        if candidate.release is not None:
            today = pool.installed.get(name)
            found.append(
                Change(
                    name=name,
                    installed=today.version if today else None,
                    target=candidate.release,
                    requested=pool.requested(name),
                )
            )
    return found


def constraints(lines: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return specifiers by name from requirement lines. Raises UsageError for a line without version constraint."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        try:
            dependency = parse(line)
        except InvalidRequirement as invalid:
            raise UsageError(f"could not parse constraint {line!r}: {invalid}") from None
        if dependency.extras:
            raise UsageError(f"constraint {line!r} has extras, which pip does not allow")
        if dependency.applies(frozenset()):
            found[dependency.name] = (*found.get(dependency.name, ()), dependency.specifier)
    return found


def unreachable(first: Failure) -> IndexUnreachable:
    """Return the error for a run without any lookup, of which ``first`` is an example."""
    if first.kind == "offline":
        return IndexUnreachable(
            "none of these packages are cached, and --offline prevents fetching them",
            hint="run once without --offline to fill the cache",
        )
    if first.kind not in UNREACHABLE | {"tls", "proxy"}:
        return IndexUnreachable(
            f"the index returned nothing usable for any package: {first.text}",
            hint="check --index-url and your credentials",
        )
    return IndexUnreachable(
        f"could not reach the index: {first.text}",
        hint="check the network, --proxy and --index-url, or use cached data with --offline",
    )


class _Nothing:
    """A ``ReleaseSource`` without projects, for questions about installed packages."""

    def project(self, name: str) -> Failure:
        """Return an unknown project for every name."""
        return Failure(name=name, kind="not-found", text="not looked up")

    def requires(self, release: Release) -> tuple[str, ...]:
        """Do nothing."""
        return ()

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Do nothing."""
