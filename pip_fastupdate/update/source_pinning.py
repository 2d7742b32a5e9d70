"""Source pinning: a package from one index is not upgraded from another unless the user allows it (dependency
confusion).

Nor is a local build (``1.0+cpu``) replaced by another kind of build.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.models import Failure, Inventory, Project, Reason, Release
from ..core.protocols import ReleaseSource
from ..core.reasons import OF_SOURCES
from ..core.requirements import allows
from ..core.text import redact, some
from ..core.urls import canonical, without_login
from ..resolver.candidates import CandidatePool
from .results import Before, Origin

if TYPE_CHECKING:
    from ..core.settings import Settings
    from .context import RunContext

ALL = ":all:"


class PinnedSource:
    """A ``protocols.ReleaseSource`` that keeps each distribution on the index it came from."""

    def __init__(self, source: ReleaseSource, before: Before) -> None:
        self._source = source
        self._before = before
        self._projects: dict[str, tuple[Project, Project]] = {}

    def replaced(self, release: Release) -> str | None:
        """Return the former index that the index of the release has replaced; else None."""
        origin = Origin(*self._before[release.name]) if release.name in self._before else None
        if origin is None or origin.source is None or _same(release.index, origin.source):
            return None
        return origin.source if _took_its_place(release, origin) else None

    def project(self, name: str) -> Project | Failure:
        """Return the project; newer releases from other indexes are blocked, or replaced by the same version from
        the right one.
        """
        found = self._source.project(name)
        if isinstance(found, Failure) or name not in self._before:
            return found
        known = self._projects.get(name)
        if known is None or known[0] is not found:
            origin = Origin(*self._before[name])
            releases = tuple(_labelled(_pinned(each, origin), origin) for each in found.releases)
            known = self._projects[name] = (found, replace(found, releases=releases))
        return known[1]

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        """Return what the source returns."""
        return self._source.requires(release)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        """Prefetch as the source does."""
        self._source.prefetch(names=names, releases=releases)


def _pinned(release: Release, origin: Origin) -> Release:
    """Return the release as far as its index has it; blocked if it is newer and only others have it."""
    index = origin.source
    if index is None or _same(release.index, index):
        return release
    for each in release.alternatives:
        if _same(each.index, index) and (each.blocked is None or release.blocked is not None):
            return each
    if release.version <= origin.version or (release.blocked is not None and release.file is None):
        return release
    for each in (release, *release.alternatives):
        if _took_its_place(each, origin):
            return each
    there, before = redact(release.index), redact(index)
    reason = Reason(
        kind="source-change",
        text=f"comes from {there}; the installed version came from {before}",
        data={"index": there, "before": before},
    )
    return replace(release, file=None, requires=None, blocked=release.blocked or reason)


def _took_its_place(release: Release, origin: Origin) -> bool:
    """Return whether the former index is no longer configured and this one was not yet when the distribution came."""
    return origin.beside is not None and canonical(release.index) not in origin.beside


def _labelled(release: Release, origin: Origin) -> Release:
    """Return the release; blocked if it is newer and lacks the label of the installed local build (PEP 440)."""
    label = origin.version.local
    if label is None or release.version <= origin.version or release.version.local == label:
        return release
    reason = Reason(
        kind="local-label",
        text=f"is not a +{label} build, unlike the installed {origin.version}",
        data={"label": label},
    )
    return replace(release, file=None, requires=None, blocked=release.blocked or reason)


def _same(one: str, other: str) -> bool:
    return one == other or canonical(one) == canonical(other)


def sources_before(context: RunContext, inventory: Inventory) -> Before:
    """Return where installed versions came from, as far as known and to be respected. Raises TransactionError."""
    allowed = context.options.allow_source_change
    configured = _configured(context.settings)
    context.transactions.configure(configured)
    if ALL in allowed:
        return {}
    remembered, beside = context.transactions.sources(), context.transactions.sources_beside()
    found: dict[str, Origin] = {}
    for each in inventory.distributions:
        index = remembered.get(each.name, {}).get(str(each.version))
        if each.name not in allowed and (index is not None or each.version.local is not None):
            there = index is None or canonical(index) in configured.values()
            found[each.name] = Origin(each.version, index, None if there else beside.get(canonical(index or "")))
    return found


def newest_on_other_index(pool: CandidatePool, name: str) -> Release | None:
    """Return the newest release held because of its index or build; None if there is none."""
    project = pool.project(name) if pool.may_move(name) else None
    if not isinstance(project, Project):
        return None
    newest = next(iter(pool.versions_of(name)), None)
    for release in project.releases:
        if newest is not None and release.version <= newest.version:
            return None
        if release.blocked is not None and release.blocked.kind in OF_SOURCES and _wanted(pool, release):
            return release
    return None


def _wanted(pool: CandidatePool, release: Release) -> bool:
    return all(allows(each, release.version) for each in pool.constraints.get(release.name, ()))


def pinning_notes(context: RunContext, pool: CandidatePool, names: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence each about the ``names`` held for this, and those that follow a replaced index."""
    names = sorted(names)
    newest = {name: newest_on_other_index(pool, name) for name in names}
    reasons = {name: each.blocked for name, each in newest.items() if each is not None and each.blocked is not None}
    held = {name: each for name, each in reasons.items() if each.kind == "source-change"}
    labelled = [name for name, each in reasons.items() if each.kind == "local-label"]
    notes = [*_replaced(pool, names), *_held(context, held)]
    if labelled:
        notes.append(
            f"held because the newest version is a different kind of build: {', '.join(labelled)}; use "
            "--allow-source-change NAME to allow it"
        )
    return tuple(notes)


def _held(context: RunContext, held: Mapping[str, Reason]) -> Iterator[str]:
    if not held:
        return
    before = sorted({each.data["before"] for each in held.values()})
    configured = _configured(context.settings).values()
    if len(held) > 1 and not any(canonical(each) in configured for each in before):
        verb = "is" if len(before) == 1 else "are"
        yield (
            f"all {len(held)} packages whose newer versions are on a different index are held, and "
            f"{', '.join(before)} {verb} no longer used; use --allow-source-change {ALL} to allow it"
        )
        return
    yield (
        f"held because the newest version is on a different index: {', '.join(held)}; use --allow-source-change NAME "
        "to allow it"
    )


def _replaced(pool: CandidatePool, names: Iterable[str]) -> Iterator[str]:
    """Return notes about newer releases from an index that replaced one no longer configured."""
    source = pool.source
    if not isinstance(source, PinnedSource):
        return
    moved: dict[tuple[str, str], list[str]] = {}
    for name in filter(pool.may_move, names):
        release = next((each.release for each in pool.versions_of(name)), None)
        before = source.replaced(release) if release is not None else None
        if release is not None and before is not None:
            moved.setdefault((redact(before), redact(release.index)), []).append(name)
    for (before, there), found in sorted(moved.items()):
        gone = f"{before}, where they came from, is no longer configured"
        yield f"newer versions come from {there} because {gone}: {some(found)}"


def _configured(settings: Settings) -> dict[str, str]:
    """Return all configured sources as releases name them, each with its ``canonical`` text."""
    urls = () if settings.index_url is None else (settings.index_url, *settings.extra_index_urls)
    places = map(without_login, urls)
    return {each: canonical(each) for each in (*places, *(["find-links"] if settings.find_links else []))}
