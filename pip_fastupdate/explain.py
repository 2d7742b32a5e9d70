"""Why a distribution stays below its newest version: the requirements that would be violated, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .models import Hold, Project, Reason
from .world import Assignment, Candidate, Problem, World


def holds(world: World, assignment: Assignment, names: Iterable[str], *, exhausted: bool) -> Iterator[Hold]:
    """A hold for each of ``names`` that the assignment leaves below its newest candidate."""
    for name in sorted(names):
        project = world.project(name)
        candidates = world.domain(name) if isinstance(project, Project) else ()
        if candidates and candidates[0].version > assignment[name].version:
            yield Hold(
                name=name,
                installed=world.installed[name].version,
                kept=assignment[name].version,
                latest=candidates[0].version,
                reasons=tuple(reasons(world, assignment, candidates[0], exhausted=exhausted)),
            )


def reasons(world: World, assignment: Assignment, wanted: Candidate, *, exhausted: bool) -> Iterator[Reason]:
    """What stands in the way of ``wanted``; at least one reason."""
    failure = world.failure(wanted)
    if failure is not None:
        yield Reason(kind="metadata", text=failure.text, data={"version": str(wanted.version)})
        return
    problems = _conflicts(world, assignment, wanted)
    for problem in problems:
        yield _reason(world, problem, wanted)
    if not problems:
        yield _indirect(exhausted)


def _conflicts(world: World, assignment: Assignment, wanted: Candidate) -> list[Problem]:
    trial = world.completed({**assignment, wanted.name: wanted})
    found: dict[tuple[str, str, str], Problem] = {}
    for problem in world.problems(trial):
        found.setdefault(problem.key, problem)
    return list(found.values())


def _reason(world: World, problem: Problem, wanted: Candidate) -> Reason:
    parent, dependency = problem.parent, problem.dependency
    data = {"by": parent.name, "by_version": str(parent.version), "requirement": dependency.text}
    text = f"{parent.name} {parent.version} requires {dependency.text}"
    if dependency.name == wanted.name:
        return Reason(kind="required-by", text=text, data=data)
    if problem.found is None:
        return Reason(kind="requires-missing", text=f"{text}, {_absence(world, dependency.name)}", data=data)
    text += f", but {dependency.name} {_stays(world, problem.found)}"
    return Reason(kind="requires", text=text, data={**data, "found": str(problem.found.version)})


def _stays(world: World, found: Candidate) -> str:
    stays = world.stays.get(found.name)
    if found.release is None:
        return f"stays at {found.version}" + (f" ({stays.text})" if stays else "")
    return f"goes to {found.version}"


def _absence(world: World, name: str) -> str:
    project = world.project(name)
    if not isinstance(project, Project):
        return project.text
    if name in world.stays:
        return f"which is left out ({world.stays[name].text})"
    newest = next((each.blocked for each in project.releases if each.blocked is not None), None)
    return f"of which no release fits ({newest.text})" if newest else "of which no release fits"


def _indirect(exhausted: bool) -> Reason:
    if exhausted:
        return Reason(kind="budget", text="the search for a newer consistent set was given up")
    return Reason(kind="indirect", text="what it requires cannot be fulfilled together with the other packages")
