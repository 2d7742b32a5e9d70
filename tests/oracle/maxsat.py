"""The best choice of a world by a MaxSAT solver (python-sat), for worlds with too many choices to try them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pysat.examples.rc2 import RC2
from pysat.formula import WCNF
from pysat.solvers import Solver

from pip_fastupdate.resolver.search import Wishes, best_assignment

from .brute import ranked
from .judge import Judge, fits, holds, number, requirement
from .worlds import Plain


@dataclass
class Formula:
    """A world as clauses, with all versions of all projects."""

    judge: Judge
    early: frozenset[str] = frozenset()
    """Names that may be at a pre-release."""

    clauses: list[list[int]] = field(default_factory=list)
    literals: dict[tuple[str, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain = self.judge.plain
        for name in (*plain.installed, *self.judge.additions):
            chosen = [self.chosen(name, each) for each in self.judge.versions(name)]
            self.clauses += [[-one, -other] for place, one in enumerate(chosen) for other in chosen[:place]]
            if name in plain.installed:
                self.clauses.append(chosen)
        for name in (*plain.installed, *self.judge.additions):
            for version in self.judge.versions(name):
                self._version(name, version)
        self._pre_releases()

    def literal(self, *key: str) -> int:
        """One for each key."""
        return self.literals.setdefault(key, len(self.literals) + 1)

    def chosen(self, name: str, version: str) -> int:
        """That the name is at this version."""
        return self.literal(name, version)

    def _texts(self, name: str, version: str) -> Iterable[tuple[str, list[int]]]:
        """Requirements with what they depend on, as clauses begin: negated."""
        this = -self.chosen(name, version)
        for text in self.judge.plain.releases[name][version]:
            if holds(text, ""):
                yield text, [this]
            elif holds(text, "e"):
                yield text, [this, -self.literal(name, "", "e")]

    def _version(self, name: str, version: str) -> None:
        plain = self.judge.plain
        for text, unless in self._texts(name, version):
            need = requirement(text)
            targets = self.judge.versions(need.name) if need.name in {*plain.installed, *self.judge.additions} else []
            good = [each for each in targets if fits(text, each)]
            spared = plain.installed.get(name) == version and (name, text) in self.judge.unmet_today
            today = plain.installed.get(need.name)
            if spared and today is None:  # missing it may stay, but not be there at a version that does not fit
                self.clauses += [[*unless, -self.chosen(need.name, each)] for each in targets if each not in good]
            else:
                good += [today] if spared and today is not None and today not in good else []
                self.clauses.append([*unless, *(self.chosen(need.name, each) for each in good)])
            if targets:
                self.clauses += [[*unless, self.literal(need.name, "", extra)] for extra in need.extras]

    def _pre_releases(self) -> None:
        plain = self.judge.plain
        for name in (*plain.installed, *self.judge.additions):
            finals = [each for each in self.judge.versions(name) if not plain.early(name, each)]
            for version in self.judge.versions(name):
                if plain.early(name, version):
                    support = self._support(name, finals) if name in self.early else []
                    self.clauses.append([-self.chosen(name, version), *support])

    def _support(self, name: str, finals: Sequence[str]) -> list[int]:
        found = []
        for parent in (*self.judge.plain.installed, *self.judge.additions):
            for version in self.judge.versions(parent):
                for text, unless in self._texts(parent, version):
                    need = requirement(text)
                    asks = need.specifier.prereleases or not any(fits(text, each) for each in finals)
                    if need.name == name and asks:
                        force = self.literal("force", parent, version, text)
                        self.clauses += [[-force, -each] for each in unless]
                        found.append(force)
        return found


@dataclass
class Best:
    """One stage after the other; what was reached is kept."""

    formula: Formula

    def most(self, groups: Sequence[Sequence[int]]) -> int:
        """How many of the groups can have one of their literals true; that many is demanded from now on."""
        wcnf = WCNF()
        wcnf.extend(self.formula.clauses)
        wishes = []
        for number_, group in enumerate(groups):
            wish = self.formula.literal("wish", str(len(self.formula.literals)), str(number_))
            self.formula.clauses.append([-wish, *group])
            wcnf.append([-wish, *group])
            wcnf.append([wish], weight=1)
            wishes.append(wish)
        with RC2(wcnf) as solver:
            model = solver.compute()
            assert model is not None
            return len(groups) - int(solver.cost)

    def possible(self, literals: Sequence[int]) -> bool:
        """Whether one of them can be true."""
        with Solver(name="g4", bootstrap_with=[*self.formula.clauses, list(literals)]) as solver:
            return bool(solver.solve())

    def keep(self, literals: Sequence[int]) -> None:
        """One of them is true from now on."""
        self.formula.clauses.append(list(literals))


def fault(plain: Plain, *, budget: int | None = None) -> str:
    """What is wrong with the planner's choice; "" when it is the best."""
    judge = Judge(plain)
    wishes = Wishes(names=plain.named) if budget is None else Wishes(names=plain.named, budget=budget)
    solution = best_assignment(plain.pool(), wishes)
    mine = {name: str(each.version) for name, each in solution.assignment.items()}
    if not judge.consistent(mine):
        return f"inconsistent: {mine}"
    if judge.needless(mine):
        return f"needless additions: {mine}"
    worse = _worse(judge, mine, ranked(plain))
    if solution.gave_up:
        return f"gave up on {sorted(solution.gave_up)}{' and is worse: ' + worse if worse else ''}"
    return worse


