"""What the new versions of a plan change, for ``--changes``: from staged wheels, or from sidecars before a download."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.models import Change, Difference, Distribution
from ..core.text import some
from ..environment.differences import Facts, difference, facts_of, facts_of_metadata
from .context import RunContext
from .results import Planned, Staged
from .staging_area import StagingArea


def from_staged(area: StagingArea, planned: Planned, staged: Staged) -> dict[str, Difference]:
    """Return the changes by name; before the swap, which moves the old files."""
    if area.context.options.changes is None:
        return {}
    return _found(area.context, planned, lambda change: facts_of(staged.of(change).wheel.info))


def from_index(context: RunContext, planned: Planned) -> dict[str, Difference]:
    """Return the changes by name, as far as the index shows them without a download."""
    if context.options.changes is None:
        return {}
    return _found(context, planned, lambda change: _foretold(context, change))


def _found(context: RunContext, planned: Planned, new: Callable[[Change], Facts | None]) -> dict[str, Difference]:
    installed = planned.inventory.by_name()
    names = context.options.changes
    unknown = sorted(set(names or ()) - installed.keys() - {change.name for change in planned.plan.changes})
    if unknown:
        context.progress.warn(f"--changes names packages that are not installed: {some(unknown)}")
    found = {}
    for change in planned.plan.changes:
        if not names or change.name in names:
            old = installed.get(change.name)
            found[change.name] = _difference(planned, change, old, new(change))
    return found


def _difference(planned: Planned, change: Change, old: Distribution | None, new: Facts | None) -> Difference:
    releases = planned.releases(change.name)
    before = next((each.uploaded for each in releases if each.version == change.installed), None)
    return difference(
        facts_of(old.info) if old is not None and change.installed is not None else None,
        new,
        releases=_between(change, (each.version for each in releases)) if change.installed is not None else 0,
        before=before,
        after=change.target.uploaded,
    )


def _between(change: Change, versions: Iterable[object]) -> int:
    target = change.target.version
    return sum(change.installed < each < target for each in versions)  # type: ignore[operator]


def _foretold(context: RunContext, change: Change) -> Facts | None:
    """Return what the metadata of the new file says; None if it is unavailable before a download."""
    text = context.catalog.description(change.target)
    return None if text is None else facts_of_metadata(text)
