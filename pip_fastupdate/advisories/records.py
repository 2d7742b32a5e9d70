"""Advisories in the OSV format, reduced to what decides whether a version is affected and what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.files import decoded
from ..core.names import normalize

ECOSYSTEM = "PyPI"
MALWARE = "MAL-"
"""Prefix of the ids of records about malicious packages."""

MOST_EVENTS = 2000
"""Maximum number of range events in a record: the largest real ones have some dozens."""

EVENTS = ("introduced", "fixed", "last_affected", "limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What an advisory says about one project."""

    ranges: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Version ranges, each with its events (kind, version) in the order of the record."""

    versions: frozenset[str] = frozenset()
    """Affected versions, as the record spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One record of the database."""

    id: str
    aliases: frozenset[str] = frozenset()
    summary: str = ""
    severity: str = ""
    """``LOW``, ``MODERATE``, ``HIGH`` or ``CRITICAL`` if the database rates it; else ""."""

    withdrawn: bool = False
    unreadable: bool = False
    """True if nothing is known of it except that it affects one version."""

    affected: Mapping[str, tuple[Affected, ...]]
    """By normalized name of the project."""

    @property
    def malware(self) -> bool:
        """True if it says that the package is malicious."""
        return self.id.startswith(MALWARE)


def unread(id: str, name: str, version: str) -> Advisory:
    """Return what is known of an unreadable advisory listed for a version of ``name`` (normalized)."""
    affected = {name: (Affected(versions=frozenset((version,))),)}
    return Advisory(id=id, summary="its record could not be read", unreadable=True, affected=affected)


def reduced(body: bytes) -> bytes:
    """Return the record without descriptions, references and other ecosystems. Raises ValueError."""
    record = decoded(body)
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise ValueError("not an OSV record")
    kept: dict[str, Any] = {key: record[key] for key in ("id", "aliases", "withdrawn") if record.get(key)}
    kept["summary"] = _summary(record)
    kept["severity"] = _severity(record)
    kept["affected"] = [
        {"package": {"name": each["package"]["name"], "ecosystem": ECOSYSTEM}, **_what(each)}
        for each in _ours(record.get("affected"))
    ]
    parse(kept)
    return json.dumps(kept, separators=(",", ":")).encode()


def parse(record: object) -> Advisory:
    """Parse the JSON of a record. Raises ValueError if it is not one."""
    if not isinstance(record, dict) or not isinstance(record.get("id"), str) or not record["id"]:
        raise ValueError("not an OSV record")
    affected: dict[str, tuple[Affected, ...]] = {}
    for each in _ours(record.get("affected")):
        name = normalize(each["package"]["name"])
        affected[name] = (*affected.get(name, ()), _affected(each))
    if sum(len(events) for entries in affected.values() for entry in entries for events in entry.ranges) > MOST_EVENTS:
        raise ValueError(f"more than {MOST_EVENTS} events")
    return Advisory(
        id=record["id"],
        aliases=frozenset(_texts(record.get("aliases"))),
        summary=_summary(record),
        severity=_severity(record),
        withdrawn=bool(record.get("withdrawn")),
        affected=affected,
    )


def _what(entry: Mapping[str, Any]) -> dict[str, Any]:
    ranges = [each for each in _dicts(entry.get("ranges")) if each.get("type") != "GIT"]
    return {
        "ranges": [{"events": list(_dicts(each.get("events")))} for each in ranges],
        "versions": entry.get("versions"),
    }


def _ours(entries: object) -> Iterable[dict[str, Any]]:
    """Return the entries about projects of our ecosystem, ignoring its suffix (``PyPI:…``)."""
    for each in _dicts(entries):
        package = each.get("package")
        if isinstance(package, dict) and isinstance(package.get("name"), str):
            ecosystem = package.get("ecosystem")
            if isinstance(ecosystem, str) and ecosystem.partition(":")[0].lower() == ECOSYSTEM.lower():
                yield each


def _affected(entry: Mapping[str, Any]) -> Affected:
    ranges = []
    for each in _dicts(entry.get("ranges")):
        if each.get("type") != "GIT":
            events = (
                (kind, str(event[kind])) for event in _dicts(each.get("events")) for kind in EVENTS if kind in event
            )
            ranges.append(tuple(events))
    return Affected(ranges=tuple(filter(None, ranges)), versions=frozenset(_texts(entry.get("versions"))))


def _severity(record: Mapping[str, Any]) -> str:
    """Return the database's own rating: for the record, or for a project in it."""
    for each in (record, *_dicts(record.get("affected"))):
        own = each.get("database_specific")
        word = own.get("severity") if isinstance(own, dict) else None
        if isinstance(word, str) and word:
            return word.upper()
    word = record.get("severity")
    return word if isinstance(word, str) else ""


def _summary(record: Mapping[str, Any]) -> str:
    """Return the summary, or the first sentence of the details; at most 120 characters."""
    text = record.get("summary") or record.get("details")
    line = " ".join(text.split()) if isinstance(text, str) else ""
    if len(line) > 120:
        line = line.split(". ", 1)[0]
    return line if len(line) <= 120 else line[:117] + "..."


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
