"""First everything at its newest; where that is not consistent, search among the names that are in conflict.

The result is consistent wherever today is, never older than today, and cannot be bettered for one name
without making it worse for another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..world import Assignment, Candidate, World
from .provider import NoSolution, Problem, Steps, TooDeep, solve

BUDGET = 20_000
"""Rounds of search over one plan; about a millisecond each at worst."""

ONE_TRY = 1_000
"""Rounds that one attempt at bettering a solution may take."""


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
    """One search; ``free`` grows until the conflict is enclosed."""

    world: World
    wishes: Wishes
    steps: Steps = field(init=False)
    free: frozenset[str] = field(init=False, default=frozenset())
    exhausted: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.steps = Steps(left=self.wishes.budget)

    def run(self) -> Solution:
        """The whole story."""
        ideal = self._ideal()
        guess = self.world.completed(ideal)
        if self.world.problems(guess):
            guess = self._settle(ideal, guess)
        return Solution(assignment=self._mend(guess), exhausted=self.exhausted, rounds=self.steps.spent)

    # the first guess

    def _ideal(self) -> dict[str, Candidate]:
        moving = [name for name in self.world.installed if self._wanted(name)]
        self.world.prefetch(moving)
        ideal = dict(self.world.installed)
        for name in moving:
            ideal[name] = self._newest(name)
        return ideal

    def _wanted(self, name: str) -> bool:
        return self.world.may_move(name) and (not self.wishes.names or name in self.wishes.names)

    def _newest(self, name: str) -> Candidate:
        return self.world.newest(name) or self.world.installed[name]

    # the search

    def _settle(self, ideal: Assignment, guess: Assignment) -> dict[str, Candidate]:
        """A consistent assignment: the conflict's names free, all others at their ideal."""
        self.free = self._in_conflict(guess)
        try:
            found = self._enclose(ideal)
            found = self._better(ideal, found)
            return self._trade(ideal, found) if not self.wishes.names else self._calm(ideal, found)
        except (TooDeep, NoSolution):
            self.exhausted = True
            return self._one_by_one()

    def _in_conflict(self, guess: Assignment) -> frozenset[str]:
        """Installed names that have a part in a problem; an addition stands for those that require it."""
        requirers: dict[str, set[str]] = {}
        for parent, dependency in self.world.requirements(guess):
            requirers.setdefault(dependency.name, set()).add(parent.name)
        waiting = [name for each in self.world.problems(guess) for name in (each.parent.name, each.dependency.name)]
        seen: set[str] = set()
        for name in waiting:  # grows while it is walked
            if name not in seen:
                seen.add(name)
                if name not in self.world.installed:
                    waiting.extend(requirers.get(name, ()))
        return frozenset(name for name in seen if name in self.world.installed and self.world.may_move(name))

    def _enclose(self, ideal: Assignment) -> dict[str, Candidate]:
        while True:
            try:
                return self._solve(ideal, self._by_wish, limit=self.steps.left)
            except NoSolution as failed:
                further = failed.blockers - self.free
                if not further:
                    further = frozenset(filter(self.world.may_move, self.world.installed)) - self.free
                if not further:
                    raise
                self.free |= further

    def _solve(
        self,
        ideal: Assignment,
        order: Callable[[str], Sequence[Candidate]],
        *,
        first: str | None = None,
        limit: int = ONE_TRY,
    ) -> dict[str, Candidate]:
        outside = {name: candidate for name, candidate in ideal.items() if name not in self.free}
        problem = Problem(
            world=self.world,
            free=self.free,
            outside=outside,
            order=order,
            rank=lambda name: (name != first, *self._rank(name)),
        )
        steps = Steps(left=min(limit, self.steps.left))
        try:
            return {**outside, **solve(problem, steps)}
        finally:
            self.steps.left -= steps.spent
            self.steps.spent += steps.spent

    def _rank(self, name: str) -> tuple[int, str]:
        return (self._tier(name), name)

    def _tier(self, name: str) -> int:
        if name in self.wishes.names:
            return 0
        return 1 if self.world.requested(name) else 2

    def _by_wish(self, name: str) -> Sequence[Candidate]:
        """Newest first; with names given, the others as they are, then as little newer as possible."""
        domain = self.world.domain(name)
        return domain if self._wanted(name) else domain[::-1]

    # bettering

    def _better(self, ideal: Assignment, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """Raise one name after the other, in the order of the wishes, as far as it goes without lowering any."""
        for name in sorted(filter(self._wanted, self.free), key=self._rank):
            while found[name] is not self._newest(name):
                try:
                    found = self._solve(ideal, self._above(found, name), first=name)
                    break
                except NoSolution as failed:
                    further = failed.blockers - self.free
                    if not (self.wishes.names and further):
                        break
                    self.free |= further
                except TooDeep:
                    self.exhausted = True
                    break
        return found

    def _above(self, found: Assignment, goal: str) -> Callable[[str], Sequence[Candidate]]:
        def order(name: str) -> Sequence[Candidate]:
            if not self._wanted(name):
                return self._by_wish(name)
            floor = found[name].version
            return [
                each
                for each in self.world.domain(name)
                if each.version > floor or (each.version == floor and name != goal)
            ]

        return order

    def _trade(self, ideal: Assignment, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """Give up some names' newest versions where that lets more, or more wished for, names reach theirs."""
        for name in sorted(self.free, key=self._rank):
            newest = self._newest(name)
            if found[name] is newest:
                continue
            for rivals in self._rivals(found, newest):
                try:
                    other = self._better(ideal, self._solve(ideal, self._without(found, newest, rivals), first=name))
                except NoSolution:
                    continue
                except TooDeep:
                    self.exhausted = True
                    continue
                if self._score(other) > self._score(found):
                    found = other
                    break
        return found

    def _rivals(self, found: Assignment, newest: Candidate) -> list[frozenset[str]]:
        """Sets of names at their newest that may have to give way to ``newest``: the less wished for, then one each."""
        at_newest = frozenset(name for name in self.free if found[name] is self._newest(name))
        lesser = frozenset(name for name in at_newest if self._tier(name) > self._tier(newest.name))
        direct = self._in_conflict(self.world.completed({**found, newest.name: newest})) & at_newest
        single = [frozenset((name,)) for name in sorted(direct)]
        return ([lesser] if lesser else []) + single + ([direct] if len(direct) > 1 else [])

    def _without(
        self, found: Assignment, goal: Candidate, rivals: frozenset[str]
    ) -> Callable[[str], Sequence[Candidate]]:
        def order(name: str) -> Sequence[Candidate]:
            if name == goal.name:
                return [goal]
            if name in rivals or found[name] is not self._newest(name):
                return self.world.domain(name)
            return [found[name]]

        return order

    def _score(self, found: Assignment) -> tuple[int, ...]:
        counts = [0, 0, 0]
        for name in self.free:
            counts[self._tier(name)] += found[name] is self._newest(name)
        return tuple(counts)

    def _calm(self, ideal: Assignment, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """With names given: put back every other name that need not have moved."""
        for name in sorted(name for name in self.free if not self._wanted(name)):
            if found[name] is self.world.installed[name]:
                continue
            try:
                found = self._solve(ideal, self._steady(found, name))
            except NoSolution:
                continue
            except TooDeep:
                self.exhausted = True
        return found

    def _steady(self, found: Assignment, back: str) -> Callable[[str], Sequence[Candidate]]:
        def order(name: str) -> Sequence[Candidate]:
            today = self.world.installed[name]
            if name == back:
                return [today]
            return [found[name]] if self._wanted(name) or found[name] is today else self._by_wish(name)

        return order

    def _one_by_one(self) -> dict[str, Candidate]:
        """When the search is too deep: from today's state, every name that can be raised on its own."""
        found = dict(self.world.installed)
        for name in sorted(filter(self._wanted, found), key=self._rank):
            trial = self.world.completed({**found, name: self._newest(name)})
            if trial[name] is not found[name] and not self.world.problems(trial):
                found = trial
        return found

    # what was broken before

    def _mend(self, found: dict[str, Candidate]) -> dict[str, Candidate]:
        """Add what has been missing since before the run, where the solution allows."""
        if self.wishes.names:
            return found
        missing = {each.dependency.name for each in self.world.unmet(found) if each.found is None}
        for name in sorted(missing):
            if not self.world.may_move(name):
                continue
            needs = [d.specifier for _, d in self.world.requirements(found) if d.name == name]
            candidate = self.world.addition(name, needs)
            if candidate is not None:
                trial = self.world.completed({**found, name: candidate})
                if not self.world.problems(trial):
                    found = trial
        return found
