"""The fourth stage: plan the changes from the inventory and the index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...core.models import Failure, Hold, Inventory, Plan
from ...resolver.candidates import Assignment, CandidatePool
from ...resolver.explain import holds
from ..context import RunContext
from ..results import Exclusions, LookedUp, Planned, reasons_of
from ..scope import changes_of, constraints, moving, stays
from ..source_pinning import PinnedSource, pinning_notes
from ..up_to_date_marker import UpToDateMarker


def make_plan(context: RunContext, inventory: Inventory, looked_up: LookedUp, exclusions: Exclusions) -> Planned:
    """Return the newest consistent set, respecting earlier plans and advisories."""
    if context.lock_to is not None:
        from .locked import locked_plan

        return locked_plan(context, context.lock_to, inventory, exclusions)
    while True:
        planned = _plan(context, inventory, looked_up, exclusions)
        if context.advice is None or not context.advice.learn([each.target for each in planned.plan.changes]):
            return _pruned(context, planned)


def _pruned(context: RunContext, planned: Planned) -> Planned:
    """Return the plan with its leftovers; skipped if nothing changes and it is not requested."""
    prune = context.options.policy.prune
    if not planned.plan.changes and not prune:
        return planned
    from ..leftovers import with_leftovers
    from ..origin import origins

    planned = replace(planned, origins=origins(context, planned))
    return with_leftovers(planned, context.past.updates(), prune=prune)


def _plan(context: RunContext, inventory: Inventory, looked_up: LookedUp, exclusions: Exclusions) -> Planned:
    names = moving(context, inventory)
    failures = {**context.catalog.failures, **exclusions.failures}
    kept = {**stays(context, inventory), **reasons_of(failures), **exclusions.stays}
    source = context.catalog if context.advice is None else context.advice.screened(context.catalog)
    with context.progress.stage("plan"):
        pool = CandidatePool(
            inventory=inventory,
            source=PinnedSource(source, looked_up.before),
            stays=kept,
            constraints=constraints(context.settings.constraints),
            corrections={**exclusions.corrections, **exclusions.damaged},
        )
        assignment, gave_up = _solve(context, pool, exclusions, names)
        changes = tuple(changes_of(pool, assignment))
        asked = frozenset(each.name for each in inventory.distributions) if names is None else names
        held = list(holds(pool, assignment, filter(pool.may_move, asked), gave_up=gave_up))
        notes = (*_notes(gave_up), *pinning_notes(context, pool, asked))
        plan = Plan(changes=changes, holds=tuple(held), notes=notes)
    installed = inventory.by_name()
    failures = {**context.catalog.failures, **exclusions.failures}
    relevant = {name: each for name, each in failures.items() if name in installed or name in exclusions.failures}
    damaged = {name: each for (name, _), each in exclusions.damaged.items()}
    relevant = {**_unusable(pool, held), **damaged, **relevant}
    return Planned(pool=pool, assignment=assignment, plan=plan, failures=relevant, gave_up=gave_up, names=names)


def _unusable(pool: CandidatePool, held: Iterable[Hold]) -> dict[str, Failure]:
    """Return why the newest release of a held distribution is unusable (its file or metadata is bad), by name."""
    found: dict[str, Failure] = {}
    for hold in held:
        if any(reason.kind == "metadata" for reason in hold.reasons):
            failure = pool.failure(pool.versions_of(hold.name)[0])
            if failure is not None and failure.kind not in ("requires-python", "offline"):
                found[hold.name] = failure
    return found


def _marker(context: RunContext, names: frozenset[str] | None) -> UpToDateMarker:
    """Return the marker of the last best result; an empty one for a run about some names only."""
    directory = None if names is not None else context.options.cache.directory
    return UpToDateMarker.of(directory, context.target.prefix)


def remember(context: RunContext, planned: Planned) -> None:
    """Record that the plan is live and the best possible: the next run need not search, unless this one gave up."""
    if not planned.gave_up:
        _marker(context, planned.names).keep(planned.pool, planned.assignment)


def _solve(
    context: RunContext, pool: CandidatePool, exclusions: Exclusions, names: frozenset[str] | None
) -> tuple[Assignment, frozenset[str]]:
    """Return the best consistent assignment, and the names whose search hit its limit."""
    if names is not None and not names:
        return pool.installed, frozenset()
    marker = _marker(context, names)
    if exclusions == Exclusions() and not context.options.cache.refresh and marker.holds(pool):
        return pool.installed, frozenset()
    from ...resolver.search import Wishes, best_assignment

    solution = best_assignment(pool, Wishes(names=names or frozenset()))
    if solution.assignment == pool.installed and not solution.gave_up:
        marker.keep(pool, pool.installed)
    return solution.assignment, solution.gave_up


def _notes(gave_up: frozenset[str]) -> tuple[str, ...]:
    if not gave_up:
        return ()
    names = sorted(gave_up)
    shown = ", ".join(names if len(names) <= 5 else [*names[:4], f"{len(names) - 4} more"])
    return (
        f"the search hit its limit for {shown}; run `pip-update {' '.join(names[:5])}` to look for newer versions of "
        f"{'it' if len(names) == 1 else 'them'} alone",
    )
