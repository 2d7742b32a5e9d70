"""``--offline`` in a dry run: a new version is possible only if its file is cached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...core.models import Change, Failure, Inventory
from ...core.protocols import Untold
from ...core.reasons import BAD_FILE
from ...wheels import WheelStore
from ..context import RunContext
from ..results import Exclusions, LookedUp, Planned, key_of
from .plan import make_plan


def at_hand(context: RunContext, inventory: Inventory, looked_up: LookedUp, planned: Planned) -> Planned:
    """Return the dry run's plan as the offline run itself would make it: without files that are not cached or
    damaged.
    """
    directory = context.options.cache.directory
    if directory is None:
        return planned
    catalog = context.catalog
    store = WheelStore(
        directory=directory,
        transport=catalog.transport,
        counters=catalog.counters,
        offline=True,
        temporary=directory,
    )
    exclusions, seen = Exclusions(), set[object]()
    while missing := [change for change in planned.plan.changes if key_of(change.target) not in seen]:
        seen.update(key_of(change.target) for change in missing)
        damaged = {key_of(change.target): failure for change, failure in _lost(store, missing)}
        if damaged:
            exclusions = replace(exclusions, damaged={**exclusions.damaged, **damaged})
            planned = make_plan(context, inventory, looked_up, exclusions)
    return planned


def _lost(store: WheelStore, changes: Sequence[Change]) -> Iterator[tuple[Change, Failure]]:
    by_name = {change.name: change for change in changes}
    releases = [change.target for change in changes]
    for release, found in store.fetch(releases, jobs=1, progress=Untold()):
        if isinstance(found, Failure) and found.kind in BAD_FILE | {"offline"}:
            yield by_name[release.name], found
