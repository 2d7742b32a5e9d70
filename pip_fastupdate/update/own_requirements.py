"""Which installed distributions the program itself depends on."""

from __future__ import annotations

from .results import Planned

OWN = ("pip-fastupdate", "pip", "packaging", "requests", "requests-cache", "urllib3", "msgspec", "rich")
"""Distributions that must always be importable, with all their requirements; not all are installed here."""


def own_names(planned: Planned) -> frozenset[str]:
    """Return the distributions the program depends on before and after the plan, if they are in the environment."""
    found = set(OWN)
    for assignment in (planned.pool.installed, planned.assignment):
        requires: dict[str, set[str]] = {}
        for parent, dependency in planned.pool.requirements(assignment):
            requires.setdefault(parent.name, set()).add(dependency.name)
        waiting = list(OWN)
        for name in waiting:  # grows during iteration
            further = requires.get(name, set()).difference(waiting)
            waiting += sorted(further)
        found.update(waiting)
    return frozenset(found)
