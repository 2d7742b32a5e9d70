"""Whether a version is affected, by PEP 440's order, and the first one that is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from packaging.utils import canonicalize_version
from packaging.version import Version

from .records import Affected

_ORDER = {"fixed": 0, "last_affected": 1, "introduced": 2}
"""Order of events at the same version: a range ends before another begins."""


def public(version: Version) -> Version:
    """Return the version without its local label: databases know builds by their public version."""
    return Version(version.public) if version.local is not None else version


def is_affected(entries: Iterable[Affected], version: Version) -> bool:
    """Return whether any of the entries names the version or a range that contains it."""
    version = public(version)
    return any(_names(each, version) or any(_within(events, version) for events in each.ranges) for each in entries)


def _names(entry: Affected, version: Version) -> bool:
    if not entry.versions:
        return False
    return str(version) in entry.versions or _canonical(str(version)) in _canonicals(entry.versions)


def _within(events: Sequence[tuple[str, str]], version: Version) -> bool:
    """Evaluate a range by the OSV format's algorithm; events may be in any order.

    An event with an unreadable version is ignored. A range whose beginning is missing or unreadable starts at the first
    version.
    """
    limits = [at for kind, text in events if kind == "limit" and text != "*" and (at := _version(text)) is not None]
    if limits and not any(version < each for each in limits):
        return False
    if not any(kind == "introduced" for kind, _ in events):
        events = (("introduced", "0"), *events)
    affected = False
    for kind, at in _sorted(events):
        if kind == "introduced" and (at is None or version >= at):
            affected = True
        elif at is not None and (version > at or (kind == "fixed" and version == at)):
            affected = affected and kind == "introduced"
    return affected


def _sorted(events: Iterable[tuple[str, str]]) -> list[tuple[str, Version | None]]:
    """Return the events with readable versions in order, None for the very beginning."""
    start = [(kind, None) for kind, text in events if kind == "introduced" and (text == "0" or _version(text) is None)]
    dated = [
        (at, kind) for kind, text in events if kind in _ORDER and text != "0" and (at := _version(text)) is not None
    ]
    return [*start, *((kind, at) for at, kind in sorted(dated, key=lambda each: (each[0], _ORDER[each[1]])))]


def fixed_versions(entries: Iterable[Affected], version: Version) -> frozenset[Version]:
    """Return versions above ``version`` named as fixes; for a pre-release, the release that follows it."""
    named = (
        at
        for entry in entries
        for events in entry.ranges
        for kind, text in events
        if kind == "fixed" and (at := _version(text)) is not None
    )
    finals = (Version(each.base_version) if each.is_prerelease else each for each in named)
    return frozenset(each for each in finals if each > version)


@lru_cache(maxsize=8192)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # not a version, or a number too long for Python
        return None


@lru_cache(maxsize=16384)
def _canonical(text: str) -> str:
    try:
        return canonicalize_version(text)
    except ValueError:  # a number too long for Python
        return text


@lru_cache(maxsize=2048)
def _canonicals(versions: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_canonical, versions))
