"""What the stages pass on: what is installed, what an index has of it, and what is to become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..hashes import Hashes, arrange

if TYPE_CHECKING:  # whoever creates these has imported it; --history and --undo work without
    from packaging.version import Version

    from ..reasons import ReasonKind

Action = Literal["upgrade", "downgrade", "add", "remove", "hold", "current", "skip"]
ProjectStatus = Literal["archived", "deprecated", "quarantined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a distribution stays unchanged, or a remark about it."""

    kind: ReasonKind
    """A stable word for programs, such as ``editable``, ``required-by`` or ``download-failed``."""

    text: str
    """The message, a phrase without a full stop: ``numba 0.59.1 requires numpy<1.27``."""

    data: Mapping[str, str] = field(default_factory=dict)
    """Further fields of the reason in the JSON report; none may be called ``kind`` or ``text``."""

    def after(self, words: str, **data: str) -> Reason:
        """Return the same reason, its text after these words, with further fields."""
        return Reason(kind=self.kind, text=f"{words} {self.text}", data={**self.data, **data})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The environment that a run updates."""

    prefix: Path
    python: str
    """Full version of the interpreter: ``3.11.7``."""

    pip: str
    """Version of the pip whose machinery is used: ``26.3``."""

    executable: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One installed distribution (PyPA glossary), as described by its ``.dist-info`` directory."""

    name: str
    """Normalized (PEP 503)."""

    version: Version
    """The parsable part of an invalid version, ``Version("0")`` at worst: ``text`` has it as it is."""

    unparsed_version: str | None = None
    """The recorded version, if it does not follow PEP 440."""

    requires: tuple[str, ...] = ()
    """The ``Requires-Dist`` fields, raw (PEP 508)."""

    location: Path
    """The directory on ``sys.path`` in which it was found."""

    info_name: str
    """The name in ``location`` of its ``.dist-info`` directory, or the path of whatever else describes it."""

    requested: bool = False
    """True if the user asked for it by name (the REQUESTED file)."""

    user_site: bool = False
    installer: str = ""
    """The name of its installer (PEP 376); "" for pip and uv, and if unknown."""

    skip: Reason | None = None
    """Why it must not be changed; None if it may be upgraded."""

    notes: tuple[Reason, ...] = ()
    """Faults in its metadata that do not prevent an upgrade."""

    leftovers: tuple[str, ...] = ()
    """Names in ``location`` of further ``.dist-info`` directories about it, left behind by an earlier version."""

    @property
    def text(self) -> str:
        """The installed version for display, as it is recorded."""
        return self.unparsed_version or str(self.version)

    @property
    def info(self) -> Path:
        """The path of that directory."""
        return self.location / self.info_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that is installed, first on ``sys.path`` wins, sorted by name."""

    distributions: tuple[Distribution, ...]

    def by_name(self) -> dict[str, Distribution]:
        """Return the distributions by their normalized names."""
        return {each.name: each for each in self.distributions}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that an index offers for a release."""

    filename: str
    url: str
    """Absolute, without credentials."""

    sha256: str | None = None
    """Hexadecimal; None if the index gives no sha256."""

    hashes: Hashes = ()
    """All other hashes from the index, as ``hashes.arrange`` orders them; a second sha256, too, if two disagree."""

    size: int | None = None
    """Bytes."""

    metadata: bool | None = None
    """True if the index says it serves ``url + ".metadata"`` (PEP 658, 714); None if it does not say."""

    metadata_sha256: str | None = None
    """The hash of that sidecar."""

    provenance: str | None = None
    """The URL of its attestations (PEP 740); None if there are none."""

    @property
    def all_hashes(self) -> Hashes:
        """Every hash from the index, strongest first; all of them must match."""
        own = (("sha256", self.sha256),) if self.sha256 is not None else ()
        return arrange((*own, *self.hashes))

    @property
    def is_wheel(self) -> bool:
        """True for a wheel, False for an sdist."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a project with the one file that this interpreter would install."""

    name: str
    """Normalized (PEP 503)."""

    version: Version
    file: File | None = None
    """The wheel with the best tag, or the sdist if building is requested; None if ``blocked``."""

    requires: tuple[str, ...] | None = None
    """The ``Requires-Dist`` fields, raw (PEP 508), if the index already gave them; else None."""

    blocked: Reason | None = None
    """Why this interpreter or the user's policy excludes it; None for a candidate."""

    held: bool = False
    """True if a user's filter blocks it: the distribution is then reported as held."""

    yanked: str | None = None
    """The reason given (may be empty) if yanked (PEP 592), else None."""

    uploaded: str | None = None
    """Time of upload, ISO 8601 in UTC, if the index gives it (PEP 700)."""

    index: str = ""
    """Its index: a URL without credentials; ``find-links`` for all of those."""

    alternatives: tuple[Release, ...] = ()
    """The same version on other indexes, if several have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What an index offers of one project to this interpreter, newest release first.

    Releases older than the installed version are ignored: nothing is ever downgraded. The installed version itself is
    included if the index still has it.
    """

    name: str
    releases: tuple[Release, ...]
    status: ProjectStatus | None = None
    """PEP 792; None for ``active``."""

    notes: tuple[Reason, ...] = ()
    """Remarks for the user, such as known vulnerabilities of the installed version."""

    @property
    def candidates(self) -> tuple[Release, ...]:
        """The releases that may be installed, newest first."""
        return tuple(each for each in self.releases if each.blocked is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A project or release that failed to be looked up, downloaded or installed. Data, not an exception."""

    name: str
    kind: ReasonKind
    """As in a ``Reason``: ``not-found``, ``unreachable``, ``offline``, ``hash``, ``build``, ``symlink`` …"""

    text: str
    version: str | None = None

    @property
    def reason(self) -> Reason:
        """Return it as a reason."""
        return Reason(kind=self.kind, text=self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One distribution that the plan upgrades (``installed`` set) or adds (``installed`` None)."""

    name: str
    installed: Version | None
    target: Release
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A distribution that stays below its newest version (``latest``), and why."""

    name: str
    installed: Version
    kept: Version
    """The version after the run: ``installed``, or one between it and ``latest``."""

    latest: Version
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The newest consistent set. Names are disjoint between ``changes`` and distributions that stay."""

    changes: tuple[Change, ...]
    """Sorted by name."""

    holds: tuple[Hold, ...] = ()
    """Sorted by name; a distribution that is upgraded, but not to its newest version, is in both."""

    notes: tuple[str, ...] = ()
    """Messages about planning itself, such as an exhausted search budget."""