def _worse(judge: Judge, mine: dict[str, str], order: list[str]) -> str:
    plain = judge.plain
    formula = Formula(judge=judge, early=frozenset(judge.early(mine)))
    best = Best(formula=formula)
    moving = [name for name in order if name not in plain.stays]
    wanted = [name for name in moving if not plain.named or name in plain.named]
    tiers = (
        [wanted]
        if plain.named
        else [
            [name for name in wanted if name in plain.requested],
            [name for name in wanted if name not in plain.requested],
        ]
    )
    for tier in tiers:
        groups = {name: _at_least(formula, name, judge.newest(name)) for name in tier}
        worse = _stage(
            best, "at newest", groups, {name for name in tier if number(mine[name]) >= number(judge.newest(name))}
        )
        if worse:
            return worse
    for name in wanted:
        worse = _farther(best, name, mine[name], lambda one, other: one > other)
        if worse:
            return worse
    if not plain.named:
        return ""
    rest = [name for name in moving if name not in plain.named]
    groups = {name: [formula.chosen(name, plain.installed[name])] for name in rest}
    worse = _stage(best, "unmoved", groups, {name for name in rest if mine[name] == plain.installed[name]})
    for name in rest:
        worse = worse or _farther(best, name, mine[name], lambda one, other: one < other)
    return worse


def _at_least(formula: Formula, name: str, version: str) -> list[int]:
    return [formula.chosen(name, each) for each in formula.judge.versions(name) if number(each) >= number(version)]


def _stage(best: Best, what: str, groups: dict[str, list[int]], mine: set[str]) -> str:
    if not groups:
        return ""
    most = best.most(list(groups.values()))
    if most > len(mine):
        return f"{len(mine)} {what}, {most} are possible"
    for name, group in groups.items():
        if name in mine:
            best.keep(group)
        elif not _count_too(best, groups, name, mine):
            best.formula.clauses += [[-each] for each in group]
        else:
            return f"{name} could be {what} instead of another"
    return ""


def _count_too(best: Best, groups: dict[str, list[int]], name: str, mine: set[str]) -> bool:
    """Whether the name can be, with as many as there are, and all of mine that go before it (they are kept already)."""
    before = len(best.formula.clauses)
    best.keep(groups[name])
    found = best.possible(groups[name]) and best.most(list(groups.values())) >= len(mine)
    del best.formula.clauses[before:]
    return found


def _farther(best: Best, name: str, mine: str, better: object) -> str:
    formula = best.formula
    versions = [each for each in formula.judge.versions(name) if not formula.judge.plain.early(name, each)]
    farther = [each for each in versions if callable(better) and better(number(each), number(mine))]
    if farther and best.possible([formula.chosen(name, each) for each in farther]):
        return f"{name} stays at {mine}, and could be at one of {farther}"
    best.keep([formula.chosen(name, mine)] if mine in versions else _at_least(formula, name, mine))
    return ""
