"""Packages that earlier updates added and nothing requires any more: reported, and removed with ``--prune``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ..core.entry import HistoryEntry
from ..core.models import Inventory
from ..resolver.candidates import Assignment, CandidatePool
from .own_requirements import own_names
from .results import Planned


def with_leftovers(planned: Planned, history: Sequence[HistoryEntry], *, prune: bool) -> Planned:
    """Return the plan with its leftovers; with ``prune`` they are removed, which can be undone."""
    ours = added(history) - own_names(planned)
    found = leftovers(planned.inventory, planned.pool, planned.assignment, ours)
    if not found or not prune:
        return replace(planned, leftovers=found)
    changes = tuple(each for each in planned.plan.changes if each.name not in found)
    assignment = {name: each for name, each in planned.assignment.items() if name not in found}
    plan = replace(planned.plan, changes=changes)
    return replace(planned, plan=plan, assignment=assignment, removals=found)


def leftovers(
    inventory: Inventory, pool: CandidatePool, assignment: Assignment, ours: Collection[str]
) -> tuple[str, ...]:
    """Return the sorted names from ``ours`` that the user never asked for and that no remaining package requires."""
    mine = {
        each.name for each in inventory.distributions if each.name in ours and not each.requested and each.skip is None
    }
    found: set[str] = set()
    while True:
        kept = {name: each for name, each in assignment.items() if name not in found}
        required = {dependency.name for parent, dependency in pool.requirements(kept) if parent.name != dependency.name}
        further = mine - found - required
        if not further:
            return tuple(sorted(found))
        found |= further


def added(history: Iterable[HistoryEntry]) -> frozenset[str]:
    """Return names that an update added (they were not installed before) and that were not removed since."""
    verdicts: dict[str, bool] = {}
    for entry in history:  # the newest first
        for name, before, after in entry.changes:
            if before is None or after is None:
                verdicts.setdefault(name, after is not None and entry.kind == "update")
    return frozenset(name for name, ours in verdicts.items() if ours)
