"""Decides which releases of a project may be chosen: the user's policy applied to the indexes, as in pip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.version import Version

from ..core.models import Failure, File, Project, ProjectStatus, Reason, Release
from ..core.protocols import Filters, OfferedFile, first_reason
from ..core.reasons import OF_FILTERS, requires_python, was_yanked
from ..core.settings import Policy
from .judgement import judged
from .merging import MergedVersion, SourceRecord, merged_versions
from .project_record import SDIST, CompatibleFile, split


def select(
    name: str, sources: Sequence[SourceRecord], *, floor: Version | None, policy: Policy, filters: Filters = ()
) -> Project | Failure:
    """Return the project as the run sees it. ``sources`` in order of precedence.

    ``floor`` is the installed version: older releases are dropped. Releases that only a specifier naming a pre-release
    could choose stay in as ``blocked`` with their file; others that are blocked, only above the newest candidate.
    """
    if not sources:
        return Failure(name=name, kind="not-found", text="not found on the index")
    quarantined = next((source for source in sources if source.record.status == "quarantined"), None)
    if quarantined is not None:
        reason = quarantined.record.reason
        text = f"quarantined by its index{': ' + reason if reason else ''}"
        return Failure(name=name, kind="quarantined", text=text)
    selection = _Selection(name, sources, floor, policy, filters)
    releases = selection.releases()
    status = next((source.record.status for source in sources if source.record.status), None)
    notes = (*judged(floor, selection.versions, sources), *selection.notes(), *_notes(sources, status))
    return Project(name=name, releases=releases, status=status, notes=notes)


_ABSENT = frozenset(("cooldown", "other-index"))
"""Kinds of reasons of filters for which a release does not exist, as for pip's ``uploaded-prior-to``."""


class _Selection:
    """One project's releases under the policy."""

    def __init__(
        self, name: str, sources: Sequence[SourceRecord], floor: Version | None, policy: Policy, filters: Filters
    ) -> None:
        self._name = name
        self._sources = sources
        self._floor = floor
        self._wheels, self._pip_sdists = _formats(policy, name)
        self._sdists = self._pip_sdists and _named(name, policy.no_binary | policy.build)
        self._prefer_wheels = policy.prefer_binary
        self._filters = filters
        self._final_only, wanted = _pre_releases(policy, name)
        self._pre = not self._final_only and (wanted or (floor is not None and floor.is_prerelease))
        self.versions = list(merged_versions(sources, floor))
        """From the newest down to the installed one."""

    def releases(self) -> tuple[Release, ...]:
        """Return the releases, newest first."""
        versions = self.versions
        releases = [self._release(each) for each in versions]
        fallback = not (self._pre or self._final_only or any(each.blocked is None for each in releases))
        if fallback and not self._has_final():
            self._pre = True  # nothing but pre-releases: pip then uses those
            releases = [self._release(each) for each in versions]
        if self._sdists and self._wheels and self._prefer_wheels:
            releases = _prefer_wheels(releases)
        return _worth_telling(releases)

    def _has_final(self) -> bool:
        """Return whether any version, however old, is final and compatible.

        Yanked ones count here, as in pip, and so do those that we do not install: sdists that pip would build, and
        what the user's filters hold, unless that means that they are not there yet, or on an index that does not count.
        """
        finals = (each for each in merged_versions(self._sources, None) if not each.version.is_prerelease)
        fitting = ((each.version, *one) for each in finals for one in each.files if self._fits_pip(one[0]))
        return any(held is None or held.kind not in _ABSENT for held in (self._held(*one) for one in fitting))

    def _fits_pip(self, file: CompatibleFile) -> bool:
        return self._pip_sdists if file.rank == SDIST else self._wheels

    def _release(self, merged: MergedVersion) -> Release:
        chosen, blocked = self._choose(merged)
        compatible, source = chosen or (None, self._sources[0])
        return Release(
            name=self._name,
            version=merged.version,
            file=_file(compatible) if compatible and (blocked is None or blocked.kind == "pre-release") else None,
            blocked=blocked,
            held=blocked is not None and blocked.kind in OF_FILTERS,
            yanked=compatible.yanked if compatible else None,
            uploaded=compatible.uploaded if compatible else None,
            index=source.url,
            alternatives=self._alternatives(merged, source),
        )

    def _alternatives(self, merged: MergedVersion, taken: SourceRecord) -> tuple[Release, ...]:
        """Return the version as it would be if each of the other sources were the only one."""
        if len(self._sources) == 1:
            return ()
        others = {source.url: source for _, source in merged.files if source is not taken}
        parts = ([each for each in merged.files if each[1] is source] for source in others.values())
        return tuple(self._release(merged._replace(files=files)) for files in parts)

    def _choose(self, merged: MergedVersion) -> tuple[tuple[CompatibleFile, SourceRecord] | None, Reason | None]:
        """Return the file, and why it must not be used. The installed version may always stay."""
        fitting = self._fitting(merged)
        if merged.version == self._floor and merged.files:
            return (fitting or merged.files)[0], None
        live = [each for each in fitting if each[0].yanked is None]
        allowed = [each for each in live if self._held(merged.version, *each) is None] if self._filters else live
        best = next(iter(allowed or live or fitting or merged.files), None)
        if not self._pre and merged.version.is_prerelease:
            return (allowed[0] if allowed else None), Reason(kind="pre-release", text="is a pre-release")
        if allowed:
            return best, None
        return best, self._blocked(merged, fitting, live)

    def _fitting(self, merged: MergedVersion) -> list[tuple[CompatibleFile, SourceRecord]]:
        return [each for each in merged.files if (self._sdists if each[0].rank == SDIST else self._wheels)]

    def _blocked(
        self,
        merged: MergedVersion,
        fitting: list[tuple[CompatibleFile, SourceRecord]],
        live: list[tuple[CompatibleFile, SourceRecord]],
    ) -> Reason:
        held = self._held(merged.version, *live[0]) if live else None
        if held is not None:
            return held
        if fitting:
            reason = fitting[0][0].yanked
            return Reason(kind="yanked", text=was_yanked(reason))
        if not merged.files and merged.python:
            return Reason(kind="requires-python", text=requires_python(merged.python))
        return Reason(kind="no-wheel", text=self._no_wheel(merged))

    def _no_wheel(self, merged: MergedVersion) -> str:
        if not self._wheels:
            return "has no sdist, and --no-binary excludes wheels"
        others = ["an sdist"] if merged.files else []
        others += [f"wheels for {merged.foreign}"] if merged.foreign else []
        return "has no wheel for this platform" + (f", only {' and '.join(others)}" if others else "")

    def _held(self, version: Version, compatible: CompatibleFile, source: SourceRecord) -> Reason | None:
        """Return why a filter holds the file; None if all pass it."""
        if not self._filters:
            return None
        file = OfferedFile(
            name=self._name,
            version=version,
            installed=self._floor,
            url=compatible.url,
            index=source.url,
            uploaded=compatible.uploaded,
        )
        return first_reason(self._filters, file)

    def notes(self) -> Iterator[Reason]:
        """Return the filters' remarks on the installed version, which may stay in any case."""
        installed = next((each for each in self.versions if each.version == self._floor), None)
        fitting = self._fitting(installed) if installed and self._filters else []
        held = self._held(installed.version, *fitting[0]) if installed and fitting else None
        if held is not None and held.kind == "cooldown":
            text = f"{self._floor}, which is installed, {held.text}"
            yield Reason(kind="installed-recently", text=text, data={**held.data, "version": str(self._floor)})


