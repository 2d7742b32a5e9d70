"""Where staged plans are swapped in and looked at: the live environment changes here alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .. import report
from .._pip import preload
from ..core.errors import EnvironmentChanged, FileConflict, FileInUse, TransactionError
from ..core.models import Change, Distribution, Inventory, Reason
from ..environment import installed_files, scan
from ..resolver.candidates import World
from ..transaction import Fingerprint, Replacement, Transaction
from ..transaction import fingerprint as fingerprint_of
from .context import Tools
from .fetch import Delivery, key_of
from .plan import Planned
from .remarks import left_in_place, overwrites

if TYPE_CHECKING:
    from .._pip.installer import StagedWheel


@dataclass(slots=True, kw_only=True)
class Bench:
    """One transaction with its staged wheels, for one or several tries."""

    tools: Tools
    inventory: Inventory
    """The environment before."""

    delivery: Delivery
    transaction: Transaction
    fingerprint: Fingerprint
    """Of the environment before, renewed whenever a swap was taken back."""

    disputed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By name: files that an installed RECORD lists and that are not its distribution's."""

    def prepare(self, planned: Planned) -> None:
        """Write down how to swap in what is planned and staged. Raises FileConflict, TransactionError and its kinds."""
        changes, installed = planned.plan.changes, self.inventory.by_name()
        moving = {change.name for change in changes}
        replacements = [
            Replacement(
                name=change.name,
                before=installed[change.name].text if change.installed else None,
                after=str(change.target.version),
                old_files=self._files(installed[change.name], change) if change.installed else (),
                staged=self._staged(change).root,
                base=self._staged(change).base,
                source=change.target.index or None,
            )
            for change in _requirements_first(planned)
        ]
        others = [each for each in self.inventory.distributions if each.name not in moving]
        self.transaction.prepare(
            replacements,
            kept_files=lambda: installed_files.owners(others),
            overwrite=True,
            own=own_names(planned),
            fingerprint=self.fingerprint,
            rewrites=self.tools.project.rewrites(self.tools, self.inventory, planned),
        )

    def _staged(self, change: Change) -> StagedWheel:
        return self.delivery.done[key_of(change.target)].staged

    def _files(self, distribution: Distribution, change: Change) -> tuple[str, ...]:
        claims = installed_files.claims(distribution, coming=self._staged(change).mirror.staged)
        if claims.disputed:
            self.disputed[change.name] = claims.disputed
        return claims.files

    def warnings(self, changes: Iterable[Change]) -> dict[str, tuple[Reason, ...]]:
        """What is worth knowing about the new versions and about what they replace, by name."""
        changes = tuple(changes)
        found = self.delivery.warnings(changes)
        for name in {change.name for change in changes}:
            further = list(left_in_place(self.disputed.get(name, ()), self.tools.target.prefix))
            further += overwrites(name, self.transaction.overwritten, self.tools.target.prefix)
            if further:
                found[name] = (*found.get(name, ()), *further)
        return found

    def swap_in(self, planned: Planned) -> None:
        """Swap in what was prepared, and check the result. Raises TransactionError and its kinds."""
        progress = self.tools.progress
        preload.import_everything()
        from ..environment import running  # noqa: F401 - this and the level are wanted after the swap
        from ..policy import level  # noqa: F401

        report.preload(sys.stdout, format=self.tools.options.format)
        with progress.stage("swap", len(planned.plan.changes)):
            try:
                self.transaction.swap(progress)
            except FileInUse:  # taken back already
                self.fingerprint = fingerprint_of(map(Path, self.fingerprint))
                raise
        with progress.stage("check"):
            check(self.tools, planned)

    def take_back(self) -> None:
        """Make the environment what it was before; what is staged can be swapped in again."""
        self.transaction.revert()
        now = fingerprint_of(map(Path, self.fingerprint))
        if _names(now) != _names(self.fingerprint):
            raise EnvironmentChanged(
                "The test, or another program, installed or removed something in this environment meanwhile.",
                hint="Run pip-update again with a test that leaves the environment alone.",
            )
        self.fingerprint = now

    def tried(self, planned: Planned, passes: Callable[[], bool]) -> bool | None:
        """The verdict on a part of the plan, taken back in any case; None when its files are in others' way."""
        try:
            self.prepare(planned)
            self.swap_in(planned)
        except FileConflict:
            return None
        verdict = passes()
        self.take_back()
        return verdict


OWN = ("pip-fastupdate", "pip", "packaging", "requests", "requests-cache", "urllib3", "msgspec", "rich")
"""What must be importable whatever happens, with all that they require; not all of them have to be installed here."""


def own_names(planned: Planned) -> frozenset[str]:
    """The distributions that the program stands on, before the plan and after it, where they are in the environment."""
    found = set(OWN)
    for assignment in (planned.world.installed, planned.assignment):
        requires: dict[str, set[str]] = {}
        for parent, dependency in planned.world.requirements(assignment):
            requires.setdefault(parent.name, set()).add(dependency.name)
        waiting = list(OWN)
        for name in waiting:  # grows while it is walked
            further = requires.get(name, set()).difference(waiting)
            waiting += sorted(further)
        found.update(waiting)
    return frozenset(found)


def _requirements_first(planned: Planned) -> list[Change]:
    """The changes in the order in which pip would install them: of files in common, the last one's prevail."""
    changes = {change.name: change for change in planned.plan.changes}
    requires: dict[str, set[str]] = {}
    for parent, dependency in planned.world.requirements(planned.assignment):
        requires.setdefault(parent.name, set()).add(dependency.name)
    ordered: dict[str, Change] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        for required in sorted(requires.get(name, set()) & changes.keys() - above):
            if required not in ordered:
                visit(required, above | {name})
        ordered[name] = changes[name]

    for name in changes:
        if name not in ordered:
            visit(name, frozenset((name,)))
    return list(ordered.values())


def _names(fingerprint: Fingerprint) -> dict[str, list[str]]:
    return {folder: sorted(found) for folder, found in fingerprint.items()}


def check(tools: Tools, planned: Planned) -> None:
    """A fresh scan must show what was planned, and no problem that was not there before. Raises TransactionError."""
    after = scan.scan(user=tools.settings.user)
    installed = after.by_name()
    wrong = [
        change.name
        for change in planned.plan.changes
        if change.name not in installed or installed[change.name].version != change.target.version
    ]
    if wrong:
        raise TransactionError(f"After the swap {', '.join(wrong)} was not what had been planned; all was put back.")
    before = {each.key for each in planned.world.unmet(planned.world.installed)}
    world = World(inventory=after, source=tools.catalog)
    worse = [each for each in world.unmet(world.installed) if each.key not in before]
    if worse:
        first = worse[0]
        text = f"{first.parent.name} {first.parent.version} requires {first.dependency.text}"
        raise TransactionError(f"After the swap {text}, which is not fulfilled; all was put back.")
