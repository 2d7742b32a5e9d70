"""The eighth stage: swap in what is staged. No other module changes the live environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..._pip import preload
from ...core.errors import EnvironmentChanged, FileConflict, FileInUse
from ...core.models import Change, Difference, Distribution, Reason
from ...core.threads.background import return_memory
from ...environment import installed_files
from ...environment.installed_files import Claims
from ...network.lean import lean
from ...transaction import Fingerprint, Replacement
from ...transaction import fingerprint as fingerprint_of
from ..own_requirements import own_names
from ..remarks import left_in_place, overwrites
from ..results import Installed, Planned, Staged, Swapped
from ..space import growth, recorded
from ..staging_area import StagingArea
from .plan import remember


def swap(area: StagingArea, planned: Planned, staged: Staged, before: Fingerprint) -> Swapped:
    """Swap in the staged plan: all of it, or nothing if one of its files conflicts or is in use.

    ``before`` is the fingerprint that the plan was made for. Raises TransactionError and its subclasses; the
    environment is then unchanged unless the error says otherwise.
    """
    context, changes = area.context, planned.plan.changes
    swapped = Swapped(planned=planned, staged=staged, before=before)
    with context.progress.timed("prepare"):
        grown = growth(changes, area.installed, {change.name: staged.of(change).wheel.info for change in changes})
        grown -= sum(recorded(area.installed[name].info) for name in planned.removals)
        differences = _changes(area, planned, staged)
        claims = _claims(area, planned, staged)
        return_memory()  # of what was unpacked and imported so far: the layout of all files is the peak
        try:
            _prepare(area, planned, staged, before, claims)
        except FileConflict as conflict:
            return replace(swapped, conflict=conflict)
    if area.unpacked:
        with context.progress.timed("keep files"):
            for unpacked in area.unpacked:
                unpacked.keep()
    with context.progress.timed("load"):
        with lean():
            preload.import_everything()
        context.load_report()
    with context.progress.stage("swap", len(changes)):
        try:
            area.transaction.swap(context.progress)
        except FileInUse as conflict:  # rolled back already
            return replace(swapped, conflict=conflict, before=fingerprint_of(map(Path, before)))
    disputed = {name: claim.disputed for name, claim in claims.items() if claim.disputed}
    return replace(
        swapped, disputed=disputed, overwritten=area.transaction.overwritten, growth=grown, changes=differences
    )


def _changes(area: StagingArea, planned: Planned, staged: Staged) -> Mapping[str, Difference]:
    if area.context.options.changes is None:
        return {}
    from ..changes import from_staged

    return from_staged(area, planned, staged)


def take_back(area: StagingArea, swapped: Swapped) -> Fingerprint:
    """Roll back; what is staged can be swapped in again. Returns the fingerprint of the environment.

    Raises EnvironmentChanged if another program installed or removed something, and TransactionError.
    """
    with area.context.progress.timed("take back"):
        area.transaction.revert()
        now = fingerprint_of(map(Path, swapped.before))
    if _names(now) != _names(swapped.before):
        raise EnvironmentChanged(
            "the test or another program installed or removed packages in this environment",
            hint="rerun pip-update with a test that does not change the environment",
        )
    return now


def keep(area: StagingArea, swapped: Swapped) -> Installed:
    """Commit what was swapped in. Raises TransactionError, with nothing committed."""
    with area.context.progress.timed("commit"):
        area.transaction.commit(area.context.options.keep)
        remember(area.context, swapped.planned)
    return Installed(
        planned=swapped.planned,
        warnings=_warnings(area, swapped),
        transaction=area.transaction.id,
        growth=swapped.growth,
        changes=swapped.changes,
    )


def _prepare(
    area: StagingArea, planned: Planned, staged: Staged, before: Fingerprint, claims: Mapping[str, Claims]
) -> None:
    """Write the journal of the swap. Raises FileConflict, TransactionError and its subclasses."""
    moving = {*planned.removals, *(change.name for change in planned.plan.changes)}
    others = [each for each in planned.inventory.distributions if each.name not in moving]
    area.transaction.prepare(
        [
            *(_replacement(area, change, staged, claims) for change in requirements_first(planned)),
            *(_removal(area.installed[name]) for name in planned.removals),
        ],
        kept_files=installed_files.owners(others),
        overwrite=True,
        own=own_names(planned),
        fingerprint=before,
        rewrites=area.context.project.rewrites(area.context, planned),
    )


def _claims(area: StagingArea, planned: Planned, staged: Staged) -> dict[str, Claims]:
    """Return the files listed by the replaced versions, by name."""
    return {
        change.name: installed_files.claims(area.installed[change.name], coming=staged.of(change).wheel.mirror.staged)
        for change in planned.plan.changes
        if change.installed
    }


def _replacement(area: StagingArea, change: Change, staged: Staged, claims: Mapping[str, Claims]) -> Replacement:
    wheel = staged.of(change).wheel
    return Replacement(
        name=change.name,
        before=area.installed[change.name].text if change.installed else None,
        after=str(change.target.version),
        old_files=claims[change.name].files if change.installed else (),
        staged=wheel.root,
        base=wheel.base,
        source=change.target.index or None,
    )


def _removal(distribution: Distribution) -> Replacement:
    return Replacement(
        name=distribution.name,
        before=distribution.text,
        after=None,
        old_files=installed_files.claims(distribution).files,
        staged=None,
    )


def _warnings(area: StagingArea, swapped: Swapped) -> dict[str, tuple[Reason, ...]]:
    """Return warnings about the new versions and what they replace, by name."""
    changes, prefix = swapped.planned.plan.changes, area.context.target.prefix
    found = swapped.staged.warnings(changes)
    for name in {change.name for change in changes}:
        further = list(left_in_place(swapped.disputed.get(name, ()), prefix))
        further += overwrites(name, swapped.overwritten, prefix)
        if further:
            found[name] = (*found.get(name, ()), *further)
    return found


def requirements_first(planned: Planned) -> list[Change]:
    """Return the changes in pip's installation order: the last one's shared files win."""
    changes = {change.name: change for change in planned.plan.changes}
    requires: dict[str, set[str]] = {}
    for parent, dependency in planned.pool.requirements(planned.assignment):
        requires.setdefault(parent.name, set()).add(dependency.name)
    ordered: dict[str, Change] = {}
    seen: set[str] = set()
    waiting = [(name, False) for name in reversed(changes)]
    while waiting:  # no recursion: nothing limits how long a chain of requirements is
        name, done = waiting.pop()
        if done:
            ordered[name] = changes[name]
        elif name not in seen:
            seen.add(name)
            further = sorted(requires.get(name, set()) & changes.keys() - seen, reverse=True)
            waiting += [(name, True), *((each, False) for each in further)]
    return list(ordered.values())


def _names(fingerprint: Fingerprint) -> dict[str, list[str]]:
    return {folder: sorted(found) for folder, found in fingerprint.items()}
