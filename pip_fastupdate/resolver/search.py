"""First everything at its newest; where that is not consistent, search among the names that are in conflict.

The result is consistent wherever today is, never older than today, and cannot be bettered for one name
without making it worse for another. All searching is local: a few names are free, all others stand as they are,
and the free ones grow by whatever stands in the way. So a large environment costs little more than its conflicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..world import Assignment, Candidate, World
from .solver import Demand, NoSolution, Problem, Steps, TooDeep, solve

BUDGET = 100_000
"""Candidates that may be tried for one plan; some 30 µs each."""

LOOKUPS = 600
"""Of these, candidates about whose requirements the index may have to be asked one by one."""

ENCLOSE = Steps(left=4_000, lookups=300)
"""What a first consistent set may take."""

ONE_TRY = Steps(left=1_000, lookups=40)
"""What one attempt to better it may take."""

ONE_TRADE = Steps(left=1_000, lookups=12)
"""What one attempt to win two names for one may take."""

Order = Callable[[str], Sequence[Candidate]]
"""The admitted candidates of a free name, most wished for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be moved, and what counts more when not all of it can."""

    names: frozenset[str] = frozenset()
    """Move only these, and others as far as they must; empty for all."""

    budget: int = BUDGET


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A consistent assignment for every installed name and every addition."""

    assignment: Assignment
    exhausted: bool = False
    """The budget ran out: the assignment is consistent, but may be older than it need be."""

    rounds: int = 0
    """Rounds of search that were needed; 0 when the first guess was consistent."""


def best_assignment(world: World, wishes: Wishes) -> Solution:
    """The newest consistent assignment, in the order of the wishes: named, requested, the rest."""
    return Search(world=world, wishes=wishes).run()


