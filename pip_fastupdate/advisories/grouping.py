"""Groups records about one vulnerability (PYSEC, GHSA, CVE) by their ids and aliases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.version import Version

from .ranges import fixed_versions, is_affected
from .records import MALWARE, Advisory

_PREFERRED = (MALWARE, "PYSEC-", "GHSA-", "CVE-")
"""Databases whose id names a group."""

_TRIED = 64
"""Maximum number of fixes tried, from the smallest: what is still affected after that has none."""

_STEPS = 100
"""Maximum number of fixes followed in a row."""

_SEVERITIES = ("LOW", "MODERATE", "MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """Records about the same thing; none of them is withdrawn."""

    records: tuple[Advisory, ...]
    """The record that gives the group its id comes first."""

    names: frozenset[str]
    """All ids and aliases."""

    @property
    def id(self) -> str:
        """The id to show."""
        return self.records[0].id

    @property
    def aliases(self) -> tuple[str, ...]:
        """All other ids, sorted."""
        return tuple(sorted(self.names - {self.id}))

    @property
    def malware(self) -> bool:
        """True if one of the records says that the package is malicious."""
        return any(each.malware for each in self.records)

    @property
    def unreadable(self) -> bool:
        """Return whether none of its records could be read: its fixes are then unknown."""
        return all(each.unreadable for each in self.records)

    @property
    def summary(self) -> str:
        """The first summary in the records."""
        return next((each.summary for each in self.records if each.summary), "")

    @property
    def severity(self) -> str:
        """The worst rating in the records, in lower case; "" if none rates it."""
        rated = [each.severity for each in self.records if each.severity in _SEVERITIES]
        return max(rated, key=_SEVERITIES.index, default="").lower().replace("moderate", "medium")

    def affects(self, name: str, version: Version) -> bool:
        """Return whether any record says that the version of the project (normalized) is affected."""
        return any(is_affected(each.affected.get(name, ()), version) for each in self.records)

    def fixed_in(self, name: str, version: Version) -> Version | None:
        """Return the smallest later version named as a fix that no record says is affected."""
        fixes = {each for record in self.records for each in fixed_versions(record.affected.get(name, ()), version)}
        return next((each for each in sorted(fixes)[:_TRIED] if not self.affects(name, each)), None)


def grouped(advisories: Iterable[Advisory]) -> tuple[Vulnerability, ...]:
    """Return the vulnerabilities, sorted by id; withdrawn records are ignored.

    Records belong together if a chain of ids and aliases connects them, even if an id on the way has no record.
    """
    live = {each.id: each for each in advisories if not each.withdrawn}
    leaders: dict[str, str] = {}

    def leader(name: str) -> str:
        while leaders.setdefault(name, name) != name:
            leaders[name] = leaders[leaders[name]]
            name = leaders[name]
        return name

    for each in live.values():
        for alias in each.aliases:
            leaders[leader(alias)] = leader(each.id)
    groups: dict[str, list[Advisory]] = {}
    for each in live.values():
        groups.setdefault(leader(each.id), []).append(each)
    return tuple(sorted(map(_vulnerability, groups.values()), key=lambda each: each.id))


def _vulnerability(records: Sequence[Advisory]) -> Vulnerability:
    names = frozenset(name for each in records for name in (each.id, *each.aliases))
    return Vulnerability(records=tuple(sorted(records, key=_rank)), names=names)


def _rank(record: Advisory) -> tuple[int, str]:
    places = (place for place, prefix in enumerate(_PREFERRED) if record.id.startswith(prefix))
    return next(places, len(_PREFERRED)), record.id


def affecting(name: str, version: Version, groups: Iterable[Vulnerability]) -> tuple[Vulnerability, ...]:
    """Return those of ``groups`` that affect the version of the project (normalized)."""
    return tuple(each for each in groups if each.affects(name, version))


def smallest_unaffected(name: str, installed: Version, groups: Sequence[Vulnerability]) -> Version | None:
    """Return the smallest unaffected version, following fixes step by step; None if they lead nowhere."""
    version = installed
    for _ in range(_STEPS):
        left = affecting(name, version, groups)
        if not left:
            return version
        fixes = [each.fixed_in(name, version) for each in left]
        known = [each for each in fixes if each is not None]
        if len(known) < len(left) or not known:
            return None
        version = max(known)
    return None
