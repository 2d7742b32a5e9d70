"""Which of the installed distributions the program itself stands on."""

from __future__ import annotations

from .results import Planned

OWN = ("pip-fastupdate", "pip", "packaging", "requests", "requests-cache", "urllib3", "msgspec", "rich")
"""What must be importable whatever happens, with all that they require; not all of them have to be installed here."""


def own_names(planned: Planned) -> frozenset[str]:
    """The distributions that the program stands on, before the plan and after it, where they are in the environment."""
    found = set(OWN)
    for assignment in (planned.pool.installed, planned.assignment):
        requires: dict[str, set[str]] = {}
        for parent, dependency in planned.pool.requirements(assignment):
            requires.setdefault(parent.name, set()).add(dependency.name)
        waiting = list(OWN)
        for name in waiting:  # grows while it is walked
            further = requires.get(name, set()).difference(waiting)
            waiting += sorted(further)
        found.update(waiting)
    return frozenset(found)
