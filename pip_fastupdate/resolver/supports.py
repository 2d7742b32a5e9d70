"""What is allowed only while something asks for it: pre-releases, additions and extras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.requirements import names_prerelease
from .candidates import Candidate
from .engine import Engine, Nogood, Term
from .packages import FIRST, LATE, NEVER, SECOND, Demand, Fact, Package, Support


@dataclass(slots=True, kw_only=True)
class Supports:
    """All supports in one engine."""

    engine: Engine
    installed: Mapping[str, Candidate]
    all: list[Support] = field(default_factory=list)
    begun: int = 0
    """Epochs begun so far: the assumptions change with it."""

    def epochs(self) -> list[Term]:
        """Return the assumptions that no more will be known."""
        return [(each.epoch, 1 << each.number) for each in self.all]

    def note(self, target: Package, demand: Demand) -> None:
        """Record that more is known of the requirements for a package."""
        for support in list(target.supports.values()):
            if self._concerns(support, demand):
                self._reopen(support)

    def close(self, package: Package) -> None:
        """Allow a package's pre-releases only while a requirement asks for one."""
        may = self.engine.variable(LATE, FIRST | SECOND, optional=True)
        fact = Fact(package=package, values=package.early, kind="pre-release")
        self.engine.add(Nogood([(package.variable, package.early), (may, FIRST)], fact))
        self.need(package, "early", (may, SECOND))

    def need(self, package: Package, what: str, term: Term) -> None:
        """Allow a term only while a requirement asks for ``what`` (see ``Support``)."""
        if what not in package.supports:
            self.engine.back_to(0)  # its epoch must be assumed first
            support = Support(package=package, what=what, term=term, epoch=self.engine.variable(NEVER))
            package.supports[what] = support
            self.begun += 1
            self.all.append(support)
            self._support_by_what_is_known(support)

    def _concerns(self, support: Support, demand: Demand) -> bool:
        """Return whether a demand asks for it."""
        if support.what == "present":
            return True
        if support.what != "early":
            return support.what in demand.dependency.extras
        package = support.package
        admitted = package.full & ~package.rejected(demand, self.installed.get(package.name))
        return names_prerelease(demand.dependency.specifier) or (
            bool(admitted & package.early) and not admitted & ~package.early
        )

    def _reopen(self, support: Support) -> None:
        """Begin a new epoch: more is known of the requirers."""
        self.engine.add(Nogood([(support.epoch, 1 << support.number)]))
        support.number += 1
        self.begun += 1
        self._support_by_what_is_known(support)

    def _support_by_what_is_known(self, support: Support) -> None:
        by_variable: dict[int, int] = {}
        for demand in support.package.demands:
            if self._concerns(support, demand):
                variable, values = self._in_force(demand)
                by_variable[variable] = by_variable.get(variable, 0) | values
        by_variable.pop(support.term[0], None)
        terms = [support.term, (support.epoch, 1 << support.number)]
        terms += [(variable, ~values) for variable, values in by_variable.items()]
        fact = Fact(package=support.package, values=support.package.early, kind="pre-release")
        self.engine.add(Nogood(terms, fact))

    def _in_force(self, demand: Demand) -> Term:
        """Return a term that is true only if a demand is in force; its requirers need support as well."""
        parent = demand.parent
        if parent.values[0] is None:
            self.need(parent, "present", (parent.variable, ~FIRST))
        if demand.ask is None:
            return (parent.variable, demand.values)
        self.need(parent, demand.extra, (demand.ask, SECOND))
        both = self.engine.variable(LATE, FIRST | SECOND, optional=True)
        for variable, values in demand.terms():
            self.engine.add(Nogood([(both, SECOND), (variable, ~values)]))
        return (both, SECOND)
