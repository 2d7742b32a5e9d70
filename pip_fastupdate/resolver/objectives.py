"""What is best: as many wishes as possible, then each as far as possible.

The maximum number of satisfied wishes is found from above, as in OLL (Andres et al., 2012; Morgado et al., 2014): all
are assumed at once; conflicting wishes are replaced by the weaker one that all but one of them are satisfied, then all
but two, until there is a solution. So the cost is the number of conflicts, not the size of the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .candidates import Candidate
from .engine import Term
from .packages import NEVER, Package, TooDeep
from .solver import Core, Solver


class NoSolution(Exception):
    """Not even a first solution was found within the budget."""


@dataclass(slots=True, kw_only=True)
class Count:
    """The minimum number of true terms among several, as a variable: its value is that number."""

    variable: int
    size: int

    def at_least(self, number: int) -> Term:
        """Return the term that it is at least that many."""
        return (self.variable, -1 << number)

    def at_most(self, number: int) -> Term:
        """Return the term that it is at most that many."""
        return (self.variable, (2 << number) - 1)


@dataclass(slots=True, kw_only=True)
class Objectives:
    """One wish after the other; what has been reached is not given up any more."""

    solver: Solver
    fallback: Callable[[], None]
    """Makes the solver find any solution; called if the search for the best ends before there is one."""

    budget: int
    """Conflicts that may be spent on everything."""

    step: int
    """Conflicts that may be spent on one wish."""

    gave_up: set[str] = field(default_factory=set)
    """Names whose search hit its limit."""

    counts: dict[int, tuple[Count, int]] = field(default_factory=dict)
    """By variable: counts of unsatisfied wishes, and how many of them are allowed by now."""

    def as_many(self, wishes: Sequence[tuple[str, Term]]) -> None:
        """Satisfy as many as possible, and among equal choices the one with the first of the wishes."""
        try:
            self._most([wish for _, wish in wishes])
        except TooDeep:
            if not self.solver.model:
                self.fallback()
            self.climb(wishes)
        else:
            self.in_turn(wishes)

    def _most(self, wishes: Sequence[Term]) -> None:
        live = list(wishes)
        if self.solver.model and all(map(self.solver.fulfils, live)):
            return
        while (core := self._core(live)) is not None:
            found = [each for each in live if each in core.terms]
            if not found:
                raise AssertionError("a result reached before is out of reach")
            live = [each for each in live if each not in core.terms]
            live += [weaker for each in found for weaker in self._weaker(each)]
            if len(found) == 1:
                self._deny(found[0])
            else:
                live += self._all_but_one(found)
        for each in live:
            self.solver.always(each)

    def _core(self, wishes: Sequence[Term]) -> Core | None:
        before = self.solver.encoding.engine.conflicts
        try:
            return self.solver.solve(wishes, self.budget)
        finally:
            self.budget -= self.solver.encoding.engine.conflicts - before

    def _deny(self, wish: Term) -> None:
        self.solver.never([wish])

    def _weaker(self, wish: Term) -> list[Term]:
        """Return the wish that replaces one about a count."""
        if wish[0] not in self.counts:
            return []
        count, allowed = self.counts[wish[0]]
        self.counts[wish[0]] = (count, allowed + 1)
        return [count.at_most(allowed + 1)] if allowed + 1 < count.size else []

    def _all_but_one(self, wishes: Sequence[Term]) -> list[Term]:
        """Return terms for exactly one unsatisfied. At least one is, so the count is no less."""
        count = self._counted([(variable, ~mask) for variable, mask in wishes], least=1)
        assert isinstance(count, Count)
        self.counts[count.variable] = (count, 1)
        return [count.at_most(1)]

    def _counted(self, terms: Sequence[Term], least: int = 0) -> Count | Term:
        """Return a count of the true terms (totalizer, Bailleux and Boufkhad 2003)."""
        if len(terms) == 1:
            return terms[0]
        middle = len(terms) // 2
        parts = [self._counted(terms[:middle]), self._counted(terms[middle:])]
        count = Count(variable=self.solver.encoding.engine.variable(NEVER, -1 << least), size=len(terms))
        one, other = parts
        for first in range(_size(one) + 1):
            for second in range(_size(other) + 1):
                if first + second:
                    held = [*_at_least(one, first), *_at_least(other, second)]
                    self.solver.never([*held, count.at_most(first + second - 1)])
        return count

    # one by one

    def in_turn(self, wishes: Sequence[tuple[str, Term]]) -> None:
        """Satisfy each that is possible after those before it."""
        for name, wish in wishes:
            if self.solver.fulfils(wish) or self._solved(name, [wish]):
                self.solver.always(wish)

    def as_far(
        self,
        package: Package,
        better: Callable[[Candidate, Candidate], bool],
        beyond: Sequence[Candidate] = (),
    ) -> None:
        """Upgrade a package as far as possible; it stays there, or goes on to one of ``beyond`` later.

        ``better`` compares two versions.
        """
        self.solver.list_versions(package)
        while True:
            chosen = self.solver.chosen(package)
            if chosen is None:
                return
            mask = package.mask(each for each in package.values if each is not None and better(each, chosen))
            if not mask or not self._solved(package.name, [(package.variable, mask)]):
                self.solver.always((package.variable, package.mask([chosen, *beyond])))
                return

    def _solved(self, name: str, wishes: Sequence[Term]) -> bool:
        """Return whether there is a solution with these; record the name if that takes too long."""
        try:
            return self.solver.solve(wishes, self.step) is None
        except TooDeep:
            self.gave_up.add(name)
            return False

    def climb(self, wishes: Sequence[tuple[str, Term]]) -> None:
        """Satisfy as many as are easy, if ``most`` hit its limit."""
        reached = [wish for _, wish in wishes if self.solver.fulfils(wish)]
        for name, wish in wishes:
            if wish not in reached and self._solved(name, [*reached, wish]):
                reached = [each for _, each in wishes if self.solver.fulfils(each)]
        self.gave_up.update(name for name, wish in wishes if wish not in reached)
        for wish in reached:
            self.solver.always(wish)


def _size(part: Count | Term) -> int:
    return part.size if isinstance(part, Count) else 1


def _at_least(part: Count | Term, number: int) -> list[Term]:
    if number == 0:
        return []
    return [part.at_least(number)] if isinstance(part, Count) else [part]
