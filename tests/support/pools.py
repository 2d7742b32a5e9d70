"""Worlds written down in a few lines, for tests of the planner that need no index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.version import Version

from pip_fastupdate.core.models import Distribution, Failure, File, Inventory, Project, Reason, Release
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.resolver.search import Solution, Wishes, best_assignment

Releases = Mapping[str, Mapping[str, Iterable[str]]]
"""Project → version → requirements."""


def release(name: str, version: str, *, blocked: Reason | None = None, **fields) -> Release:
    """A release with a wheel, unless it is blocked for another reason than being a pre-release."""
    file = File(filename=f"{name}-{version}-py3-none-any.whl", url=f"http://127.0.0.1/{name}-{version}.whl")
    usable = blocked is None or blocked.kind == "pre-release"
    held = blocked is not None and blocked.kind == "cooldown"
    return Release(
        name=name, version=Version(version), file=file if usable else None, blocked=blocked, held=held, **fields
    )


class Catalog:
    """A release source that stands in memory and counts what it is asked."""

    def __init__(
        self,
        releases: Releases,
        *,
        blocked: Mapping[tuple[str, str], Reason] | None = None,
        unreadable: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.releases = releases
        self.blocked = blocked or {}
        self.unreadable = frozenset(unreadable)
        self.asked: list[str] = []

    def __repr__(self) -> str:
        return f"Catalog({self.releases})"

    def project(self, name: str) -> Project | Failure:
        """All releases, newest first."""
        self.asked.append(name)
        if name not in self.releases:
            return Failure(name=name, kind="not-found", text="not found on the index")
        versions = sorted(self.releases[name], key=Version, reverse=True)
        found = tuple(release(name, each, blocked=self.blocked.get((name, each))) for each in versions)
        return Project(name=name, releases=found)

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        """The requirements as written down."""
        if (release.name, str(release.version)) in self.unreadable:
            return Failure(name=release.name, kind="http", text="its metadata could not be had: HTTP 500")
        return tuple(self.releases[release.name][str(release.version)])

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Everything is here already."""


def distribution(name: str, version: str, requires: Iterable[str] = (), **fields) -> Distribution:
    """An installed distribution."""
    site = Path("site-packages")
    return Distribution(
        name=name,
        version=Version(version),
        requires=tuple(requires),
        location=site,
        info_name=f"{name}-{version}.dist-info",
        **fields,
    )


def make_pool(
    installed: Mapping[str, str],
    releases: Releases,
    *,
    requested: Iterable[str] = (),
    blocked: Mapping[tuple[str, str], Reason] | None = None,
    unreadable: Iterable[tuple[str, str]] = (),
    **fields,
) -> CandidatePool:
    """A world in which ``installed`` (name → version) has the requirements that ``releases`` tells."""
    asked = frozenset(requested)
    distributions = tuple(
        distribution(name, version, releases.get(name, {}).get(version, ()), requested=name in asked)
        for name, version in sorted(installed.items())
    )
    source = Catalog(releases, blocked=blocked, unreadable=unreadable)
    return CandidatePool(inventory=Inventory(distributions=distributions), source=source, **fields)


def versions(solution: Solution) -> dict[str, str]:
    """The assignment as plain words."""
    return {name: str(each.version) for name, each in solution.assignment.items()}


def best(pool: CandidatePool, *names: str) -> dict[str, str]:
    """The versions that the planner chooses."""
    return versions(best_assignment(pool, Wishes(names=frozenset(names))))
