"""Requirements of distributions (PEP 508), parsed once each and evaluated for this interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from packaging.markers import Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

__all__ = ["Dependency", "InvalidRequirement", "allows", "normalize", "parse"]

normalize = lru_cache(maxsize=None)(canonicalize_name)
"""``canonicalize_name`` (PEP 503), remembered."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dependency:
    """One ``Requires-Dist`` field, parsed. Equal texts give the identical object."""

    name: str
    """Normalized (PEP 503)."""

    extras: frozenset[str]
    """Normalized names of the extras it asks for."""

    specifier: str
    """Text of the version specifier; what ``allows`` takes."""

    marker: Marker | None
    text: str
    """The field without its marker, as the author wrote it, for people."""

    def applies(self, extras: frozenset[str]) -> bool:
        """Whether its marker holds on this interpreter with any of ``extras`` asked for."""
        return self.marker is None or _holds(self, "") or any(_holds(self, extra) for extra in extras)


@cache
def parse(text: str) -> Dependency:
    """The parsed field. Raises InvalidRequirement when it does not follow PEP 508."""
    requirement = Requirement(text)
    return Dependency(
        name=normalize(requirement.name),
        extras=frozenset(normalize(extra) for extra in requirement.extras),
        specifier=str(requirement.specifier),
        marker=requirement.marker,
        text=text.partition(";")[0].strip(),
    )


@cache
def allows(specifier: str, version: Version) -> bool:
    """Whether the specifier admits the version; pre-releases count, as in ``pip check``."""
    return not specifier or _specifier(specifier).contains(version, prereleases=True)


def names_prerelease(specifier: str) -> bool:
    """Whether the specifier itself names a pre-release, which then may be chosen (PEP 440)."""
    return bool(specifier) and bool(_specifier(specifier).prereleases)


@cache
def _specifier(text: str) -> SpecifierSet:
    return SpecifierSet(text)


@cache
def _environment() -> dict[str, str]:
    return {key: str(value) for key, value in default_environment().items()}


@cache
def _holds(dependency: Dependency, extra: str) -> bool:
    return dependency.marker is None or dependency.marker.evaluate({**_environment(), "extra": extra})
