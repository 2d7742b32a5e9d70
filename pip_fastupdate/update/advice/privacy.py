"""Decides which names a public advisory service may see: only names that are public already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...core.models import Distribution, Failure, Project
from ...core.protocols import Untold
from ...core.reasons import NO_INDEX
from ...core.urls import canonical
from ...index import Catalog

Origins = Mapping[str, Mapping[str, str]]
"""By name and version, the index it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNames:
    """The public names of an environment: those from the public index."""

    catalog: Catalog
    origins: Callable[[], Origins]
    default_index: str
    """The public index, whose names are not secret."""

    indexes: tuple[str, ...]
    """All configured indexes, without credentials."""

    def is_public(self, index: str) -> bool:
        """Return whether an index is the public one."""
        return canonical(index) == canonical(self.default_index)

    def private(self, distributions: Sequence[Distribution]) -> dict[str, str]:
        """Return the names that may be private, with the reason."""
        origins, listed = self.origins(), self._listed_publicly(distributions)
        reasons = {each.name: self._private(each, origins, listed) for each in distributions}
        return {name: why for name, why in reasons.items() if why}

    def _private(self, each: Distribution, origins: Origins, listed: frozenset[str]) -> str:
        """Return why the name may be private; "" if it is public."""
        if each.skip is not None and each.skip.kind in NO_INDEX:
            return each.skip.kind
        index = origins.get(each.name, {}).get(str(each.version))
        if index is not None:
            return "" if self.is_public(index) else "other index"
        return "" if each.name in listed else "unknown origin"

    def _listed_publicly(self, distributions: Iterable[Distribution]) -> frozenset[str]:
        """Return names that the public index has and no other configured index: they can only be from there."""
        if not any(map(self.is_public, self.indexes)):
            return frozenset()
        if len(self.indexes) == 1:
            return frozenset(each.name for each in distributions)
        projects = self.catalog.look_up(dict.fromkeys(each.name for each in distributions), Untold())
        return frozenset(name for name, project in projects.items() if self._only_public(project))

    def _only_public(self, project: Project | Failure) -> bool:
        if isinstance(project, Failure) or not project.releases:
            return False
        places = [place for each in project.releases for place in (each, *each.alternatives)]
        return all(self.is_public(each.index) for each in places)
