"""Remembers that the last result was optimal, so that the next run can skip the search.

A search proves that nothing can be improved, and neither can its result. While the same versions with the same
requirements are installed and the same newer ones are available, there is nothing to do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from packaging.version import Version

from .. import __version__
from ..core.cache_folder import distrust, make
from ..core.requirements import Dependency, names_prerelease
from ..resolver.candidates import Assignment, Candidate, CandidatePool

FOLDER = "settled"
"""Directory in the cache: a file of 64 characters for each environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpToDateMarker:
    """The best result for one environment. What cannot be read or written is not remembered."""

    path: Path | None

    @classmethod
    def of(cls, cache: Path | None, prefix: Path) -> UpToDateMarker:
        """Return the marker in the cache directory; none for None."""
        own = sha256(os.fsencode(prefix)).hexdigest()[:32]
        return cls(path=cache / FOLDER / own if cache and distrust(cache) is None else None)

    def holds(self, pool: CandidatePool) -> bool:
        """Return whether the environment is unchanged and no new versions are available."""
        if self.path is None:
            return False
        try:
            return self.path.read_text(encoding="ascii") == self._mark(pool, pool.installed)
        except (OSError, UnicodeDecodeError):
            return False

    def keep(self, pool: CandidatePool, assignment: Assignment) -> None:
        """Remember that ``assignment`` is live and the best that this pool allows.

        Not after a failure, which may be fixed on the index by the next run.
        """
        if self.path is not None and all(each.kind == "requires-python" for each in pool.failures):
            mark = self._mark(pool, assignment)
            with suppress(OSError):  # with a read-only cache, the next run merely searches again
                make(self.path.parent, self.path.parent.parent)
                temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
                temporary.write_text(mark, encoding="ascii")
                temporary.replace(self.path)

    def _mark(self, pool: CandidatePool, assignment: Assignment) -> str:
        lines = [__version__, *(f"{name}{pool.constraints[name]}" for name in sorted(pool.constraints))]
        requirements = list(pool.requirements(assignment))
        early = {each.name for _, each in requirements if names_prerelease(each.specifier)}
        for name, candidate in sorted(assignment.items()):
            stays = pool.stays.get(name)
            newer = () if stays else _newer(pool, name, candidate.version, pre=name in early)
            lines.append(f"{name} {candidate.version} {stays.kind if stays else ''} {newer}")
        lines += sorted({_described(parent, each) for parent, each in requirements})
        lines += _addable(pool, {each.name for _, each in requirements if each.url is None} - assignment.keys())
        return sha256("\n".join(lines).encode()).hexdigest()


def _newer(pool: CandidatePool, name: str, version: Version, *, pre: bool) -> tuple[str, ...]:
    """Return newer versions; ``pre``: with pre-releases, because a requirement names one."""
    return tuple(str(each.version) for each in pool.versions_of(name, pre=pre) if each.version > version)


def _described(parent: Candidate, dependency: Dependency) -> str:
    """Return a requirement in force, which an editable install may change without a new version."""
    extras = ",".join(sorted(dependency.extras))
    return f"{parent.name} requires {dependency.name}[{extras}] {dependency.specifier} {dependency.url or ''}"


def _addable(pool: CandidatePool, missing: Iterable[str]) -> Iterator[str]:
    """Return the versions of missing requirements, which may be added."""
    names = sorted(filter(pool.may_move, missing))
    pool.source.prefetch(names=names)
    for name in names:
        yield f"{name} {[str(each.version) for each in pool.versions_of(name, pre=True)]}"
