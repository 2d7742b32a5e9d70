"""What a run may move, and what binds it: what the stages that plan have in common."""

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
    """The names that the run is to move, and others only as far as they must; None for all."""
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
    """What the user asked for by name; where no installer noted that, what nothing installed requires."""
    requested = frozenset(each.name for each in inventory.distributions if each.requested)
    if requested:
        return requested
    return CandidatePool(inventory=inventory, source=_Nothing()).direct


def excluded(context: RunContext, name: str) -> bool:
    """Whether the user wants it left alone."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in context.options.exclude)


def stays(context: RunContext, inventory: Inventory) -> dict[str, Reason]:
    """By name, what the run must not move, and why."""
    found = {each.name: each.skip for each in inventory.distributions if each.skip is not None}
    for each in inventory.distributions:
        if each.skip is None and excluded(context, each.name):
            found[each.name] = Reason(
                kind="excluded", text=f"excluded with --exclude{context.options.policy.why(each.name)}"
            )
    return found


def changes_of(pool: CandidatePool, assignment: Assignment) -> list[Change]:
    """What an assignment changes, by name."""
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
    """Specifiers by name from requirement lines. Raises UsageError for a line that constrains no version."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        try:
            dependency = parse(line)
        except InvalidRequirement as invalid:
            raise UsageError(f"The constraint {line!r} cannot be understood: {invalid}.") from None
        if dependency.extras:
            raise UsageError(f"The constraint {line!r} names extras, which pip does not allow.")
        if dependency.applies(frozenset()):
            found[dependency.name] = (*found.get(dependency.name, ()), dependency.specifier)
    return found


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
