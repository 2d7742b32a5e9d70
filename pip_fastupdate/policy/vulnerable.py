"""The filter for known vulnerabilities and malware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..core.models import Reason
from ..core.options import PolicyOptions
from ..core.protocols import Filter, OfferedFile
from ..core.text import some
from .making import Knowledge

if TYPE_CHECKING:
    from packaging.version import Version


class VulnerabilityLike(Protocol):
    """One known vulnerability, as in ``advisories.grouping.Vulnerability``."""

    @property
    def id(self) -> str:
        """The id to show."""

    @property
    def malware(self) -> bool:
        """True if the package is malicious."""

    def affects(self, name: str, version: Version) -> bool:
        """Return whether that version of the project is affected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVulnerabilities:
    """A ``Filter`` that holds malware; with ``safe`` also everything affected by anything known."""

    by_name: Mapping[str, Sequence[VulnerabilityLike]]
    """All known vulnerabilities by normalized name."""

    safe: bool = False

    def held(self, file: OfferedFile) -> Reason | None:
        """Return why the version is held; the installed one may stay."""
        if file.installed is not None and file.version <= file.installed:
            return None
        if self.safe and file.version.is_prerelease and file.name in self.by_name:
            return Reason(kind="pre-release", text="is a pre-release, and not a fix")
        found = [each for each in self.by_name.get(file.name, ()) if each.affects(file.name, file.version)]
        return reason(found, safe=self.safe)


def made(_options: PolicyOptions, knowledge: Knowledge) -> Filter | None:
    """Return the filter made from the advisories, if any were read."""
    return knowledge.advised


def reason(found: Sequence[VulnerabilityLike], *, safe: bool) -> Reason | None:
    """Return why a version affected by ``found`` is held; None if it is not."""
    malware = [each.id for each in found if each.malware]
    if malware:
        return Reason(kind="malware", text=f"is malware ({', '.join(malware)})", data={"ids": " ".join(malware)})
    if found and safe:
        ids = [each.id for each in found]
        return Reason(
            kind="vulnerable-release", text=f"has known vulnerabilities ({some(ids, 3)})", data={"ids": " ".join(ids)}
        )
    return None
