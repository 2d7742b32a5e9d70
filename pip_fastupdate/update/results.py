"""Data that the stages of a run pass on; frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from ..core.models import Change, Difference, Failure, Inventory, Plan, Project, Reason, Release
from ..resolver.candidates import Assignment, Candidate, CandidatePool, Key

if TYPE_CHECKING:
    from .._pip.installer import StagedWheel
    from ..core.errors import FileConflict
    from ..transaction import Fingerprint


def key_of(release: Release | Candidate) -> Key:
    """Return name and version."""
    return (release.name, str(release.version))


def reasons_of(failures: Mapping[str, Failure]) -> dict[str, Reason]:
    """Return failures as reasons to stay."""
    return {name: each.reason for name, each in failures.items()}


class Origin(NamedTuple):
    """The installed version and its index."""

    version: Version
    source: str | None
    """The index; None if unknown."""

    beside: frozenset[str] | None = None
    """If that source is no longer configured: the sources configured with it. Others have replaced it."""


Before = Mapping[str, tuple[Version, str] | Origin]
"""By name; a pair is an ``Origin`` that is still configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What a run knows before it plans; the catalog provides the releases."""

    before: Before
    """Indexes of the installed versions, as far as known and to be respected."""

    failures: Mapping[str, Failure]
    """By name: failed lookups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """What a run learned from one plan and the next plan must respect."""

    failures: Mapping[str, Failure] = field(default_factory=dict)
    """By name: what cannot be updated in this run."""

    stays: Mapping[str, Reason] = field(default_factory=dict)
    """By name: what must stay although its new version is sound."""

    corrections: Mapping[Key, tuple[str, ...] | Failure] = field(default_factory=dict)
    """Requirements from the wheels themselves; a failure if the wheel is for another Python."""

    damaged: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases with bad files; other releases of the same projects may be sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan and its input."""

    pool: CandidatePool
    assignment: Assignment
    plan: Plan
    failures: Mapping[str, Failure]
    """By name: failed lookups and earlier failures."""

    gave_up: frozenset[str] = frozenset()
    """Names for which the search for the newest versions hit its limit."""

    names: frozenset[str] | None = None
    """Names to update; None for all."""

    origins: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """By name: remarks on the origin of new versions."""

    leftovers: tuple[str, ...] = ()
    """Packages that earlier updates added and nothing requires any more."""

    unreached: tuple[str, ...] = ()
    """Packages in a lock file that could not get its version."""

    removals: tuple[str, ...] = ()
    """Leftovers to remove."""

    @property
    def inventory(self) -> Inventory:
        """The inventory when the plan was made."""
        return self.pool.inventory

    def releases(self, name: str) -> tuple[Release, ...]:
        """Return the releases of a project; empty if the lookup failed."""
        project = self.pool.project(name)
        return project.releases if isinstance(project, Project) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRelease:
    """A release whose wheel was downloaded, inspected and staged."""

    wheel: StagedWheel
    warnings: tuple[Reason, ...]
    requires: tuple[str, ...]
    """The raw ``Requires-Dist`` fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Everything staged so far, and the failures."""

    releases: Mapping[Key, StagedRelease] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """By name: failures that no other release would change."""

    damaged: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases with bad files: another release of the same project may be sound."""

    unfit: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases for another Python, as only their wheels show."""

    tried: int = 0
    """The number of wheels begun, and so of directories used."""

    def of(self, change: Change) -> StagedRelease:
        """Return the staged release of a change."""
        return self.releases[key_of(change.target)]

    def has(self, change: Change) -> bool:
        """Return whether the release of a change is staged."""
        return key_of(change.target) in self.releases

    def warnings(self, changes: Iterable[Change]) -> dict[str, tuple[Reason, ...]]:
        """Return the warnings from inspection, by name."""
        found = {change.name: self.of(change).warnings for change in changes}
        return {name: reasons for name, reasons in found.items() if reasons}


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """A plan that is live but not committed, or a conflict with the environment unchanged."""

    planned: Planned
    staged: Staged
    before: Fingerprint
    """Fingerprint of the environment before; renewed if the swap itself was rolled back."""

    conflict: FileConflict | None = None
    disputed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name: files that an installed RECORD lists although they belong to others."""

    overwritten: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By path: the distribution that replaced a file, and the remaining one that lists it, too."""

    growth: int = 0
    """Bytes by which the environment grew."""

    changes: Mapping[str, Difference] = field(default_factory=dict)
    """By name: what new versions change, if requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The plan a run ended with, applied unless it was a dry run."""

    planned: Planned
    warnings: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    transaction: str | None = None
    """None if nothing was changed."""

    growth: int | None = None
    """Bytes by which the environment grew; None if nothing was changed."""

    changes: Mapping[str, Difference] = field(default_factory=dict)
    """By name: what new versions change, if requested."""
