"""Backtracking over a few free names while all others stand as they are.

Depth first with conflict-directed backjumping (Prosser, 1993): every requirement remembers which names put it there,
so that a dead end steps back to a name that has a part in it, and a failure names whatever outside is to blame.
The search is complete: when it fails within its budget, there is no solution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.version import Version

from ..dependencies import Dependency, allows, names_prerelease
from ..world import Candidate, World

Names = frozenset[str]


class NoSolution(Exception):
    """The free names cannot be chosen consistently; ``blockers`` are names outside that have a part in that."""

    def __init__(self, blockers: Names) -> None:
        super().__init__(", ".join(sorted(blockers)))
        self.blockers = blockers


class TooDeep(Exception):
    """The budget of steps ran out."""


AHEAD = 12
"""Candidates of one name whose requirements are fetched at once, when the search goes through its versions."""


@dataclass(slots=True, kw_only=True)
class Steps:
    """How many candidates may still be tried, and for how many of them the index may be asked.

    What is in the cache counts like what is not: the same world gives the same plan.
    """

    left: int
    lookups: int

    def take(self) -> None:
        """One more candidate. Raises TooDeep when none is left."""
        if self.left <= 0:
            raise TooDeep
        self.left -= 1

    def look_up(self) -> None:
        """One more whose requirements the index did not tell with its versions. Raises TooDeep as well."""
        if self.lookups <= 0:
            raise TooDeep
        self.lookups -= 1


@dataclass(slots=True)
class Demand:
    """Who requires what in an assignment, by what is required: made once for many searches around it."""

    by_target: dict[str, list[tuple[Candidate, Dependency]]] = field(default_factory=dict)
    with_extras: list[tuple[Candidate, Dependency]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Names that are required and not installed."""

    @classmethod
    def of(cls, world: World, found: Mapping[str, Candidate]) -> Demand:
        """The demand of everything installed, at its version in ``found``."""
        demand = cls()
        for name in world.installed:
            for dependency in world.needs(found[name]):
                demand.by_target.setdefault(dependency.name, []).append((found[name], dependency))
                if dependency.extras:
                    demand.with_extras.append((found[name], dependency))
        demand.missing = [name for name in demand.by_target if name not in world.installed]
        return demand

    def on(self, names: Iterable[str], outside: Mapping[str, Candidate]) -> Iterator[tuple[Candidate, Dependency]]:
        """What of the demand that is made by the names outside is on ``names``, extras left aside."""
        for name in names:
            for parent, dependency in self.by_target.get(name, ()):
                if parent.name in outside:
                    yield parent, dependency


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is to be solved: choose for every name in ``free``, and for what must be added."""

    world: World
    free: Names
    outside: Mapping[str, Candidate]
    """What all other installed names are held at."""

    demand: Demand
    """Of an assignment that agrees with ``outside``."""

    order: Callable[[str], Sequence[Candidate]]
    """The admitted candidates of a free name, most wished for first."""

    rank: Callable[[str], Any]
    """Sort key of free names: the smaller, the earlier it is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What some chosen candidate requires of a name that is not chosen yet."""

    specifier: str
    spared: Version | None
    """The installed version, let through although the specifier forbids it: that violation is tolerated."""

    optional: bool
    """The project is missing today, which is tolerated: only if it is added anyway must it fit."""

    sources: Names

    def admits(self, candidate: Candidate) -> bool:
        """Whether the candidate fulfils it."""
        if candidate.release is None and candidate.version == self.spared:
            return True
        return allows(self.specifier, candidate.version)


@dataclass(slots=True, kw_only=True)
class Level:
    """One name that is being chosen, and why its candidates so far did not do."""

    name: str
    values: Sequence[Candidate]
    conflict: set[str]
    tried: int = 0
    asked: int = 0
    """How many of the tried ones took a look-up."""

    undo: list[list[Any]] = field(default_factory=list)
    """Lists that grew when its present candidate was assigned, to be shortened again."""


def solve(problem: Problem, steps: Steps) -> dict[str, Candidate]:
    """Candidates for all free names and for what must be added. Raises NoSolution or TooDeep."""
    return Solver(problem=problem, steps=steps).run()


@dataclass(slots=True, kw_only=True)
class Solver:
    """One search. What stands outside is imposed first and never undone."""

    problem: Problem
    steps: Steps
    chosen: dict[str, Candidate] = field(default_factory=dict)
    bounds: dict[str, list[Bound]] = field(default_factory=dict)
    asked: dict[str, list[tuple[str, Names]]] = field(default_factory=dict)
    """Extras asked for of each name, and by whom."""

    undo: list[list[Any]] = field(default_factory=list)

    def run(self) -> dict[str, Candidate]:
        """Search until everything is chosen."""
        self._impose_outside()
        levels: list[Level] = []
        while (name := self._next()) is not None:
            levels.append(Level(name=name, values=self._values(name), conflict=set()))
            while not self._advance(levels[-1]):
                self._step_back(levels)
        return dict(self.chosen)

    def _impose_outside(self) -> None:
        problem = self.problem
        for parent, dependency in problem.demand.on((*problem.free, *problem.demand.missing), problem.outside):
            self._bound(parent, dependency, frozenset((parent.name,)))
        waiting = [(parent, need) for parent, need in problem.demand.with_extras if parent.name in problem.outside]
        for parent, dependency in waiting:  # grows while it is walked
            there = problem.outside.get(dependency.name)
            for extra in dependency.extras if there is not None else ():
                sources = frozenset((parent.name, dependency.name))
                if there is not None and self._ask(there.name, extra, sources):
                    for further in problem.world.needs(there, extra):
                        if further.name not in problem.outside:
                            self._bound(there, further, sources)
                        waiting += [(there, further)] if further.extras else []
        self.undo = []

    def _next(self) -> str | None:
        """What must be added first, since that fails soonest, then the free names by their rank."""
        for name, bounds in self.bounds.items():
            if name not in self.problem.free and name not in self.chosen and not all(each.optional for each in bounds):
                return name
        waiting = [name for name in self.problem.free if name not in self.chosen]
        return min(waiting, key=self.problem.rank) if waiting else None

    def _values(self, name: str) -> Sequence[Candidate]:
        if name in self.problem.free:
            return self.problem.order(name)
        pre = any(names_prerelease(each.specifier) for each in self.bounds[name])
        return self.problem.world.domain(name, pre=pre)

    def _advance(self, level: Level) -> bool:
        """Assign the next candidate of the level that goes together with all chosen so far, if there is one."""
        while level.tried < len(level.values):
            candidate = level.values[level.tried]
            level.tried += 1
            self.steps.take()
            blame = self._ruled_out(level, candidate)
            if blame is None:
                blame = self._assign(level.name, candidate)
                if blame is None:
                    level.undo, self.undo = self.undo, []
                    return True
                self._revert(self.undo)
                del self.chosen[level.name]
            level.conflict |= blame
        return False

    def _ruled_out(self, level: Level, candidate: Candidate) -> Names | None:
        """Names to blame when the candidate cannot be chosen whatever it requires, or that cannot be known."""
        for bound in self.bounds.get(level.name, ()):
            if not bound.admits(candidate):
                return bound.sources
        if self.problem.world.unknown(candidate):
            self.steps.look_up()
            level.asked += 1
            if level.asked % AHEAD == 2:
                self.problem.world.expect(self._likely(level))
        return None if self.problem.world.usable(candidate) else frozenset()

    def _likely(self, level: Level) -> list[Candidate]:
        """The candidates that this level will come to next."""
        bounds = self.bounds.get(level.name, ())
        waiting = level.values[level.tried - 1 :]
        return [each for each in waiting if all(bound.admits(each) for bound in bounds)][:AHEAD]

    def _step_back(self, levels: list[Level]) -> None:
        """Undo levels up to one that has a part in the dead end. Raises NoSolution when there is none."""
        dead = levels.pop()
        conflict = dead.conflict
        if dead.name not in self.problem.free:  # it need not be added if nobody requires it
            conflict = conflict.union(*(each.sources for each in self.bounds[dead.name] if not each.optional))
        conflict.discard(dead.name)
        while levels:
            self._revert(levels[-1].undo)
            del self.chosen[levels[-1].name]
            if levels[-1].name in conflict:
                levels[-1].conflict |= conflict - {levels[-1].name}
                return
            levels.pop()
        raise NoSolution(frozenset(conflict) & self.problem.outside.keys())

    def _revert(self, undo: list[list[Any]]) -> None:
        while undo:
            undo.pop().pop()

    def _assign(self, name: str, candidate: Candidate) -> Names | None:
        """Choose a candidate; names to blame when it does not go together with what is chosen."""
        self.chosen[name] = candidate
        own = frozenset((name,))
        blame = self._impose(candidate, "", own)
        for extra, sources in tuple(self.asked.get(name, ())):
            blame = self._impose(candidate, extra, own | sources) if blame is None else blame
        return blame

    def _impose(self, parent: Candidate, extra: str, sources: Names) -> Names | None:
        for dependency in self.problem.world.needs(parent, extra):
            blame = self._require(parent, dependency, sources)
            if blame is not None:
                return blame
        return None

    def _require(self, parent: Candidate, dependency: Dependency, sources: Names) -> Names | None:
        """Put a requirement in force; names to blame when something chosen, or all that is left, violates it."""
        name = dependency.name
        there = self.problem.outside.get(name) or self.chosen.get(name)
        if there is None:
            self._bound(parent, dependency, sources)
            return self._exhausted(name)
        if not self._fits(parent, dependency, there):
            return sources | {name}
        for extra in sorted(dependency.extras):
            if self._ask(name, extra, sources):
                blame = self._impose(there, extra, sources | {name})
                if blame is not None:
                    return blame
        return None

    def _ask(self, name: str, extra: str, sources: Names) -> bool:
        """Note that an extra is asked for; False when it is already."""
        asked = self.asked.setdefault(name, [])
        if any(extra == each for each, _ in asked):
            return False
        asked.append((extra, sources))
        self.undo.append(asked)
        return True

    def _fits(self, parent: Candidate, dependency: Dependency, there: Candidate) -> bool:
        if allows(dependency.specifier, there.version):
            return True
        unchanged = there is self.problem.world.installed.get(there.name)
        return unchanged and self.problem.world.violated_today(parent, dependency)

    def _bound(self, parent: Candidate, dependency: Dependency, sources: Names) -> None:
        violated = self.problem.world.violated_today(parent, dependency)
        today = self.problem.world.installed.get(dependency.name)
        bound = Bound(
            specifier=dependency.specifier,
            spared=today.version if violated and today is not None else None,
            optional=violated and today is None,
            sources=sources,
        )
        bounds = self.bounds.setdefault(dependency.name, [])
        bounds.append(bound)
        self.undo.append(bounds)
        for extra in sorted(dependency.extras):
            self._ask(dependency.name, extra, sources)

    def _exhausted(self, name: str) -> Names | None:
        """Names to blame when the bounds leave a free name nothing to choose from."""
        if name not in self.problem.free:
            return None
        blame: set[str] = set()
        for candidate in self.problem.order(name):
            against = next((each for each in self.bounds[name] if not each.admits(candidate)), None)
            if against is None:
                return None
            blame |= against.sources
        return frozenset(blame)