def _named(name: str, names: frozenset[str]) -> bool:
    return name in names or ":all:" in names


def _pre_releases(policy: Policy, name: str) -> tuple[bool, bool]:
    """Return whether pre-releases are forbidden and wanted: a name outranks ``:all:``, and wanting comes first, as in
    pip.
    """
    if name in policy.all_releases:
        return False, True
    if name in policy.only_final:
        return True, False
    return ":all:" in policy.only_final and not policy.pre, policy.pre


def _formats(policy: Policy, name: str) -> tuple[bool, bool]:
    """Return whether wheels and sdists are allowed: a name outranks ``:all:``, and only-binary comes first, as in
    pip.
    """
    for key in (name, ":all:"):
        if key in policy.only_binary:
            return True, False
        if key in policy.no_binary:
            return False, True
    return True, True


def _file(compatible: CompatibleFile) -> File:
    known = compatible.metadata
    return File(
        filename=compatible.filename,
        url=compatible.url,
        sha256=compatible.sha256,
        size=compatible.size,
        metadata=True if isinstance(known, str) else known,
        metadata_sha256=known if isinstance(known, str) else None,
        hashes=split(compatible.hashes),
        provenance=compatible.provenance,
    )


def _prefer_wheels(releases: list[Release]) -> list[Release]:
    """Apply ``--prefer-binary``: an older wheel comes before a newer sdist."""
    if not any(each.blocked is None and each.file and each.file.is_wheel for each in releases):
        return releases
    reason = Reason(kind="no-wheel", text="has only an sdist, and --prefer-binary prefers older wheels")
    return [_without_file(each, reason) if _is_sdist(each) else each for each in releases]


def _is_sdist(release: Release) -> bool:
    return release.blocked is None and release.file is not None and not release.file.is_wheel


def _without_file(release: Release, reason: Reason) -> Release:
    return Release(
        name=release.name,
        version=release.version,
        blocked=reason,
        yanked=release.yanked,
        uploaded=release.uploaded,
        index=release.index,
    )


def _worth_telling(releases: Iterable[Release]) -> tuple[Release, ...]:
    """Drop what is blocked below the newest candidate, except pre-releases, which a specifier may name."""
    kept = []
    candidate = False
    for release in releases:
        candidate = candidate or release.blocked is None
        if release.blocked is None or not candidate or release.file is not None:
            kept.append(release)
    return tuple(kept)


def _notes(sources: Sequence[SourceRecord], status: ProjectStatus | None) -> Iterator[Reason]:
    reason = next((source.record.reason for source in sources if source.record.status == status), None)
    if status is not None:
        yield Reason(kind=status, text=f"{status} by its maintainers{': ' + reason if reason else ''}")
