"""``--to pylock.toml``: the plan of a lock file, as far as this environment allows it.

Nothing is searched, because there is nothing to choose: everything gets its locked version, and what would break a
requirement stays, with the reason. Packages that are not in the lock file stay, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._pip import toml
from ...core import interpreter
from ...core.errors import UsageError
from ...core.models import Failure, Hold, Inventory, Plan, Project, Reason, Release
from ...core.reasons import UNREACHABLE, constrained
from ...core.requirements import allows
from ...core.text import some
from ...lockfile.reading import ReadLock, read
from ...resolver.candidates import Assignment, Candidate, CandidatePool, Key, Problem
from ..results import Exclusions, LookedUp, Planned, key_of, reasons_of
from ..scope import changes_of, constraints, excluded, stays, unreachable

if TYPE_CHECKING:
    from ...core.options import Options
    from ...core.protocols import ReleaseSource
    from ..context import RunContext


def opened(context: RunContext) -> ReadLock:
    """Return the user's lock file, read for this interpreter. Raises LockRefused, UsageError."""
    path = context.options.to
    assert path is not None  # only if requested
    _check(context.options, bounded=context.settings.requirements is not None)
    if context.options.policy.filters:
        context.progress.note(f"{path.name} decides the versions; ignoring cooldown and level")
    found = read(
        path, toml.loads, interpreter.this(), lambda name: excluded(context, name), context.catalog.session.learn
    )
    for note in found.notes:
        context.progress.warn(note)
    return found


def _check(options: Options, *, bounded: bool) -> None:
    """Raise UsageError for options that choose versions: the lock file does."""
    policy = options.policy
    given = {
        "NAME": options.names,
        "--requirement": bounded,
        "--group": options.groups,
        "--write": options.write,
        "--lock-file": options.lock_file,
        "--audit or --security": options.advisories.wanted,
        "--direct": policy.direct,
        "--prune": policy.prune,
    }
    wrong = [flag for flag, value in given.items() if value]
    if wrong:
        raise UsageError(
            f"--to cannot be used with {wrong[0]}",
            hint="use --exclude to skip packages; the lock file decides the versions",
        )


def look_up(context: RunContext, lock: ReadLock, inventory: Inventory) -> LookedUp:
    """Look up nothing: the lock file knows the files; report packages that stay unchanged."""
    rest = [each.name for each in inventory.distributions if each.name not in lock.releases]
    if rest:
        context.progress.note(f"not in {lock.path.name}, so unchanged: {some(rest)}")
    return LookedUp(before={}, failures={})


def locked_plan(context: RunContext, lock: ReadLock, inventory: Inventory, exclusions: Exclusions) -> Planned:
    """Return the plan closest to the lock file that breaks nothing.

    Raises IndexUnreachable if no locked release can be read.
    """
    kept = {**stays(context, inventory), **reasons_of(exclusions.failures), **exclusions.stays}
    with context.progress.stage("plan"):
        corrections = {**exclusions.corrections, **exclusions.damaged}
        while True:
            pool = CandidatePool(
                inventory=inventory,
                source=_LockedSource(context.catalog, lock),
                stays=kept,
                constraints=constraints(context.settings.constraints),
                corrections=corrections,
            )
            assignment, held, doubtful = _closest(context, pool, lock)
            confirmed = _confirmed(context, doubtful, corrections)
            if not confirmed:
                break
            corrections = {**corrections, **confirmed}
        plan = Plan(
            changes=tuple(changes_of(pool, assignment)), holds=tuple(_holds(pool, lock, held)), notes=_notes(lock, held)
        )
    damaged = {name: each for (name, _), each in exclusions.damaged.items()}
    return Planned(
        pool=pool,
        assignment=assignment,
        plan=plan,
        failures={**damaged, **exclusions.failures, **_not_added(pool, lock, held, exclusions)},
        names=frozenset(lock.releases),
        unreached=tuple(sorted(held)),
    )


def _confirmed(
    context: RunContext, doubtful: Iterable[Release], known: Mapping[Key, object]
) -> dict[Key, tuple[str, ...] | Failure]:
    """Return conflicts by the index's metadata as the files themselves state them; empty once all are known."""
    releases = [each for each in doubtful if key_of(each) not in known]
    found = context.catalog.each(context.catalog.confirm, releases)
    told = [
        context.catalog.requires(each) if isinstance(one, Failure) else one
        for each, one in zip(releases, found, strict=True)
    ]
    return dict(zip(map(key_of, releases), told, strict=True))


def _closest(
    context: RunContext, pool: CandidatePool, lock: ReadLock
) -> tuple[Assignment, Mapping[str, tuple[Reason, ...]], tuple[Release, ...]]:
    """Return the assignment, what is held, and the locked releases whose requirements cause that."""
    moves, held = _goal(context, pool, lock)
    causes: dict[Key, Release] = {}
    while True:
        found = {**pool.installed, **moves}
        problems = pool.problems(found)
        if not problems:
            return found, held, tuple(causes.values())
        told: dict[str, dict[str, Reason]] = {}
        for problem in problems:
            if problem.parent.release is not None:
                causes[key_of(problem.parent.release)] = problem.parent.release
            for name in _involved(pool, found, problem, moves):
                reason = _obstacle(problem, lock)
                told.setdefault(name, {})[reason.text] = reason
        held.update((name, tuple(reasons.values())) for name, reasons in told.items())
        moves = {name: each for name, each in moves.items() if name not in told}


