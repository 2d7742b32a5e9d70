"""Scan, look up, plan: from the environment to what would be changed."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from packaging.version import Version

from ..core.errors import IndexUnreachable, UsageError
from ..core.models import Change, Failure, Hold, Inventory, Plan, Reason, Release
from ..core.protocols import Filters, ReleaseSource
from ..core.requirements import InvalidRequirement, parse
from ..resolver.candidates import Assignment, Key, World
from ..resolver.explain import holds
from .context import Tools
from .failures import GONE, MISSING, OFFLINE, UNFIT, reasons_of
from .source_pinning import Pinned, pinning_notes, sources_before
from .up_to_date_marker import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """What was learned while carrying out a plan, and has to be respected by the next one."""

    failures: Mapping[str, Failure] = field(default_factory=dict)
    stays: Mapping[str, Reason] = field(default_factory=dict)
    corrections: Mapping[Key, tuple[str, ...] | Failure] = field(default_factory=dict)
    damaged: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases whose files are bad; others of the same projects may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, and what it was made from."""

    world: World
    assignment: Assignment
    plan: Plan
    failures: Mapping[str, Failure]
    """By name: what could not be looked up, and what failed before."""

    gave_up: frozenset[str] = frozenset()
    """Names for which the search for the newest versions was cut short."""

    names: frozenset[str] | None = None
    """What was to be moved; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A plan that was carried out, or whatever was left of it."""

    planned: Planned
    warnings: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    transaction: str | None = None
    """None when nothing was left to change."""

    growth: int | None = None
    """Bytes by which the environment grew."""


def check_names(tools: Tools, inventory: Inventory) -> None:
    """Raises UsageError for a name that is not installed."""
    unknown = [name for name in tools.options.names if name not in inventory.by_name()]
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        raise UsageError(
            f"{', '.join(unknown)} {verb} not installed in {tools.target.prefix}.",
            hint="pip-update brings up to date what is installed; install new packages with pip.",
        )


def moving(tools: Tools, inventory: Inventory) -> frozenset[str] | None:
    """The names that the run is to move, and others only as far as they must; None for all."""
    names: frozenset[str] | None = frozenset(tools.options.names) or None
    if tools.options.policy.direct:
        names = _both(names, direct(inventory))
    if tools.advice is not None and tools.options.advisories.security is not None:
        names = _both(names, tools.advice.to_fix())
    return names


def _both(names: frozenset[str] | None, further: frozenset[str]) -> frozenset[str]:
    return further if names is None else names & further


def direct(inventory: Inventory) -> frozenset[str]:
    """What the user asked for by name; where no installer noted that, what nothing installed requires."""
    requested = frozenset(each.name for each in inventory.distributions if each.requested)
    if requested:
        return requested
    return World(inventory=inventory, source=_Nothing()).direct


def look_up(tools: Tools, inventory: Inventory) -> dict[str, Failure]:
    """Ask the index for every project that may move. Raises IndexUnreachable when none could be reached."""
    if tools.advice is not None:
        tools.advice.consult(inventory)
    names = moving(tools, inventory)
    wanted: dict[str, Version | None] = {
        each.name: each.version
        for each in inventory.distributions
        if each.skip is None and not _excluded(tools, each.name) and (names is None or each.name in names)
    }
    others = {each.name: each.version for each in inventory.distributions if each.name not in wanted}
    with tools.progress.stage("look up", len(wanted)):
        tools.catalog.look_up(wanted, tools.progress, others, filters(tools))
    failures = {name: each for name, each in tools.catalog.failures.items() if name in wanted}
    wrong = [each for each in failures.values() if each.kind not in MISSING]
    if wanted and len(wrong) == len(wanted):
        raise _unreachable(wrong[0])
    return failures


def filters(tools: Tools) -> Filters:
    """What the user lets in beside pip's own policy; nothing is imported where he said nothing about it."""
    if not tools.options.policy.filters and tools.advice is None:
        return ()
    from ..policy import filters_of

    return filters_of(tools.options.policy, tools.advice.knowledge() if tools.advice else None)


def _unreachable(first: Failure) -> IndexUnreachable:
    if first.kind == "offline":
        return IndexUnreachable(
            "Nothing about these packages is in the cache, and --offline forbids to ask.",
            hint="Run once without --offline; its answers are kept.",
        )
    if first.kind not in GONE | {"tls", "proxy"}:
        return IndexUnreachable(
            f"The index answers for none of the packages: {first.text}.",
            hint="Check --index-url, and the credentials if it asks for some.",
        )
    return IndexUnreachable(
        f"The index cannot be reached: {first.text}.",
        hint="Check the network, --proxy and --index-url; --offline answers from the cache.",
    )


