"""Source pinning: what came from one index is not taken from another unless the user says so (dependency confusion)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.version import Version

from ..dependencies import allows
from ..index.urls import canonical
from ..models import Failure, Inventory, Project, Reason, Release
from ..ports import ReleaseSource
from ..text import redact
from ..world import World

if TYPE_CHECKING:
    from ..options import Settings
    from .tools import Tools

KIND = "source-change"
ALL = ":all:"

Before = Mapping[str, tuple[Version, str]]
"""By name: the installed version, and the index that it came from."""


class Pinned:
    """A ``ports.ReleaseSource`` that lets no distribution go on to another index than the one it came from."""

    def __init__(self, source: ReleaseSource, before: Before) -> None:
        self._source = source
        self._before = before
        self._projects: dict[str, tuple[Project, Project]] = {}

    def project(self, name: str) -> Project | Failure:
        """The project; newer releases from other indexes are blocked, or give way to the same version from the right
        one.
        """
        found = self._source.project(name)
        if isinstance(found, Failure) or name not in self._before:
            return found
        known = self._projects.get(name)
        if known is None or known[0] is not found:
            releases = tuple(_pinned(each, *self._before[name]) for each in found.releases)
            known = self._projects[name] = (found, replace(found, releases=releases))
        return known[1]

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        """As the source tells."""
        return self._source.requires(release)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """As the source does."""
        self._source.prefetch(names=names, releases=releases)


def _pinned(release: Release, installed: Version, index: str) -> Release:
    """The release as far as ``index`` has it; blocked if it is a newer one that only others have."""
    if _same(release.index, index):
        return release
    for each in release.alternatives:
        if _same(each.index, index) and (each.blocked is None or release.blocked is not None):
            return each
    if release.version <= installed or (release.blocked is not None and release.file is None):
        return release
    there, before = redact(release.index), redact(index)
    reason = Reason(
        kind=KIND, text=f"comes from {there}, not from {before} as before", data={"index": there, "before": before}
    )
    return replace(release, file=None, requires=None, blocked=release.blocked or reason)


def _same(one: str, other: str) -> bool:
    return one == other or canonical(one) == canonical(other)


def sources_before(tools: Tools, inventory: Inventory) -> Before:
    """Where what is installed came from, as far as that is known and to be respected. Raises TransactionError."""
    allowed = tools.options.allow_source_change
    if ALL in allowed:
        return {}
    remembered = tools.transactions.sources()
    return {
        each.name: (each.version, remembered[each.name][str(each.version)])
        for each in inventory.distributions
        if each.name not in allowed and str(each.version) in remembered.get(each.name, ())
    }


def newest_elsewhere(world: World, name: str) -> Release | None:
    """The newest release that is held for coming from another index than before; None when nothing is."""
    project = world.project(name) if world.may_move(name) else None
    if not isinstance(project, Project):
        return None
    newest = next(iter(world.domain(name)), None)
    for release in project.releases:
        if newest is not None and release.version <= newest.version:
            return None
        if release.blocked is not None and release.blocked.kind == KIND and _wanted(world, release):
            return release
    return None


def _wanted(world: World, release: Release) -> bool:
    return all(allows(each, release.version) for each in world.constraints.get(release.name, ()))


def pinning_notes(tools: Tools, world: World, names: Iterable[str]) -> tuple[str, ...]:
    """One sentence about all of ``names`` that are held for coming from another index than before."""
    newest = {name: newest_elsewhere(world, name) for name in sorted(names)}
    held = {name: each.blocked for name, each in newest.items() if each is not None and each.blocked is not None}
    if not held:
        return ()
    before = sorted({each.data["before"] for each in held.values()})
    configured = _configured(tools.settings)
    if len(held) > 1 and not any(canonical(each) in configured for each in before):
        verb = "is" if len(before) == 1 else "are"
        return (
            f"all {len(held)} packages with newer versions on another index than before are held, and "
            f"{', '.join(before)} {verb} not asked any more: --allow-source-change {ALL} accepts that",
        )
    return (
        f"held, as the newest version is on another index than the one that they came from: {', '.join(held)}: "
        "--allow-source-change NAME accepts that",
    )


def _configured(settings: Settings) -> set[str]:
    """All places that releases may come from now."""
    urls = {canonical(each) for each in (settings.index_url, *settings.extra_index_urls) if each is not None}
    return urls | ({"find-links"} if settings.find_links else set())