def _goal(
    context: RunContext, pool: CandidatePool, lock: ReadLock
) -> tuple[dict[str, Candidate], dict[str, tuple[Reason, ...]]]:
    """Return what may change at all, and why the rest may not. Raises IndexUnreachable."""
    differing = {
        name: Candidate(name=name, version=release.version, release=release)
        for name, release in lock.releases.items()
        if name not in pool.installed or pool.installed[name].version != release.version
    }
    pool.expect(differing.values())
    held: dict[str, tuple[Reason, ...]] = {
        name: (reason,)
        for name, candidate in differing.items()
        if (reason := _ruled_out(context, pool, lock, candidate)) is not None
    }
    failures = [found for each in differing.values() if (found := pool.failure(each)) is not None]
    if differing and len(failures) == len(differing) and all(each.kind in UNREACHABLE for each in failures):
        raise unreachable(failures[0])
    return {name: each for name, each in differing.items() if name not in held}, held


def _ruled_out(context: RunContext, pool: CandidatePool, lock: ReadLock, candidate: Candidate) -> Reason | None:
    """Return why it must not be installed in any case."""
    name, version = candidate.name, candidate.version
    if not pool.may_move(name):
        return pool.stays[name]
    today = pool.installed.get(name)
    if today is not None and version < today.version and not context.options.allow_downgrade:
        text = f"{lock.path.name} has {version}, which is older; use --allow-downgrade to install it"
        return Reason(kind="older-in-lock", text=text, data={"locked": str(version)})
    limit = next((each for each in pool.constraints.get(name, ()) if not allows(each, version)), None)
    if limit is not None:
        data = {"locked": str(version), "constraint": limit}
        return Reason(kind="constraint", text=constrained(str(version), name, limit), data=data)
    failure = pool.failure(candidate)
    return None if failure is None else replace(failure.reason, data={"locked": str(version)})


def _involved(
    pool: CandidatePool, found: Assignment, problem: Problem, moves: Mapping[str, Candidate]
) -> frozenset[str]:
    """Return which changes are involved in a problem: one, those with an extra that it requests, or all."""
    names = frozenset((problem.parent.name, problem.dependency.name)) & moves.keys()
    if names:
        return names
    asking = {parent.name for parent, each in pool.requirements(found) if each.name == problem.parent.name}
    return frozenset(asking & moves.keys()) or frozenset(moves)


def _obstacle(problem: Problem, lock: ReadLock) -> Reason:
    text, data = problem.text, problem.data
    if problem.found is None:
        return Reason(kind="requires-missing", text=f"{text}, which {lock.path.name} does not contain", data=data)
    found = f"{problem.dependency.name} would be {problem.found.version}"
    return Reason(kind="required-by", text=f"{text}, but {found}", data=data)


def _holds(pool: CandidatePool, lock: ReadLock, held: Mapping[str, tuple[Reason, ...]]) -> Iterator[Hold]:
    for name, reasons in sorted(held.items()):
        today = pool.installed.get(name)
        if today is not None:
            latest = max(today.version, lock.releases[name].version)
            yield Hold(name=name, installed=today.version, kept=today.version, latest=latest, reasons=reasons)


def _notes(lock: ReadLock, held: Mapping[str, tuple[Reason, ...]]) -> tuple[str, ...]:
    """Return one line about everything that is not as locked, which explains the exit code."""
    found = [f"{name} {lock.releases[name].version} ({reasons[0].text})" for name, reasons in sorted(held.items())]
    return (f"not installed as in {lock.path.name}: {some(found)}",) if found else ()


def _not_added(
    pool: CandidatePool, lock: ReadLock, held: Mapping[str, tuple[Reason, ...]], exclusions: Exclusions
) -> dict[str, Failure]:
    """Return what is not installed and cannot be, by name: there is no row for it."""
    return {
        name: Failure(
            name=name,
            version=str(lock.releases[name].version),
            kind=reasons[0].kind,
            text="; ".join(each.text for each in reasons),
        )
        for name, reasons in held.items()
        if name not in pool.installed and name not in exclusions.failures
    }


class _LockedSource:
    """A ``protocols.ReleaseSource`` with the locked release of each project and nothing else."""

    def __init__(self, source: ReleaseSource, lock: ReadLock) -> None:
        self._source = source
        self._lock = lock

    def project(self, name: str) -> Project | Failure:
        """Return the project with its one locked release."""
        release = self._lock.releases.get(name)
        if release is None:
            return Failure(name=name, kind="not-found", text=f"not in {self._lock.path.name}")
        return Project(name=name, releases=(release,))

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        """Return what its metadata says."""
        return self._source.requires(release)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Fetch the metadata; the projects are known."""
        self._source.prefetch(releases=releases)