def make_plan(tools: Tools, inventory: Inventory, barred: Barred) -> Planned:
    """The newest consistent set, respecting what was learned before, and nothing that advisories warn of."""
    while True:
        planned = _plan(tools, inventory, barred)
        if tools.advice is None or not tools.advice.learn([each.target for each in planned.plan.changes]):
            return planned


def _plan(tools: Tools, inventory: Inventory, barred: Barred) -> Planned:
    names = moving(tools, inventory)
    failures = {**tools.catalog.failures, **barred.failures}
    stays = {**_stays(tools, inventory), **reasons_of(failures), **barred.stays}
    source: ReleaseSource = tools.catalog if tools.advice is None else tools.advice.screened(tools.catalog)
    with tools.progress.stage("plan"):
        world = World(
            inventory=inventory,
            source=Pinned(source, sources_before(tools, inventory)),
            stays=stays,
            constraints=constraints(tools.settings.constraints),
            corrections={**barred.corrections, **barred.damaged},
        )
        assignment, gave_up = _solve(tools, world, barred, names)
        changes = tuple(_changes(world, assignment))
        asked = frozenset(each.name for each in inventory.distributions) if names is None else names
        held = list(holds(world, assignment, filter(world.may_move, asked), gave_up=gave_up))
        notes = (*_notes(gave_up), *pinning_notes(tools, world, asked))
        plan = Plan(changes=changes, holds=tuple(held), notes=notes)
    installed = inventory.by_name()
    failures = {**tools.catalog.failures, **barred.failures}
    relevant = {name: each for name, each in failures.items() if name in installed or name in barred.failures}
    relevant = {**_unusable(world, held), **{name: each for (name, _), each in barred.damaged.items()}, **relevant}
    return Planned(world=world, assignment=assignment, plan=plan, failures=relevant, gave_up=gave_up, names=names)


def _unusable(world: World, held: Iterable[Hold]) -> dict[str, Failure]:
    """By name, why the newest release of a distribution that is held is none: its file, or its metadata, is bad."""
    found: dict[str, Failure] = {}
    for hold in held:
        if any(reason.kind == "metadata" for reason in hold.reasons):
            failure = world.failure(world.domain(hold.name)[0])
            if failure is not None and failure.kind not in (UNFIT, OFFLINE):
                found[hold.name] = failure
    return found


def settled(tools: Tools, names: frozenset[str] | None) -> Settled:
    """The memory of what was the best before; none for a run that is about some names only."""
    directory = None if names is not None else tools.options.cache.directory
    return Settled.of(directory, tools.target.prefix)


def remember(tools: Tools, planned: Planned) -> None:
    """Note that the plan is live now, and the best there is: the next run need not search, unless this one gave up."""
    if not planned.gave_up:
        settled(tools, planned.names).keep(planned.world, planned.assignment)


def _solve(
    tools: Tools, world: World, barred: Barred, names: frozenset[str] | None
) -> tuple[Assignment, frozenset[str]]:
    """The best consistent assignment, and the names for which the search for it was cut short."""
    if names is not None and not names:
        return world.installed, frozenset()
    memory = settled(tools, names)
    if barred == Barred() and not tools.options.cache.refresh and memory.holds(world):
        return world.installed, frozenset()
    from ..resolver.search import Wishes, best_assignment

    solution = best_assignment(world, Wishes(names=names or frozenset()))
    if solution.assignment == world.installed and not solution.gave_up:
        memory.keep(world, world.installed)
    return solution.assignment, solution.gave_up


def _notes(gave_up: frozenset[str]) -> tuple[str, ...]:
    if not gave_up:
        return ()
    names = sorted(gave_up)
    shown = ", ".join(names if len(names) <= 5 else [*names[:4], f"{len(names) - 4} more"])
    return (
        f"the search was cut short for {shown}: newer versions may be possible; "
        f"`pip-update {' '.join(names[:5])}` searches for {'it' if len(names) == 1 else 'them'} alone",
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


def _stays(tools: Tools, inventory: Inventory) -> dict[str, Reason]:
    stays = {each.name: each.skip for each in inventory.distributions if each.skip is not None}
    for each in inventory.distributions:
        if each.skip is None and _excluded(tools, each.name):
            stays[each.name] = Reason(kind="excluded", text="excluded with --exclude")
    return stays


def _excluded(tools: Tools, name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in tools.options.exclude)


def _changes(world: World, assignment: Assignment) -> list[Change]:
    found = []
    for name, candidate in sorted(assignment.items()):
        if candidate.release is not None:
            today = world.installed.get(name)
            found.append(
                Change(
                    name=name,
                    installed=today.version if today else None,
                    target=candidate.release,
                    requested=world.requested(name),
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