@dataclass(slots=True, kw_only=True)
class Search:
    """One search over a world."""

    world: World
    wishes: Wishes
    steps: Steps = field(init=False)
    exhausted: bool = field(init=False, default=False)
    surveyed: tuple[Assignment, Demand] | None = field(init=False, default=None)
    """The assignment that was searched around last, and its demand."""

    def __post_init__(self) -> None:
        self.steps = Steps(left=self.wishes.budget, lookups=LOOKUPS)

    def run(self) -> Solution:
        """The whole story."""
        found = self._guess()
        if self.world.problems(found):
            found = self._enclose(found) or self._lowered()
            found = self._better(found, self._by_rank())
            found = self._calm(found) if self.wishes.names else self._trade(found)
        return Solution(
            assignment=self._mend(found), exhausted=self.exhausted, rounds=self.wishes.budget - self.steps.left
        )

    # the first guess

    def _guess(self) -> dict[str, Candidate]:
        """Everything wanted at its newest, with what that requires and lacks."""
        moving = [name for name in self.world.installed if self._wanted(name)]
        self.world.prefetch(moving)
        return self.world.completed({**self.world.installed, **{name: self._newest(name) for name in moving}})

    def _wanted(self, name: str) -> bool:
        return self.world.may_move(name) and (not self.wishes.names or name in self.wishes.names)

    def _newest(self, name: str) -> Candidate:
        return self.world.newest(name) or self.world.installed[name]

    def _tier(self, name: str) -> int:
        if name in self.wishes.names:
            return 0
        return 1 if self.world.requested(name) else 2

    def _rank(self, name: str) -> tuple[int, str]:
        return (self._tier(name), name)

    def _by_rank(self) -> list[str]:
        return sorted(filter(self._wanted, self.world.installed), key=self._rank)

    # the search

    def _enclose(self, guess: Assignment) -> dict[str, Candidate] | None:
        """The guess with the names in conflict lowered until it is consistent; None when that goes too deep."""
        try:
            return self._local(guess, self._in_conflict(guess), self._by_wish, limit=ENCLOSE, consistent=False)
        except (NoSolution, TooDeep):
            return None

    def _lowered(self) -> dict[str, Candidate]:
        """A consistent assignment without any search: whatever has a part in a conflict stays as it is."""
        low: frozenset[str] = frozenset()
        while True:
            high = {name: self._newest(name) for name in self.world.installed if self._wanted(name) and name not in low}
            found = self.world.completed({**self.world.installed, **high})
            if not self.world.problems(found):
                return found
            conflict = self._in_conflict(found) & high.keys()
            low |= conflict or high.keys()

    def _in_conflict(self, guess: Assignment) -> frozenset[str]:
        """Installed names that have a part in a problem.

        An addition stands for those that require it, and so does what is there for those that ask for its extras.
        """
        answerable: dict[str, set[str]] = {}
        for parent, dependency in self.world.requirements(guess):
            if dependency.extras or dependency.name not in self.world.installed:
                answerable.setdefault(dependency.name, set()).add(parent.name)
        waiting = [name for each in self.world.problems(guess) for name in (each.parent.name, each.dependency.name)]
        seen: set[str] = set()
        for name in waiting:  # grows while it is walked
            if name not in seen:
                seen.add(name)
                waiting.extend(answerable.get(name, ()))
        return self._movable(seen)

    def _movable(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(name for name in names if name in self.world.installed and self.world.may_move(name))

    def _local(
        self,
        found: Assignment,
        free: frozenset[str],
        order: Order,
        *,
        first: str | None = None,
        limit: Steps = ONE_TRY,
        consistent: bool = True,
    ) -> dict[str, Candidate]:
        """A consistent assignment that differs from ``found`` in ``free`` and whatever turns out to be in its way.

        Raises NoSolution when there is none within ``order``, TooDeep when the search is given up. Unless ``found``
        is ``consistent``, names that stand outside may be in conflict with each other and have to be freed too.
        """
        demand = self._demand(found)
        steps = Steps(left=min(limit.left, self.steps.left), lookups=min(limit.lookups, self.steps.lookups))
        before = replace(steps)
        try:
            while True:
                outside = {name: found[name] for name in self.world.installed if name not in free}
                rank = self._ranking(first)
                problem = Problem(world=self.world, free=free, outside=outside, demand=demand, order=order, rank=rank)
                try:
                    other = {**outside, **solve(problem, steps)}
                    further = frozenset() if consistent else self._in_conflict(other) - free
                    if not further:
                        return other
                except NoSolution as failed:
                    further = self._movable(failed.blockers)
                    if not further:
                        raise
                free |= further
        finally:
            self.steps.left -= before.left - steps.left
            self.steps.lookups -= before.lookups - steps.lookups

    def _demand(self, found: Assignment) -> Demand:
        if self.surveyed is None or self.surveyed[0] is not found:
            self.surveyed = (found, Demand.of(self.world, found))
        return self.surveyed[1]

    def _ranking(self, first: str | None) -> Callable[[str], tuple[bool, int, str]]:
        return lambda name: (name != first, *self._rank(name))

    def _by_wish(self, name: str) -> Sequence[Candidate]:
        """Newest first; with names given, the others as they are, then as little newer as possible."""
        domain = self.world.domain(name)
        return domain if self._wanted(name) else domain[::-1]

    # bettering

    def _better(self, found: dict[str, Candidate], names: Iterable[str]) -> dict[str, Candidate]:
        """Raise one name after the other as far as it goes without lowering any."""
        for name in names:
            if found[name] is not self._newest(name):
                found = self._tried(found, frozenset((name,)), self._above(found, name), name) or found
        return found

    def _tried(self, found: Assignment, free: frozenset[str], order: Order, first: str) -> dict[str, Candidate] | None:
        try:
            return self._local(found, free, order, first=first)
        except NoSolution:
            return None
        except TooDeep:
            self.exhausted = True
            return None

    def _above(self, found: Assignment, goal: str) -> Order:
        def order(name: str) -> Sequence[Candidate]:
            if not self._wanted(name):
                return self._by_wish(name)
            floor = found[name].version
            domain = self.world.domain(name)
            return [each for each in domain if each.version > floor or (each.version == floor and name != goal)]

        return order

    def _trade(self, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """Give up some names' newest versions where that lets more, or more wished for, names reach theirs."""
        held = [name for name in self._by_rank() if found[name] is not self._newest(name)]
        rivals = {name: self._rivals(found, name) for name in held}
        for name in held:
            if rivals[name] and self._may_pay(rivals, rivals[name]):
                other = self._exchanged(found, name, rivals[name])
                if other is not None and self._score(other) > self._score(found):
                    return self._trade(other)
        return found

    def _rivals(self, found: Assignment, name: str) -> frozenset[str]:
        """Names at their newest that do not go together with the newest version of ``name``."""
        trial = self.world.completed({**found, name: self._newest(name)})
        direct = self._in_conflict(trial) - {name}
        return frozenset(each for each in direct if found[each] is self._newest(each))

    def _may_pay(self, rivals: dict[str, frozenset[str]], losers: frozenset[str]) -> bool:
        """Whether giving up ``losers`` can profit at all: a held name only gains if none of its rivals stays."""
        balance = [0, 0, 0]
        for name, against in rivals.items():
            balance[self._tier(name)] += against <= losers
        for name in losers:
            balance[self._tier(name)] -= 1
        return balance > [0, 0, 0]

    def _exchanged(self, found: dict[str, Candidate], name: str, losers: frozenset[str]) -> dict[str, Candidate] | None:
        order = self._without(found, self._newest(name), losers)
        try:
            other = self._local(found, losers | {name}, order, first=name, limit=ONE_TRADE)
        except (NoSolution, TooDeep):  # what there is cannot be bettered without a loss elsewhere, and stays
            return None
        return self._better(other, self._by_rank())

    def _without(self, found: Assignment, goal: Candidate, rivals: frozenset[str]) -> Order:
        def order(name: str) -> Sequence[Candidate]:
            if name == goal.name:
                return [goal]
            if name in rivals or found[name] is not self._newest(name):
                return self.world.domain(name)
            return [found[name]]

        return order

    def _score(self, found: Assignment) -> tuple[int, ...]:
        """How many names of each tier are at their newest."""
        counts = [0, 0, 0]
        for name in self.world.installed:
            counts[self._tier(name)] += self._wanted(name) and found[name] is self._newest(name)
        return tuple(counts)

    def _calm(self, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """With names given: put back every other name that need not have moved."""
        moved = [name for name, today in self.world.installed.items() if found[name] is not today]
        for name in sorted(name for name in moved if not self._wanted(name)):
            if found[name] is not self.world.installed[name]:
                found = self._tried(found, frozenset((name,)), self._steady(found, name), name) or found
        return found

    def _steady(self, found: Assignment, back: str) -> Order:
        def order(name: str) -> Sequence[Candidate]:
            today = self.world.installed[name]
            if name == back:
                return [today]
            return [found[name]] if self._wanted(name) or found[name] is today else self._by_wish(name)

        return order

    # what was broken before

    def _mend(self, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """Add what has been missing since before the run, where the solution allows."""
        if self.wishes.names:
            return found
        missing = {each.dependency.name for each in self.world.unmet(found) if each.found is None}
        names = sorted(filter(self.world.may_move, missing))
        self.world.source.prefetch(names=names)
        for name in names:
            needs = [need.specifier for _, need in self.world.requirements(found) if need.name == name]
            candidate = self.world.addition(name, needs)
            if candidate is not None:
                trial = self.world.completed({**found, name: candidate})
                if not self.world.problems(trial):
                    found = trial
        return found
