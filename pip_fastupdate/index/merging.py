"""What several sources have of a project, brought together version by version as pip does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from packaging.version import Version

from .filenames import Build, build_tag, version_of
from .project_record import SDIST, Digest, Entry, Item


class Offer(NamedTuple):
    """What one source has of a project."""

    source: str
    """Its URL without credentials."""

    digest: Digest


class Choice(NamedTuple):
    """A version with its files from all sources, best first, each with its source."""

    version: Version
    items: list[tuple[Item, Offer]]
    python: str | None
    foreign: str | None


def choices(offers: Sequence[Offer], floor: Version | None) -> Iterator[Choice]:
    """Versions from the newest down to ``floor``, with their files from all sources."""
    if len(offers) == 1:
        offer = offers[0]
        return (
            Choice(version, [(item, offer) for item in entry.items], entry.python, entry.foreign)
            for version, entry in _down(offer, floor)
        )
    return iter(_merged(offers, floor))


def _down(offer: Offer, floor: Version | None) -> Iterator[tuple[Version, Entry]]:
    """Its versions from the newest down to ``floor``; what is below is not even read."""
    for entry in offer.digest.entries():
        version = version_of(entry.version)
        if floor is not None and version < floor:
            return
        yield version, entry


def _merged(offers: Sequence[Offer], floor: Version | None) -> list[Choice]:
    """All sources' files of a version together; among equals the first source wins, as in pip."""
    together: dict[Version, list[tuple[Entry, Offer]]] = {}
    for offer in offers:
        for version, entry in _down(offer, floor):
            together.setdefault(version, []).append((entry, offer))
    return [_merge(version, together[version]) for version in sorted(together, reverse=True)]


def _merge(version: Version, parts: list[tuple[Entry, Offer]]) -> Choice:
    items = [(item, offer) for entry, offer in parts for item in entry.items]
    items.sort(key=lambda each: _build(each[0]), reverse=True)
    items.sort(key=lambda each: each[0].rank)
    python = next((entry.python for entry, _ in parts if entry.python), None)
    foreign = next((entry.foreign for entry, _ in parts if entry.foreign), None)
    return Choice(version, items, python, foreign)


def _build(item: Item) -> Build:
    parts = item.filename.split("-")
    return (build_tag(parts[2]) or ()) if len(parts) == 6 and item.rank != SDIST else ()
