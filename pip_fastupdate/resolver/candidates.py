"""The pool of candidates: the installable versions of each project, and whether a choice of versions is consistent.

An *assignment* maps every normalized name to the one candidate that the environment would contain. A requirement that
is violated today is tolerated while neither of its ends changes, so the state today is always a solution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from ..core.models import Distribution, Failure, Inventory, Project, Reason, Release
from ..core.protocols import ReleaseSource
from ..core.requirements import Dependency, InvalidRequirement, allows, names_prerelease, parse

Assignment = Mapping[str, "Candidate"]

Key = tuple[str, str]
"""(normalized name, version)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One version of one project that the environment could contain. Compared by identity: a pool creates each once."""

    name: str
    version: Version
    release: Release | None
    """None: the installed distribution stays."""

    def __repr__(self) -> str:
        return f"<{self.name} {self.version}{'' if self.release else ' (installed)'}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A requirement that an assignment does not satisfy."""

    parent: Candidate
    dependency: Dependency
    found: Candidate | None
    """The assigned version of the required project; None if it is missing."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the problem before and after a change elsewhere: requirer, requirement, version found."""
        found = str(self.found.version) if self.found else ""
        return (f"{self.parent.name} {self.parent.version}", self.dependency.text, found)

    @property
    def text(self) -> str:
        """The requirement in words: ``numba 0.59.1 requires numpy<1.27``."""
        return f"{self.parent.name} {self.parent.version} requires {self.dependency.text}"

    @property
    def data(self) -> dict[str, str]:
        """The same as fields of a reason."""
        return {"by": self.parent.name, "by_version": str(self.parent.version), "requirement": self.dependency.text}


