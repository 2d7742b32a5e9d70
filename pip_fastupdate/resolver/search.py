"""First everything at its newest; if that is inconsistent, the best consistent set, wish by wish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..core.requirements import names_prerelease
from .candidates import Assignment, Candidate, CandidatePool
from .engine import Term
from .objectives import NoSolution, Objectives
from .order import dependents_first
from .packages import FIRST, Budget, Package, TooDeep
from .solver import Solver

BUDGET = 30_000
"""Conflicts for one plan; some 0.3 ms each."""

LOOKUPS = 3_000
"""Lookups of requirements for one plan."""

STEP = 2_000
"""Conflicts for one wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What to change, and what counts more if not all of it is possible."""

    names: frozenset[str] = frozenset()
    """Change only these, and others as needed; empty for all."""

    budget: int = BUDGET
    lookups: int = LOOKUPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A consistent assignment for every installed name and every addition."""

    assignment: Assignment
    gave_up: frozenset[str] = frozenset()
    """Names whose search hit its limit: the assignment is consistent, but may be improved there."""

    rounds: int = 0
    """The number of searches; 0 if the first guess was optimal."""

    @property
    def exhausted(self) -> bool:
        """True if the assignment may be older than necessary."""
        return bool(self.gave_up)


def best_assignment(pool: CandidatePool, wishes: Wishes) -> Solution:
    """Return the best consistent assignment, in the order of the wishes."""
    return Search(pool=pool, wishes=wishes).run()


