"""Solutions under assumptions: either one that satisfies them all, or a subset that cannot be satisfied together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .candidates import Candidate, CandidatePool
from .encoding import Encoding
from .engine import Engine, Nogood, Term
from .packages import FIRST, Budget, Package, TooDeep

RESTART = 60
"""Conflicts after which a search restarts for the first time, with all that it has learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Assumptions that cannot all be true."""

    terms: frozenset[Term]
    leaves: frozenset[Nogood]
    """What that follows from, if proofs are kept."""


@dataclass(slots=True, kw_only=True)
class Solver:
    """A pool that is searched repeatedly; what was learned once is kept."""

    encoding: Encoding
    model: dict[int, int] = field(default_factory=dict)
    """The last solution: by variable its value, as a mask."""

    assumed: list[Term] = field(default_factory=list)
    """What the levels of the engine stand for, from the first."""

    solves: int = 0

    @classmethod
    def of(cls, pool: CandidatePool, wanted: frozenset[str], budget: Budget, *, proving: bool = False) -> Solver:
        """Return a solver that knows nothing yet."""
        return cls(encoding=Encoding(pool=pool, wanted=wanted, engine=Engine(proving=proving), budget=budget))

    def solve(self, wanted: Sequence[Term], conflicts: int) -> Core | None:
        """Return None if there is a solution, which is then ``model``. Raises TooDeep after that many conflicts."""
        engine, encoding = self.encoding.engine, self.encoding
        assumptions, epochs = self._assume(wanted), encoding.supports.begun
        limit = engine.conflicts + conflicts
        restart, after = engine.conflicts + RESTART, RESTART
        self.solves += 1
        while True:
            engine.propagate()
            if engine.refuted is not None:
                return Core(terms=frozenset(), leaves=engine.refuted)
            if engine.conflicts > limit:
                raise TooDeep
            if encoding.extend():
                continue
            if engine.conflicts >= restart:
                after += after // 2
                restart = engine.conflicts + after
                engine.back_to(0)
            if epochs != encoding.supports.begun:
                assumptions, epochs = self._assume(wanted), encoding.supports.begun
            done = self._step(assumptions)
            if done is not True:
                return done or None

    def _assume(self, wanted: Sequence[Term]) -> list[Term]:
        """Return all assumptions; the search goes back only as far as they differ from the last time."""
        assumptions = [*self.encoding.supports.epochs(), *wanted]
        same = 0
        for one, other in zip(assumptions, self.assumed, strict=False):
            if one != other:
                break
            same += 1
        self.encoding.engine.back_to(same)
        self.assumed = assumptions
        return assumptions

    def _step(self, assumptions: list[Term]) -> Core | bool:
        """Make one more assumption or decision, if any; return a core if those before exclude an assumption."""
        engine = self.encoding.engine
        if engine.level < len(assumptions):
            variable, mask = assumptions[engine.level]
            if not engine.masks[variable] & mask:
                levels, leaves = engine.sources(variable, ~mask)
                terms = frozenset((assumptions[engine.level], *(assumptions[level - 1] for level in levels)))
                return Core(terms=terms - frozenset(self.encoding.supports.epochs()), leaves=leaves)
            engine.decide(variable, mask)
            return True
        undecided = engine.undecided()
        if undecided is None:
            self.model = dict(enumerate(engine.masks))
            return False
        engine.decide(undecided, self._choice(undecided))
        return True

    def _choice(self, variable: int) -> int:
        """Return its last value if possible; else the most preferred value left."""
        engine = self.encoding.engine
        left = engine.masks[variable]
        return engine.phases[variable] & left or left & -left

    def list_versions(self, *packages: Package) -> None:
        """List all versions of the packages in the search."""
        self.encoding.engine.back_to(0)
        self.encoding.list_versions(packages)

    def always(self, term: Term) -> None:
        """Make the term true from now on."""
        variable, mask = term
        self.encoding.engine.add(Nogood([(variable, ~mask)]))

    def never(self, terms: Iterable[Term]) -> None:
        """Make these not all true from now on."""
        self.encoding.engine.add(Nogood(list(terms)))

    def fulfils(self, term: Term) -> bool:
        """Return whether the term is true in the last solution."""
        return not self.model[term[0]] & ~term[1] if term[0] in self.model else term[1] & FIRST != 0

    def chosen(self, package: Package) -> Candidate | None:
        """Return the last solution's version of a package."""
        place = self.model[package.variable].bit_length() - 1 if package.variable in self.model else 0
        return package.values[place]

    def assignment(self) -> dict[str, Candidate]:
        """Return the last solution."""
        found = {name: self.chosen(each) for name, each in self.encoding.packages.items()}
        return {name: each for name, each in found.items() if each is not None}