@dataclass(slots=True, kw_only=True)
class CandidatePool:
    """Candidates and their requirements, looked up when the search needs them, and cached forever."""

    inventory: Inventory
    source: ReleaseSource
    stays: Mapping[str, Reason] = field(default_factory=dict)
    """Names that must not be changed or added, and why: skipped, excluded, failed before."""

    constraints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Version specifiers by name that every new version must satisfy (pip's ``-c``)."""

    corrections: Mapping[Key, tuple[str, ...] | Failure] = field(default_factory=dict)
    """Requirements by (name, version) from the wheel itself, if the index was wrong.

    A failure instead if the wheel is not for this interpreter.
    """

    installed: dict[str, Candidate] = field(init=False)
    _distributions: dict[str, Distribution] = field(init=False)
    _projects: dict[str, Project | Failure] = field(init=False, default_factory=dict)
    _versions: dict[tuple[str, bool], tuple[Candidate, ...]] = field(init=False, default_factory=dict)
    _candidates: dict[tuple[str, Version], Candidate] = field(init=False, default_factory=dict)
    _needs: dict[tuple[Candidate, str], tuple[Dependency, ...] | Failure] = field(init=False, default_factory=dict)
    _in_force: frozenset[tuple[str, Dependency]] = field(init=False)
    """(requirer, requirement) before the run."""

    _today: frozenset[tuple[str, Dependency]] = field(init=False)
    """The violated ones among them."""

    direct: frozenset[str] = field(init=False)
    """Installed packages that nothing installed requires."""

    def __post_init__(self) -> None:
        self._distributions = self.inventory.by_name()
        self.installed = {
            name: Candidate(name=name, version=each.version, release=None) for name, each in self._distributions.items()
        }
        self._in_force = frozenset((parent.name, need) for parent, need in self.requirements(self.installed))
        self._today = frozenset((each.parent.name, each.dependency) for each in self.unmet(self.installed))
        required = {need.name for parent, need in self._in_force if need.name != parent}
        self.direct = frozenset(self.installed.keys() - required)

    def may_move(self, name: str) -> bool:
        """Return whether the plan may change or add the distribution of that name."""
        return name not in self.stays

    def requested(self, name: str) -> bool:
        """Return whether the user once asked for it by name."""
        return name in self._distributions and self._distributions[name].requested

    def project(self, name: str) -> Project | Failure:
        """Return what the index has of a project."""
        if name not in self._projects:
            self._projects[name] = self.source.project(name)
        return self._projects[name]

    def versions_of(self, name: str, *, pre: bool = False) -> tuple[Candidate, ...]:
        """Return the possible versions of a project, newest first, never older than the installed one.

        ``pre`` allows pre-releases that the policy excludes, for a requirement that names one (PEP 440); so does a
        constraint that names one.
        """
        pre = pre or any(map(names_prerelease, self.constraints.get(name, ())))
        if (name, pre) not in self._versions:
            self._versions[name, pre] = tuple(self._choices(name, pre))
        return self._versions[name, pre]

    def _choices(self, name: str, pre: bool) -> Iterator[Candidate]:
        today = self.installed.get(name)
        if self.may_move(name):
            project = self.project(name)
            for release in project.releases if isinstance(project, Project) else ():
                if (today is None or release.version > today.version) and self._eligible(release, pre):
                    key = (name, release.version)
                    self._candidates.setdefault(key, Candidate(name=name, version=release.version, release=release))
                    yield self._candidates[key]
        if today is not None:
            yield today

    def _eligible(self, release: Release, pre: bool) -> bool:
        blocked = release.blocked
        if blocked is not None and not (pre and blocked.kind == "pre-release" and release.file is not None):
            return False
        return all(allows(each, release.version) for each in self.constraints.get(release.name, ()))

    def newest(self, name: str) -> Candidate | None:
        """Return the newest version with known requirements; None if there is nothing to choose."""
        return next((each for each in self.versions_of(name) if self.usable(each)), None)

    def addable(self, name: str) -> bool:
        """Return whether a project that is not installed has anything to add."""
        return self.may_move(name) and bool(self.versions_of(name, pre=True))

    def usable(self, candidate: Candidate) -> bool:
        """Return whether the candidate's requirements are known."""
        return not isinstance(self._lookup(candidate, ""), Failure)

    def unknown(self, candidate: Candidate) -> bool:
        """Return whether a new request is needed to know the candidate's requirements."""
        release = candidate.release
        return release is not None and release.requires is None and (candidate, "") not in self._needs

    def expect(self, candidates: Iterable[Candidate]) -> None:
        """Prefetch the requirements of these: they will be needed soon."""
        releases = [each.release for each in candidates if each.release is not None and self.unknown(each)]
        if releases:
            self.source.prefetch(releases=releases)

    def needs(self, candidate: Candidate, extra: str = "") -> tuple[Dependency, ...]:
        """Return what a usable candidate requires on this interpreter: by itself, or in addition for one of its
        extras.
        """
        found = self._lookup(candidate, extra)
        return () if isinstance(found, Failure) else found

    def failure(self, candidate: Candidate) -> Failure | None:
        """Return why a candidate is not usable."""
        found = self._lookup(candidate, "")
        return found if isinstance(found, Failure) else None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Return why candidates are not usable today: tomorrow they may be."""
        return tuple(each for each in self._needs.values() if isinstance(each, Failure))

    def _lookup(self, candidate: Candidate, extra: str) -> tuple[Dependency, ...] | Failure:
        key = (candidate, extra)
        if key not in self._needs:
            fields = self._fields(candidate)
            if isinstance(fields, Failure):
                self._needs[key] = fields
            else:
                self._needs[key] = tuple(_applying(fields, extra))
        return self._needs[key]

    def _fields(self, candidate: Candidate) -> tuple[str, ...] | Failure:
        if candidate.release is None:
            return tuple(_readable(self._distributions[candidate.name].requires))
        corrected = self.corrections.get((candidate.name, str(candidate.version)))
        return self.source.requires(candidate.release) if corrected is None else corrected

    def requirements(
        self, assignment: Assignment, further: Assignment | None = None
    ) -> Iterator[tuple[Candidate, Dependency]]:
        """Yield every requirement in force, with its candidate; including extras requested by others.

        Requirements of ``further`` count, too, once something that counts requires it.
        """
        waiting = [(candidate, "") for candidate in assignment.values()]
        known = assignment if further is None else further
        seen = {(name, "") for name in assignment}
        for parent, extra in waiting:  # grows during iteration
            for dependency in self.needs(parent, extra):
                yield parent, dependency
                for asked in dependency.extras if further is None else ("", *dependency.extras):
                    if dependency.name in known and (dependency.name, asked) not in seen:
                        seen.add((dependency.name, asked))
                        waiting.append((known[dependency.name], asked))

    def unmet(self, assignment: Assignment) -> Iterator[Problem]:
        """Yield every requirement that the assignment does not satisfy, tolerated or not."""
        for parent, dependency in self.requirements(assignment):
            found = assignment.get(dependency.name)
            if found is None or self.foreign(parent, dependency) or not allows(dependency.specifier, found.version):
                yield Problem(parent=parent, dependency=dependency, found=found)

    def problems(self, assignment: Assignment) -> list[Problem]:
        """Return the requirements that the assignment does not satisfy and that are not tolerated."""
        return [each for each in self.unmet(assignment) if not self.tolerates(each)]

    def tolerates(self, problem: Problem) -> bool:
        """Return whether the requirement was violated before, and neither of its ends has changed since."""
        unchanged = problem.found is self.installed.get(problem.dependency.name)
        return unchanged and self.violated_today(problem.parent, problem.dependency)

    def violated_today(self, parent: Candidate, dependency: Dependency) -> bool:
        """Return whether the parent is as installed and the requirement is violated before the run."""
        return parent.release is None and (parent.name, dependency) in self._today

    def foreign(self, parent: Candidate, dependency: Dependency) -> bool:
        """Return whether something newly required is at a URL: an index may have something else by that name."""
        known = parent.release is None and (parent.name, dependency) in self._in_force
        return dependency.url is not None and not known

    def completed(self, assignment: Assignment) -> dict[str, Candidate]:
        """Return the assignment with missing requirements, each at its newest version that all requirers allow."""
        complete = dict(assignment)
        hopeless: set[str] = set()
        while True:
            missing: dict[str, list[str]] = {}
            for problem in self.problems(complete):
                if problem.found is None and problem.dependency.url is None and problem.dependency.name not in hopeless:
                    missing.setdefault(problem.dependency.name, []).append(problem.dependency.specifier)
            if not missing:
                return complete
            self.source.prefetch(names=sorted(filter(self.may_move, missing)))
            for name, specifiers in sorted(missing.items()):
                candidate = self.addition(name, specifiers)
                if candidate is None:
                    hopeless.add(name)
                else:
                    complete[name] = candidate

    def addition(self, name: str, specifiers: Sequence[str]) -> Candidate | None:
        """Return the newest candidate of a project that is not installed and that all the specifiers allow."""
        pre = any(names_prerelease(each) for each in specifiers)
        for candidate in self.versions_of(name, pre=pre):
            if all(allows(each, candidate.version) for each in specifiers) and self.usable(candidate):
                return candidate
        return None

    def prefetch(self, names: Iterable[str]) -> None:
        """Prefetch the requirements of the newest versions of these projects, all at once."""
        self.expect(versions[0] for versions in map(self.versions_of, names) if versions)


def _readable(fields: Iterable[str]) -> Iterator[str]:
    """Yield what is readable of the installed requirements: the rest binds nobody, as before."""
    for text in fields:
        try:
            parse(text)
        except InvalidRequirement:
            continue
        yield text


def _applying(fields: Iterable[str], extra: str) -> Iterator[Dependency]:
    plain: frozenset[str] = frozenset()
    for text in fields:
        dependency = parse(text)
        if extra:
            if not dependency.applies(plain) and dependency.applies(frozenset((extra,))):
                yield dependency
        elif dependency.applies(plain):
            yield dependency
