"""What the new versions of a plan change, for ``--changes``: from staged wheels, or before a download from sidecars."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.models import Change, Difference, Distribution
from ..core.protocols import DownloadFailed
from ..environment.differences import Facts, difference, facts_of, facts_of_metadata
from .context import RunContext
from .results import Planned, Staged
from .staging_area import StagingArea

LARGEST = 256 * 1024
"""Characters of a sidecar that are kept: the description comes after what is of interest."""


def from_staged(area: StagingArea, planned: Planned, staged: Staged) -> dict[str, Difference]:
    """By name, before the swap: afterwards the old files are elsewhere."""
    if area.context.options.changes is None:
        return {}
    return _found(area.context, planned, lambda change: facts_of(staged.of(change).wheel.info))


def from_index(context: RunContext, planned: Planned) -> dict[str, Difference]:
    """By name, what the index tells without a download."""
    if context.options.changes is None:
        return {}
    return _found(context, planned, lambda change: _sidecar(context, change))


def _found(context: RunContext, planned: Planned, new: Callable[[Change], Facts | None]) -> dict[str, Difference]:
    installed = planned.inventory.by_name()
    names = context.options.changes
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


def _sidecar(context: RunContext, change: Change) -> Facts | None:
    """What METADATA beside the file says (PEP 658); None where there is none."""
    file = change.target.file
    if file is None or file.metadata is False or file.url.startswith("file:"):
        return None
    try:
        answer = context.catalog.session.ask(
            f"{file.url}.metadata",
            key=f"changes {file.url}.metadata",
            condense=lambda reply: reply.body.decode("utf-8", "replace")[:LARGEST].encode(),
            accept="*/*",
            immutable=True,
        )
    except DownloadFailed:
        return None
    return facts_of_metadata(answer.body.decode("utf-8", "replace")) if answer.status == 200 else None
