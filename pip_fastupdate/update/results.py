"""What the stages of a run hand on to each other: frozen, and nothing but data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from ..core.models import Change, Difference, Failure, Inventory, Plan, Project, Reason, Release
from ..resolver.candidates import Assignment, Candidate, CandidatePool, Key

if TYPE_CHECKING:
    from .._pip.installer import StagedWheel
    from ..core.entry import HistoryEntry
    from ..core.errors import FileConflict
    from ..transaction import Fingerprint


def key_of(release: Release | Candidate) -> Key:
    """Name and version."""
    return (release.name, str(release.version))


def reasons_of(failures: Mapping[str, Failure]) -> dict[str, Reason]:
    """Failures as reasons to stay."""
    return {name: Reason(kind=each.kind, text=each.text) for name, each in failures.items()}


class Origin(NamedTuple):
    """The installed version, and where it came from."""

    version: Version
    source: str | None
    """The index; None where that is not known."""

    beside: frozenset[str] | None = None
    """Set where that source is configured no more: those that were configured with it. Others have taken its place."""


Before = Mapping[str, tuple[Version, str] | Origin]
"""By name; a pair is an ``Origin`` that is configured still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What a run knows before it plans; the releases themselves are asked of the catalog."""

    before: Before
    """Where what is installed came from, as far as that is known and to be respected."""

    failures: Mapping[str, Failure]
    """By name: what could not be looked up."""

    history: Callable[[], Sequence[HistoryEntry]] = tuple
    """The updates so far, newest first; read once, when a plan has to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """What a run has learned from one plan, and the next plan must respect."""

    failures: Mapping[str, Failure] = field(default_factory=dict)
    """By name: what cannot be updated at all in this run."""

    stays: Mapping[str, Reason] = field(default_factory=dict)
    """By name: what must stay although its new version is sound."""

    corrections: Mapping[Key, tuple[str, ...] | Failure] = field(default_factory=dict)
    """Requirements as the wheels themselves state them; a failure where the wheel is for another Python."""

    damaged: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases whose files are bad; other releases of the same projects may be sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, and what it was made from."""

    pool: CandidatePool
    assignment: Assignment
    plan: Plan
    failures: Mapping[str, Failure]
    """By name: what could not be looked up, and what failed before."""

    gave_up: frozenset[str] = frozenset()
    """Names for which the search for the newest versions was cut short."""

    names: frozenset[str] | None = None
    """What was to be moved; None for all."""

    origins: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """By name, what is to be told of the origin of new versions."""

    leftovers: tuple[str, ...] = ()
    """What earlier updates added for others, and nothing requires any more."""

    unreached: tuple[str, ...] = ()
    """What a lock names, and what could not be brought to the version that it has."""

    removals: tuple[str, ...] = ()
    """Those of them that are to be taken away."""

    @property
    def inventory(self) -> Inventory:
        """What was installed when the plan was made."""
        return self.pool.inventory

    def releases(self, name: str) -> tuple[Release, ...]:
        """What the index has of a project; nothing where it could not be looked up."""
        project = self.pool.project(name)
        return project.releases if isinstance(project, Project) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRelease:
    """A release whose wheel was downloaded, inspected and staged."""

    wheel: StagedWheel
    warnings: tuple[Reason, ...]
    requires: tuple[str, ...]
    """The ``Requires-Dist`` fields, raw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """All that was staged so far, and all that could not be."""

    releases: Mapping[Key, StagedRelease] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """By name: what no other release would change."""

    damaged: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases whose files are bad: another release of the same project may be sound."""

    unfit: Mapping[Key, Failure] = field(default_factory=dict)
    """Releases for another Python, as only their wheels say."""

    tried: int = 0
    """How many wheels were begun, and so how many folders have been used."""

    def of(self, change: Change) -> StagedRelease:
        """The staged release that a change brings."""
        return self.releases[key_of(change.target)]

    def has(self, change: Change) -> bool:
        """Whether what a change brings is staged."""
        return key_of(change.target) in self.releases

    def warnings(self, changes: Iterable[Change]) -> dict[str, tuple[Reason, ...]]:
        """What inspection found worth knowing, by name."""
        found = {change.name: self.of(change).warnings for change in changes}
        return {name: reasons for name, reasons in found.items() if reasons}


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """A plan that is live now but not committed, or a conflict and an environment as it was before."""

    planned: Planned
    staged: Staged
    before: Fingerprint
    """Of the environment as it was before; renewed if the swap itself touched it and was rolled back."""

    conflict: FileConflict | None = None
    disputed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name: files that an installed RECORD lists and that are not its distribution's."""

    overwritten: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By path: the distribution that replaced a file, and the one that stays and lists it too."""

    growth: int = 0
    """Bytes by which the environment grew."""

    changes: Mapping[str, Difference] = field(default_factory=dict)
    """By name, what new versions change, where that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The plan that a run ended with, carried out unless it was a dry run."""

    planned: Planned
    warnings: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    transaction: str | None = None
    """None when nothing was changed."""

    growth: int | None = None
    """Bytes by which the environment grew; None when nothing was changed."""

    changes: Mapping[str, Difference] = field(default_factory=dict)
    """By name, what new versions change, where that was asked for."""
