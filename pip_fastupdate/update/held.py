"""What a plan could not choose: the newest versions held by the user's rules or other causes."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.models import Change, Hold, Project, Reason, Release
from ..core.reasons import OF_NEW_VERSION, ReasonKind, constrained
from ..core.requirements import allows
from ..resolver.candidates import CandidatePool


def latest(
    pool: CandidatePool, name: str, hold: Hold | None, on_other_index: Release | None, change: Change | None
) -> str | None:
    """Return the newest version by the user's rules; the target if that is newer, i.e. a requested pre-release."""
    if on_other_index is not None:
        return str(on_other_index.version)
    newest = hold.latest if hold is not None else next((each.version for each in pool.versions_of(name)), None)
    if change is not None:
        return str(max(change.target.version, newest or change.target.version))
    if hold is not None:
        return str(hold.latest)
    if name in pool.stays:
        return _newest_offered(pool, name) if pool.stays[name].kind in OF_NEW_VERSION else None
    return None if newest is None else str(newest)


def _newest_offered(pool: CandidatePool, name: str) -> str | None:
    """Return the newest version of a distribution that could be upgraded if it were not held."""
    project = pool.project(name)
    versions = [pool.installed[name].version] if name in pool.installed else []
    versions += [each.version for each in project.candidates] if isinstance(project, Project) else []
    return str(max(versions)) if versions else None


def beyond(pool: CandidatePool, name: str, on_other_index: Release | None) -> Iterator[Reason]:
    """Return the newest release beyond the newest candidate, with what excludes it."""
    project = pool.project(name) if pool.may_move(name) else None
    if not isinstance(project, Project):
        return
    yield from project.notes
    yield from _constrained(project, pool, name)
    blocked = [*newest_blocked(pool, name)]
    for release in (
        *blocked,
        *([on_other_index] if on_other_index is not None and on_other_index not in blocked else []),
    ):
        if release.blocked is not None:
            version = str(release.version)
            yield release.blocked.after(version, version=version)


def _constrained(project: Project, pool: CandidatePool, name: str) -> Iterator[Reason]:
    """Return the newest candidate if a user's constraint excludes it."""
    limits = pool.constraints.get(name, ())
    newest = next(iter(project.candidates), None) if limits else None
    held = next(iter(pool.versions_of(name)), None)
    if newest is not None and held is not None and newest.version > held.version:
        limit = next(each for each in limits if not allows(each, newest.version))
        version = str(newest.version)
        data = {"version": version, "constraint": limit}
        yield Reason(kind="constraint", text=constrained(version, name, limit), data=data)


def newest_blocked(pool: CandidatePool, name: str) -> Iterator[Release]:
    """Return the newest release beyond the newest candidate, and the newest of each kind that the user's rules hold."""
    project = pool.project(name) if pool.may_move(name) else None
    if not isinstance(project, Project):
        return
    newest = next(iter(pool.versions_of(name)), None)
    told: set[ReasonKind] = set()
    for release in project.releases:
        if newest is not None and release.version <= newest.version:
            return
        if release.blocked is not None and release.blocked.kind not in {"pre-release", *told}:
            if not told or release.held:
                yield release
            told.add(release.blocked.kind)
