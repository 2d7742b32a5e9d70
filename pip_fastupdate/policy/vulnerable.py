"""Versions with known vulnerabilities, and malware: the filter of what the advisories say."""

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


class Known(Protocol):
    """What is known of one vulnerability; ``advisories.grouping.Vulnerability`` is."""

    @property
    def id(self) -> str:
        """The id to call it by."""

    @property
    def malware(self) -> bool:
        """Whether the package is malicious."""

    def affects(self, name: str, version: Version) -> bool:
        """Whether that version of the project is affected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVulnerabilities:
    """A ``Filter``: malware never comes in; with ``safe`` nothing does that is affected by anything known."""

    by_name: Mapping[str, Sequence[Known]]
    """All that is known of projects, by normalized name."""

    safe: bool = False

    def held(self, file: OfferedFile) -> Reason | None:
        """Why the version must not come in; the installed one may stay."""
        if file.installed is not None and file.version <= file.installed:
            return None
        if self.safe and file.version.is_prerelease and file.name in self.by_name:
            return Reason(kind="pre-release", text="is a pre-release, and no fix")
        found = [each for each in self.by_name.get(file.name, ()) if each.affects(file.name, file.version)]
        return reason(found, safe=self.safe)


def made(_options: PolicyOptions, knowledge: Knowledge) -> Filter | None:
    """The filter that was made of the advisories, if any were read."""
    return knowledge.advised


def reason(found: Sequence[Known], *, safe: bool) -> Reason | None:
    """Why a version that is affected by ``found`` is held; None where it is not."""
    malware = [each.id for each in found if each.malware]
    if malware:
        return Reason(kind="malware", text=f"is malware ({', '.join(malware)})", data={"ids": " ".join(malware)})
    if found and safe:
        ids = [each.id for each in found]
        return Reason(
            kind="vulnerable-release", text=f"has known vulnerabilities ({some(ids, 3)})", data={"ids": " ".join(ids)}
        )
    return None
