"""Merges the sources of a project version by version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from packaging.version import Version

from .filenames import Build, build_tag, version_of
from .project_record import SDIST, CompatibleFile, ProjectRecord, VersionRecord


class SourceRecord(NamedTuple):
    """What one source has of a project."""

    url: str
    """Its URL without credentials."""

    record: ProjectRecord


class MergedVersion(NamedTuple):
    """A version with its files from all sources, best first, each with its source."""

    version: Version
    files: list[tuple[CompatibleFile, SourceRecord]]
    python: str | None
    foreign: str | None


def merged_versions(sources: Sequence[SourceRecord], floor: Version | None) -> Iterator[MergedVersion]:
    """Yield versions from the newest down to ``floor``, with their files from all sources."""
    if len(sources) == 1:
        source = sources[0]
        return (
            MergedVersion(version, [(file, source) for file in entry.files], entry.python, entry.foreign)
            for version, entry in _down(source, floor)
        )
    return iter(_merged(sources, floor))


def _down(source: SourceRecord, floor: Version | None) -> Iterator[tuple[Version, VersionRecord]]:
    """Yield its versions from the newest down to ``floor``; what is below is not even read."""
    for entry in source.record.entries():
        version = version_of(entry.version)
        if floor is not None and version < floor:
            return
        yield version, entry


def _merged(sources: Sequence[SourceRecord], floor: Version | None) -> list[MergedVersion]:
    """Return all sources' files by version; among equals the first source wins.

    pip takes the last one, and documents no order. The main index comes before the extra ones here, which is safer.
    """
    together: dict[Version, list[tuple[VersionRecord, SourceRecord]]] = {}
    for source in sources:
        for version, entry in _down(source, floor):
            together.setdefault(version, []).append((entry, source))
    return [_merge(version, together[version]) for version in sorted(together, reverse=True)]


def _merge(version: Version, parts: list[tuple[VersionRecord, SourceRecord]]) -> MergedVersion:
    files = [(file, source) for entry, source in parts for file in entry.files]
    files.sort(key=lambda each: _build(each[0]), reverse=True)
    files.sort(key=lambda each: each[0].rank)
    python = next((entry.python for entry, _ in parts if entry.python), None)
    foreign = next((entry.foreign for entry, _ in parts if entry.foreign), None)
    return MergedVersion(version, files, python, foreign)


def _build(file: CompatibleFile) -> Build:
    parts = file.filename.split("-")
    return (build_tag(parts[2]) or ()) if len(parts) == 6 and file.rank != SDIST else ()
