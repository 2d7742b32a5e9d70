"""Why a distribution stays below its newest version: the requirements that would be violated, in words.

The result is true by construction: the newest version replaces the planned one, and whatever that needs newer follows
it as far as possible. The requirements that are then violated are the reason; without them, and with everything else as
planned, the newest version would be possible.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from ..core.models import Hold, Project, Reason
from ..core.requirements import allows
from .candidates import Assignment, Candidate, CandidatePool, Problem

FOLLOW = 8
"""How many others a newest version may take along before their obstacles are irrelevant."""


def holds(
    pool: CandidatePool, assignment: Assignment, names: Iterable[str], *, gave_up: Collection[str] = ()
) -> Iterator[Hold]:
    """Yield a hold for each of ``names`` that the assignment leaves below its newest candidate.

    ``gave_up`` are names whose search hit its limit.
    """
    for name in sorted(names):
        project = pool.project(name)
        candidates = pool.versions_of(name) if isinstance(project, Project) else ()
        if candidates and candidates[0].version > assignment[name].version:
            wanted = candidates[0]
            yield Hold(
                name=name,
                installed=pool.installed[name].version,
                kept=assignment[name].version,
                latest=wanted.version,
                reasons=(_BUDGET,) if name in gave_up else tuple(reasons(pool, assignment, wanted)),
            )


_BUDGET = Reason(kind="budget", text="the search for a newer consistent set hit its limit")


def reasons(pool: CandidatePool, assignment: Assignment, wanted: Candidate) -> Iterator[Reason]:
    """Return what prevents ``wanted``; at least one reason."""
    failure = pool.failure(wanted)
    if failure is not None:
        yield Reason(kind="metadata", text=failure.text, data={"version": str(wanted.version)})
        return
    chain = Chain(pool=pool, planned=assignment, wanted=wanted)
    chain.follow()
    told: dict[str, Reason] = {}
    for problem in (*chain.links, *chain.obstacles()):
        for reason in chain.reasons(problem):
            told.setdefault(reason.text, reason)
    yield from told.values()
    if not told:
        yield Reason(kind="indirect", text="its requirements conflict with the other packages")


@dataclass(slots=True, kw_only=True)
class Chain:
    """A newest version in a plan without it, and its consequences."""

    pool: CandidatePool
    planned: Assignment
    wanted: Candidate
    trial: dict[str, Candidate] = field(init=False)
    links: list[Problem] = field(init=False, default_factory=list)
    """Requirements that force others to change."""

    def __post_init__(self) -> None:
        self.trial = self.pool.completed({**self.planned, self.wanted.name: self.wanted})

    def follow(self) -> None:
        """Upgrade what the newest version needs newer, and packages that require an older one.

        While that is known without the index, and does not create more conflicts than it resolves.
        """
        moved = True
        while moved and len(self.links) < FOLLOW:
            moved = any(self._follows(*step) for step in self._steps())

    def _follows(self, problem: Problem, candidate: Candidate) -> bool:
        before, obstacles = self.trial, self.obstacles()
        self.trial = self.pool.completed({**self.trial, candidate.name: candidate})
        if len(self.obstacles()) > len(obstacles) or problem.key in {each.key for each in self.obstacles()}:
            self.trial = before
            return False
        if candidate.name == problem.dependency.name:
            self.links.append(problem)
        return True

    def _steps(self) -> Iterator[tuple[Problem, Candidate]]:
        for problem in self.obstacles():
            parent, dependency, found = problem.parent, problem.dependency, problem.found
            if found is None or dependency.url is not None:
                continue
            if self._moved(parent) and not self._moved(found):
                fitting = (each for each in self._newer(found) if allows(dependency.specifier, each.version))
                yield from ((problem, each) for each in fitting)
            elif self._moved(found) and not self._moved(parent):
                yield from ((problem, each) for each in self._newer(parent))

    def _newer(self, candidate: Candidate) -> list[Candidate]:
        """Return some newer known versions, the newest first."""
        versions = self.pool.versions_of(candidate.name)
        newer = [each for each in versions if each.version > candidate.version and not self.pool.unknown(each)]
        return [each for each in newer if self.pool.usable(each)][:FOLLOW]

    def _moved(self, candidate: Candidate) -> bool:
        return self.planned.get(candidate.name) is not candidate

    def obstacles(self) -> list[Problem]:
        """Return the violated requirements, each once."""
        found: dict[tuple[str, str, str], Problem] = {}
        for problem in self.pool.problems(self.trial):
            found.setdefault(problem.key, problem)
        return list(found.values())

    def reasons(self, problem: Problem) -> Iterator[Reason]:
        """Return a requirement in words, and what keeps its owner from giving it up, if that is not in the plan."""
        parent, dependency = problem.parent, problem.dependency
        text, data, found = problem.text, problem.data, problem.found
        if dependency.url is not None:
            yield Reason(kind="direct-url", text=text, data={**data, "url": dependency.url})
        elif dependency.name == self.wanted.name or (found is not None and self._moved(found)):
            yield Reason(kind="required-by", text=text, data=data)
            yield from self._stuck(parent)
        elif found is None:
            text = f"{text}, {_absence(self.pool, dependency.name)}"
            yield Reason(kind="requires-missing", text=text, data=data)
        elif problem in self.links:
            yield Reason(kind="requires", text=text, data={**data, "found": str(found.version)})
        else:
            text += f", but {dependency.name} {_stays(self.pool, found)}"
            yield Reason(kind="requires", text=text, data={**data, "found": str(found.version)})

    def _stuck(self, parent: Candidate) -> Iterator[Reason]:
        """Return what excludes the next release of the requirement's owner: a newer one might not have it."""
        project = self.pool.project(parent.name) if self.pool.may_move(parent.name) else None
        newer = (
            [each for each in project.releases if each.version > parent.version] if isinstance(project, Project) else []
        )
        if newer and all(each.blocked is not None for each in newer):
            release = newer[0]
            if release.blocked is not None and release.blocked.kind != "pre-release":
                version = str(release.version)
                yield release.blocked.after(f"{parent.name} {version}", by=parent.name, version=version)


def causes(pool: CandidatePool, assignment: Assignment, name: str) -> Iterator[str]:
    """Return why the assignment changes or adds what nobody asked for: requirements violated otherwise."""
    stayed = {key: each for key, each in assignment.items() if key != name}
    if name in pool.installed:
        stayed[name] = pool.installed[name]
    for problem in pool.problems(stayed):
        parent, dependency = problem.parent, problem.dependency
        if name in (parent.name, dependency.name):
            yield problem.text


def _stays(pool: CandidatePool, found: Candidate) -> str:
    stays = pool.stays.get(found.name)
    if found.release is None:
        return f"stays at {found.version}" + (f" ({stays.text})" if stays else "")
    return f"is {'upgraded to' if found.name in pool.installed else 'added at'} {found.version}"


def _absence(pool: CandidatePool, name: str) -> str:
    project = pool.project(name)
    if not isinstance(project, Project):
        return project.text
    if name in pool.stays:
        return f"which cannot be added ({pool.stays[name].text})"
    newest = next((each.blocked for each in project.releases if each.blocked is not None), None)
    return f"which has no compatible release ({newest.text})" if newest else "which has no compatible release"
