"""What will most likely be needed next: requirements of newest versions, and the projects they name.

Only a hint: it decides when something is requested, never what the plan contains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from threading import Lock

from packaging.version import Version

from ..core.models import Project, Release
from ..core.requirements import Dependency, allows, parse

Next = tuple[list[str], list[Release]]
"""Names of projects and releases, both sorted by name."""

_PLAIN: frozenset[str] = frozenset()


class Lookahead:
    """Follows from result to result. Thread-safe."""

    def __init__(self) -> None:
        self.floors: Mapping[str, Version | None] = {}
        """Installed packages: for these the newest version counts, for others the newest that their requirers allow."""

        self._lock = Lock()
        self._bounds: dict[str, set[str]] = {}
        self._extras: dict[str, set[str]] = {}
        self._projects: dict[str, Project] = {}
        self._expected: dict[str, Version] = {}
        self._requires: dict[str, tuple[str, ...]] = {}

    def after_project(self, project: Project) -> Next:
        """Return the release whose requirements are needed next, or what follows from these; nothing for what stays."""
        with self._lock:
            self._projects[project.name] = project
            return self._expand([self._choice(project.name)])

    def after_requirements(self, release: Release, requires: Iterable[str]) -> Next:
        """Return the projects that a release requires on this interpreter, and the releases of known ones.

        Nothing follows from releases that were not expected: the search looks them up one by one.
        """
        with self._lock:
            if self._expected.get(release.name) != release.version:
                return [], []
            return self._required(release.name, requires)

    def _expand(self, chosen: Iterable[Release | None]) -> Next:
        """Return the releases that take a request, and what follows from all others."""
        names: set[str] = set()
        releases: dict[str, Release] = {}
        for release in chosen:
            if release is not None and release.requires is None:
                releases[release.name] = release
            elif release is not None and release.requires is not None:
                required, further = self._required(release.name, release.requires)
                names.update(required)
                releases.update((each.name, each) for each in further)
        return sorted(names), [releases[name] for name in sorted(releases)]

    def _required(self, name: str, requires: Iterable[str]) -> Next:
        self._requires[name] = tuple(requires)
        found: dict[str, None] = {}
        waiting = [(name, extra) for extra in ("", *sorted(self._extras.get(name, ())))]
        for owner, extra in waiting:  # grows during iteration
            for dependency in _applying(self._requires[owner], extra):
                found[dependency.name] = None
                waiting += self._note(dependency)
        names, releases = self._expand(self._choice(each) for each in found if each in self._projects)
        return sorted({*found, *names}), releases

    def _note(self, dependency: Dependency) -> list[tuple[str, str]]:
        """Record what is requested of a project; return new extras whose requirements are known."""
        if dependency.specifier:
            self._bounds.setdefault(dependency.name, set()).add(dependency.specifier)
        asked = self._extras.setdefault(dependency.name, set()) if dependency.extras else set()
        new = sorted(dependency.extras - asked)
        asked.update(new)
        return [(dependency.name, extra) for extra in new] if dependency.name in self._requires else []

    def _choice(self, name: str) -> Release | None:
        """Return the release that will be needed of a known project; None if it is the same as before."""
        floor, bounds = self.floors.get(name), () if name in self.floors else self._bounds.get(name, ())
        for release in self._projects[name].candidates:
            if floor is not None and release.version <= floor:
                break
            if all(allows(each, release.version) for each in bounds):
                new = self._expected.get(name) != release.version
                self._expected[name] = release.version
                return release if new else None
        return None


def _applying(requires: Iterable[str], extra: str) -> Iterator[Dependency]:
    """Yield what is required on this interpreter, by itself or in addition for an extra."""
    for line in requires:
        if bool(extra) != ("extra" in line.partition(";")[2]):
            continue  # most lines of most projects: not worth parsing
        try:
            dependency = parse(line)
            applies = dependency.applies(_PLAIN) if not extra else dependency.applies(frozenset((extra,)))
        except ValueError:
            continue  # reported to whoever needs these requirements
        if applies and dependency.url is None:
            yield dependency
