"""Releases as a plan may choose them: unsafe versions are blocked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from packaging.version import Version

from ...advisories.grouping import Vulnerability
from ...core.models import Failure, Project, Release
from ...core.protocols import ReleaseSource
from ...policy.vulnerable import reason


class Screened:
    """A ``ReleaseSource`` for one plan, in which unsafe versions are blocked."""

    def __init__(
        self,
        source: ReleaseSource,
        unsafe: Mapping[tuple[str, Version], Sequence[Vulnerability]],
        capped: Callable[[Project], Project],
    ) -> None:
        """``unsafe``: vulnerabilities by name and version; ``capped`` removes versions that are too new."""
        self._source, self._unsafe, self._capped = source, unsafe, capped
        self.requires = source.requires
        self.prefetch = source.prefetch
        self._projects: dict[str, Project | Failure] = {}

    def project(self, name: str) -> Project | Failure:
        """Return the project with its unsafe releases blocked; the same result for every call."""
        if name not in self._projects:
            found = self._source.project(name)
            self._projects[name] = found if isinstance(found, Failure) else self._capped(self._blocked(found))
        return self._projects[name]

    def _blocked(self, found: Project) -> Project:
        if not any(name == found.name for name, _ in self._unsafe):
            return found
        return replace(found, releases=tuple(map(self._release, found.releases)))

    def _release(self, release: Release) -> Release:
        groups = self._unsafe.get((release.name, release.version))
        if groups is None:
            return release
        why = reason(groups, safe=True)
        return replace(release, file=None, requires=None, blocked=release.blocked or why, held=True)
