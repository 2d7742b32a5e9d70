"""Looks up one project, or one release, in all sources: first the cache, then the sources."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.version import Version

from ..core.interpreter import Interpreter
from ..core.models import Failure, Project, Release
from ..core.protocols import DownloadFailed, Filters
from ..core.settings import Policy, Settings
from ..core.urls import Learn, canonical, forget
from .configured import sources
from .merging import SourceRecord
from .remote import Source, SourceAnswer
from .selection import select

if TYPE_CHECKING:
    from ..core.response import Answer
    from ..network.session import Session

JUST_NOW = 600.0
"""Seconds before a run in which a response is as good as one of the run itself."""


class ProjectFinder:
    """Sources in order of precedence. Thread-safe."""

    def __init__(self, settings: Settings, interpreter: Interpreter, learn: Learn = forget) -> None:
        """``learn`` gets the logins in links on disk."""
        self._policy: Policy = settings.policy
        self.filters: Filters = ()
        """The user's filters, in addition to pip's own policy; set before the first lookup."""

        self._sources: tuple[Source, ...] = sources(settings, interpreter, learn)
        self._began = time.time()
        self._old: set[tuple[str, str]] = set()
        """Projects and sources whose responses are from well before this run."""

        self._current: set[tuple[str, str]] = set()
        """Those that responded in this run."""

    def keys(self, names: Sequence[str]) -> list[str]:
        """Return all cache keys that ``recall`` may need."""
        return [key for source in self._sources for key in source.keys(names)]

    def learn(self, stored: Mapping[str, Answer]) -> None:
        """Read what the cache says about the sources themselves."""
        for source in self._sources:
            source.learn(stored)

    def recall(self, name: str, floor: Version | None, stored: Mapping[str, Answer]) -> Project | Failure | None:
        """Return the project without the network; None if that is not enough."""
        records = []
        for source in self._sources:
            found = source.recall(name, floor, stored)
            if found is None:
                return None
            self._note(name, source, found)
            records += [SourceRecord(source.url, found.record)] if found.record else []
        return select(name, records, floor=floor, policy=self._policy, filters=self.filters)

    def ask(self, name: str, floor: Version | None, session: Session) -> Project | Failure:
        """Return the project, from the network if needed."""
        records = []
        empty: Failure | None = None
        for source in self._sources:
            try:
                found = source.ask(name, session, floor=floor)
            except DownloadFailed as failed:
                failure = Failure(name=name, kind=failed.kind, text=failed.text)
                if failed.kind != "no-files":
                    return failure
                empty = failure
                continue
            self._note(name, source, found)
            records += [SourceRecord(source.url, found.record)] if found.record else []
        if empty is not None and not records:
            return empty
        return select(name, records, floor=floor, policy=self._policy, filters=self.filters)

    def _note(self, name: str, source: Source, found: SourceAnswer) -> None:
        if found.fetched >= self._began:
            self._current.add((name, source.url))
        if found.fetched < self._began - JUST_NOW:
            self._old.add((name, source.url))
        else:
            self._old.discard((name, source.url))

    def doubtful(self, releases: Iterable[Release]) -> list[tuple[Release, Source]]:
        """Return the releases whose source was last requested some time before this run, sorted by name."""
        by_url = {source.url: source for source in self._sources}
        return [
            (release, by_url[release.index])
            for release in sorted(releases, key=lambda each: each.name)
            if release.index in by_url and (release.name, release.index) in self._old
        ]

    def renewed(self, release: Release, floor: Version | None, session: Session) -> Release | None:
        """Return the release with the URL that its index gives its file now; None if that is no other one.

        ``floor`` is that of the lookup. Requests the page only if this run has not done so. A release of a lock file
        that names no index may be on any.
        """
        from .recheck import renewed  # only what cannot be downloaded reaches this point

        index = canonical(release.index)
        for source in self._sources:
            if index in ("", canonical(source.url)):
                with suppress(DownloadFailed):
                    found = renewed(release, self._again(release, floor, source, session, renewing=True).record)
                    if found is not None:
                        return found
        return None

    def recheck(self, release: Release, floor: Version | None, source: Source, session: Session) -> Failure | None:
        """Return how the release has changed since then; None if it has not, or requests are not allowed.

        ``floor`` is that of the lookup: so the index confirms the cached page, and a replacement drops no more.
        """
        try:
            found = self._again(release, floor, source, session)
        except DownloadFailed as failed:
            if failed.kind == "offline":
                return None
            version = str(release.version)
            return Failure(name=release.name, version=version, kind=failed.kind, text=failed.text)
        from .recheck import compare  # only changes to the environment reach this point

        return compare(release, found.record)

    def _again(
        self, release: Release, floor: Version | None, source: Source, session: Session, *, renewing: bool = False
    ) -> SourceAnswer:
        """Return what the source has of the project now, or ``renewing``, in this run. Raises DownloadFailed."""
        revalidate = not (renewing and (release.name, source.url) in self._current)
        lowest = None if floor is None else min(floor, release.version)
        found = source.ask(release.name, session, floor=lowest, revalidate=revalidate)
        self._note(release.name, source, found)
        return found

    def unconsulted(self) -> tuple[str, ...]:
        """Return one line for each source that could not be used, or not for everything."""
        lines = (source.unconsulted() for source in self._sources)
        return tuple(line for line in lines if line)
