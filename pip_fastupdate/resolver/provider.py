"""resolvelib's view of a part of the world: some names are free, the rest stands as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from packaging.version import Version
from resolvelib import AbstractProvider, BaseReporter, Resolver
from resolvelib.resolvers import ResolutionImpossible, ResolutionTooDeep

from ..dependencies import Dependency, allows, names_prerelease
from ..world import Candidate, World

Identifier: TypeAlias = "tuple[str, str]"
"""(normalized name, extra or "")."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Need:
    """Something that the chosen candidate of ``name`` must fulfil."""

    name: str
    extra: str = ""
    specifier: str = ""
    exact: Candidate | None = None
    """The one candidate that will do, for the extras of a candidate."""

    spared: Version | None = None
    """A version that is let through although the specifier forbids it: the violation is tolerated today."""

    optional: bool = False
    """It only says which version must be there if any: the project is missing today, which is tolerated."""

    parent: Candidate | None = None

    def admits(self, candidate: Candidate) -> bool:
        """Whether the candidate fulfils it."""
        if self.exact is not None:
            return candidate is self.exact
        if candidate.absent:
            return self.optional
        if candidate.release is None and candidate.version == self.spared:
            return True
        return allows(self.specifier, candidate.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A candidate together with one of its extras ("" for none)."""

    candidate: Candidate
    extra: str = ""


@dataclass(slots=True, kw_only=True)
class Steps:
    """How many rounds of search are left, over all searches of one plan."""

    left: int
    spent: int = 0

    @property
    def over(self) -> bool:
        """Whether the budget is used up."""
        return self.left <= 0


class NoSolution(Exception):
    """The free names cannot be chosen consistently; ``blockers`` are names outside that stand in the way."""

    def __init__(self, blockers: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(blockers)))
        self.blockers = blockers


class TooDeep(Exception):
    """The budget of steps ran out."""


@dataclass(slots=True, kw_only=True)
class Problem:
    """What is to be solved: choose for every name in ``free`` so that all requirements in force hold."""

    world: World
    free: frozenset[str]
    outside: Mapping[str, Candidate]
    """What all other installed names are held at."""

    order: Callable[[str], Sequence[Candidate]]
    """The admitted candidates of a free name, most wished for first."""

    rank: Callable[[str], Any]
    """Sort key of names: the smaller, the earlier it is chosen."""


@dataclass(slots=True, kw_only=True, eq=False)
class Provider(AbstractProvider):  # type: ignore[type-arg]
    """Hooks for resolvelib; the identifiers are names with at most one extra."""

    problem: Problem
    refused: set[str] = field(default_factory=set)
    """Names outside that some candidate could not live with."""

    def identify(self, requirement_or_candidate: Need | Pick) -> Identifier:
        """Name and extra."""
        if isinstance(requirement_or_candidate, Pick):
            return (requirement_or_candidate.candidate.name, requirement_or_candidate.extra)
        return (requirement_or_candidate.name, requirement_or_candidate.extra)

    def get_preference(
        self,
        identifier: Identifier,
        resolutions: Mapping[Identifier, Pick],
        candidates: Mapping[Identifier, Iterator[Pick]],
        information: Mapping[Identifier, Iterator[Any]],
        backtrack_causes: Sequence[Any],
    ) -> Any:
        """What made the search step back goes first, then the wishes in their order."""
        name, extra = identifier
        to_blame = any(
            name in (cause.requirement.name, cause.requirement.parent and cause.requirement.parent.name)
            for cause in backtrack_causes
        )
        return (not to_blame, self.problem.rank(name), extra)

    def find_matches(
        self,
        identifier: Identifier,
        requirements: Mapping[Identifier, Iterator[Need]],
        incompatibilities: Mapping[Identifier, Iterator[Pick]],
    ) -> Callable[[], Iterator[Pick]]:
        """Candidates that fulfil all needs; those whose own requirements cannot be known are passed over."""
        name, extra = identifier
        needs = list(requirements[identifier])
        barred = {pick.candidate for pick in incompatibilities[identifier]}

        def matches() -> Iterator[Pick]:
            for candidate in self._admitted(name, needs):
                fits = candidate not in barred and all(need.admits(candidate) for need in needs)
                if fits and self.problem.world.usable(candidate):
                    yield Pick(candidate=candidate, extra=extra)

        return matches

    def _admitted(self, name: str, needs: Sequence[Need]) -> Sequence[Candidate]:
        if name in self.problem.outside:
            return (self.problem.outside[name],)
        if name in self.problem.free:
            return self.problem.order(name)
        pre = any(names_prerelease(need.specifier) for need in needs)
        return (self.problem.world.absence(name), *self.problem.world.domain(name, pre=pre))

    def is_satisfied_by(self, requirement: Need, candidate: Pick) -> bool:
        """Whether a candidate that was chosen fulfils a need that came up later."""
        return requirement.admits(candidate.candidate)

    def get_dependencies(self, candidate: Pick) -> Iterable[Need]:
        """Needs of a candidate; those that what stands outside already fulfils are left out."""
        found = []
        if candidate.extra:
            found.append(Need(name=candidate.candidate.name, exact=candidate.candidate, parent=candidate.candidate))
        for dependency in self.problem.world.needs(candidate.candidate, candidate.extra):
            found.extend(self.expand(candidate.candidate, dependency, set()))
        return found

    def expand(self, parent: Candidate, dependency: Dependency, seen: set[Identifier]) -> Iterator[Need]:
        """What a requirement asks of the free names, through the extras of what stands outside too."""
        name = dependency.name
        standing = self.problem.outside.get(name)
        need = self._need(parent, dependency)
        if standing is None or not need.admits(standing):
            if standing is not None:
                self.refused.add(name)
            yield need
        for extra in sorted(dependency.extras):
            if standing is None:
                yield replace(need, extra=extra)
            elif (name, extra) not in seen:
                seen.add((name, extra))
                for further in self.problem.world.needs(standing, extra):
                    yield from self.expand(standing, further, seen)

    def _need(self, parent: Candidate, dependency: Dependency) -> Need:
        violated = self.problem.world.violated_today(parent, dependency)
        today = self.problem.world.installed.get(dependency.name)
        return Need(
            name=dependency.name,
            specifier=dependency.specifier,
            spared=today.version if violated and today is not None else None,
            optional=violated and today is None,
            parent=parent,
        )

    def roots(self) -> list[Need]:
        """Every free name, and what stands outside requires of free names and of additions."""
        found = [Need(name=name) for name in sorted(self.problem.free)]
        for parent, dependency in self.problem.world.requirements(self.problem.outside):
            if dependency.name not in self.problem.outside:
                found.extend(self.expand(parent, dependency, set()))
        return found


def solve(problem: Problem, steps: Steps) -> dict[str, Candidate]:
    """Candidates for all free names and for what must be added.

    Raises NoSolution, or TooDeep when ``steps`` run out.
    """
    provider = Provider(problem=problem)
    reporter = _Rounds()
    try:
        result = Resolver(provider, reporter).resolve(provider.roots(), max_rounds=max(1, steps.left))
    except ResolutionImpossible as impossible:
        raise NoSolution(_blockers(problem, provider, impossible.causes)) from None
    except ResolutionTooDeep:
        raise TooDeep from None
    finally:
        steps.left -= reporter.rounds
        steps.spent += reporter.rounds
    return {
        name: pick.candidate for (name, extra), pick in result.mapping.items() if not (extra or pick.candidate.absent)
    }


class _Rounds(BaseReporter):  # type: ignore[type-arg]
    """Counts the rounds of a search."""

    def __init__(self) -> None:
        self.rounds = 0

    def ending_round(self, index: int, state: Any) -> None:
        """One more."""
        self.rounds += 1

    def rejecting_candidate(self, criterion: Any, candidate: Any) -> None:
        """Stepping back costs as much as going on."""
        self.rounds += 1


def _blockers(problem: Problem, provider: Provider, causes: Iterable[Any]) -> frozenset[str]:
    named = set(provider.refused)
    for cause in causes:
        named.add(cause.requirement.name)
        if cause.requirement.parent is not None:
            named.add(cause.requirement.parent.name)
    blockers = _with_askers(problem, named & set(problem.outside))
    if not any(problem.world.may_move(name) for name in blockers):
        blockers |= {
            parent.name
            for parent, dependency in problem.world.requirements(problem.outside)
            if dependency.name not in problem.outside
        }
    return frozenset(name for name in blockers if problem.world.may_move(name))


def _with_askers(problem: Problem, names: set[str]) -> set[str]:
    """The names together with those outside that ask for extras of them, whose requirements may be to blame."""
    askers: dict[str, set[str]] = {}
    for parent, dependency in problem.world.requirements(problem.outside):
        if dependency.extras:
            askers.setdefault(dependency.name, set()).add(parent.name)
    found = list(names)
    for name in found:  # grows while it is walked
        found.extend(askers.get(name, set()).difference(found))
    return set(found)