@dataclass(slots=True, kw_only=True)
class Search:
    """One search over a pool."""

    pool: CandidatePool
    wishes: Wishes
    wanted: frozenset[str] = field(init=False)
    solver: Solver = field(init=False)
    objectives: Objectives = field(init=False)
    rank: dict[str, tuple[object, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.wanted = frozenset(filter(self._wanted, self.pool.installed))

    def _wanted(self, name: str) -> bool:
        return self.pool.may_move(name) and (not self.wishes.names or name in self.wishes.names)

    def run(self) -> Solution:
        """Run the search."""
        guess = self._guess()
        if not self.pool.problems(guess) and not self._more_to_wish(guess):
            return Solution(assignment=guess)
        self.prepare()
        try:
            self._fulfil()
        except NoSolution:
            return Solution(assignment=self._lowered(), gave_up=self.wanted, rounds=self.solver.solves)
        return Solution(
            assignment=self._required(self.solver.assignment()),
            gave_up=frozenset(self.objectives.gave_up),
            rounds=self.solver.solves,
        )

    # the first guess

    def _guess(self) -> dict[str, Candidate]:
        """Return everything wanted at its newest, with missing requirements."""
        self.pool.prefetch(sorted(self.wanted))
        return self.pool.completed(
            {**self.pool.installed, **{name: self._newest(name) for name in sorted(self.wanted)}}
        )

    def _newest(self, name: str) -> Candidate:
        return self.pool.newest(name) or self.pool.installed[name]

    def _more_to_wish(self, guess: Assignment) -> bool:
        """Return whether something missing might be added, or may go on to a pre-release."""
        missing = set()
        for _, dependency in self.pool.requirements(guess):
            name = dependency.name
            if name not in guess:
                missing.update([name] if dependency.url is None else [])
            elif names_prerelease(dependency.specifier) and self._has_early(name, guess[name]):
                return True
        names = [] if self.wishes.names else sorted(filter(self.pool.may_move, missing))
        self.pool.source.prefetch(names=names)
        return any(map(self.pool.addable, names))

    def _has_early(self, name: str, than: Candidate) -> bool:
        return any(each.version > than.version for each in self.pool.versions_of(name, pre=True))

    # what to do when time is short

    def _lowered(self) -> dict[str, Candidate]:
        """Return a consistent assignment without any search: everything involved in a conflict stays."""
        low: frozenset[str] = frozenset()
        while True:
            high = {name: self._newest(name) for name in sorted(self.wanted - low)}
            found = self.pool.completed({**self.pool.installed, **high})
            if not self.pool.problems(found):
                return found
            conflict = self._in_conflict(found) & high.keys()
            low |= conflict or high.keys()

    def _in_conflict(self, guess: Assignment) -> frozenset[str]:
        """Return names involved in a problem: an addition stands for those that require it, or request extras."""
        answerable: dict[str, set[str]] = {}
        for parent, dependency in self.pool.requirements(guess):
            if dependency.extras or dependency.name not in self.pool.installed:
                answerable.setdefault(dependency.name, set()).add(parent.name)
        waiting = [name for each in self.pool.problems(guess) for name in (each.parent.name, each.dependency.name)]
        seen: set[str] = set()
        for name in waiting:  # grows during iteration
            if name not in seen:
                seen.add(name)
                waiting.extend(answerable.get(name, ()))
        return frozenset(seen)

    def _begin_low(self) -> None:
        """Set a first solution, found without search. Raises NoSolution if not even that is easy."""
        assignment = self._lowered()
        packages = {name: self.solver.encoding.package(name) for name in (*self.pool.installed, *assignment)}
        moved = [each for name, each in packages.items() if assignment.get(name) is not each.values[0]]
        self.solver.list_versions(*moved)
        terms = [(each.variable, each.mask([assignment.get(name)])) for name, each in packages.items()]
        try:
            if self.solver.solve(terms, STEP) is not None:
                raise NoSolution
        except TooDeep:
            raise NoSolution from None

    # the search

    def prepare(self) -> None:
        """Set up the solver and the order of names."""
        budget = Budget(conflicts=self.wishes.budget, lookups=self.wishes.lookups)
        self.solver = Solver.of(self.pool, self.wanted, budget)
        self.objectives = Objectives(
            solver=self.solver,
            fallback=self._begin_low,
            budget=self.wishes.budget,
            step=min(STEP, self.wishes.budget),
        )
        encoding = self.solver.encoding
        encoding.warm_up()
        edges = ((each.parent.name, each.dependency.name) for each in encoding.groups.values())
        places = dependents_first(encoding.packages, edges)
        direct = self.pool.direct
        for name in self.pool.installed:
            self.rank[name] = (self._tier(name), name not in direct, places[name], name)
        for place, name in enumerate(sorted(self.pool.installed, key=self.rank.__getitem__)):
            encoding.engine.order[encoding.packages[name].variable] = place
        encoding.engine.requeue()

    def _tier(self, name: str) -> int:
        if self.wishes.names:
            return 0 if name in self.wishes.names else 2
        return 1 if self.pool.requested(name) else 2

    def _fulfil(self) -> None:
        """Satisfy wish by wish: see the package's docstring."""
        ranked = sorted(self.wanted, key=self.rank.__getitem__)
        for tier in (0, 1, 2):
            self.objectives.as_many([self._first(name) for name in ranked if self._tier(name) == tier])
        for name in ranked:
            self._as_new(name)
        if self.wishes.names:
            self._leave_the_rest()
        else:
            self._add_what_is_missing()
        for name in ranked:
            self._as_early(name)
        self._as_new_additions()

    def _first(self, name: str) -> tuple[str, Term]:
        package = self.solver.encoding.packages[name]
        return name, (package.variable, FIRST | package.mask(self._beyond(package)))

    def _beyond(self, package: Package) -> list[Candidate]:
        """Return pre-releases that are newer than the newest release."""
        first = package.values[0]
        return [each for each in package.values[1:] if each and first and each.version > first.version]

    def _as_new(self, name: str) -> None:
        package = self.solver.encoding.packages[name]
        if self.solver.chosen(package) is not package.values[0]:
            beyond = self._beyond(package)
            self.objectives.as_far(
                package, lambda one, other: one not in beyond and one.version > other.version, beyond
            )

    def _as_early(self, name: str) -> None:
        """Go on to a pre-release if a requirement in force names one and nothing else has to change."""
        package = self.solver.encoding.packages[name]
        if self._asked_early(package):
            self.objectives.as_far(package, lambda one, other: one.version > other.version)

    def _asked_early(self, package: Package) -> bool:
        return any(names_prerelease(each.dependency.specifier) for each in package.demands)

    def _leave_the_rest(self) -> None:
        """Change all others as little as possible, with names given."""
        packages = self.solver.encoding.packages
        rest = sorted(self.pool.installed.keys() - self.wanted, key=self.rank.__getitem__)
        wishes = [(name, (packages[name].variable, FIRST)) for name in rest]
        self.objectives.as_many(wishes)
        for name, wish in wishes:
            if not self.solver.fulfils(wish):
                self.objectives.as_far(packages[name], lambda one, other: one.version < other.version)

    def _add_what_is_missing(self) -> None:
        """Add what was missing before the run, at any version compatible with the rest."""
        encoding = self.solver.encoding
        names = {each.name for each in self._lacking(self.solver.assignment())}
        packages = [encoding.packages[name] for name in sorted(filter(self.pool.addable, names))]
        self.solver.list_versions(*packages)
        self.objectives.as_many([(each.name, (each.variable, ~FIRST)) for each in packages])

    def _lacking(self, found: Assignment) -> Iterable[Package]:
        for _, dependency in self.pool.requirements(found):
            if dependency.name not in found and dependency.url is None:
                yield self.solver.encoding.package(dependency.name)

    def _as_new_additions(self) -> None:
        done: set[str] = set()
        solves, waiting = -1, []
        while True:
            if solves != self.solver.solves:  # else nothing has changed since
                solves, required = self.solver.solves, self._required(self.solver.assignment())
                waiting = sorted(required.keys() - self.pool.installed.keys() - done, reverse=True)
            if not waiting:
                return
            name = waiting.pop()
            done.add(name)
            package = self.solver.encoding.packages[name]
            self.objectives.as_far(package, lambda one, other: one.version > other.version)

    def _required(self, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """Return the assignment without additions that nothing requires."""
        kept = {name: each for name, each in found.items() if name in self.pool.installed}
        for _, dependency in self.pool.requirements(kept, found):
            if dependency.name in found:
                kept.setdefault(dependency.name, found[dependency.name])
        return kept
