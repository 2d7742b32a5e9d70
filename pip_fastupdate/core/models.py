"""The data that flows from stage to stage: frozen, and free of everything but the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .hashes import Hashes, arrange

if TYPE_CHECKING:  # whoever makes these has imported it; --history and --undo go without
    from packaging.version import Version

    from .reasons import ReasonKind

Action = Literal["upgrade", "downgrade", "add", "remove", "hold", "current", "skip"]
Status = Literal["planned", "done", "failed"]
ProjectStatus = Literal["archived", "deprecated", "quarantined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a distribution stays as it is, or what is to be known about it."""

    kind: ReasonKind
    """A stable word for programs, such as ``editable``, ``required-by`` or ``download-failed``."""

    text: str
    """The same for people, a phrase without a full stop: ``numba 0.59.1 requires numpy<1.27``."""

    data: Mapping[str, str] = field(default_factory=dict)
    """Further fields of the reason in the JSON report; none may be called ``kind`` or ``text``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The environment that a run acts on."""

    prefix: Path
    python: str
    """Full version of the interpreter: ``3.11.7``."""

    pip: str
    """Version of the pip whose machinery is used: ``26.3``."""

    executable: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One installed distribution (PyPA glossary), as its ``.dist-info`` folder tells it."""

    name: str
    """Normalized (PEP 503)."""

    version: Version
    """What there is of one in a version that cannot be parsed, ``Version("0")`` at worst: ``text`` has it as it is."""

    unparsed_version: str | None = None
    """The version as it is recorded, where that does not follow PEP 440."""

    requires: tuple[str, ...] = ()
    """The ``Requires-Dist`` fields, raw (PEP 508)."""

    location: Path
    """The folder on ``sys.path`` in which it was found."""

    info_name: str
    """The name in ``location`` of its ``.dist-info`` folder, or the path of whatever else describes it."""

    requested: bool = False
    """Whether the user asked for it by name (the REQUESTED file)."""

    user_site: bool = False
    installer: str = ""
    """What installed it (PEP 376), as that calls itself; "" for pip and uv, and where nothing says."""

    skip: Reason | None = None
    """Why it must not be changed; None when it may be upgraded."""

    notes: tuple[Reason, ...] = ()
    """What is wrong with what is recorded of it, though not so that it could not be upgraded."""

    leftovers: tuple[str, ...] = ()
    """Names in ``location`` of further ``.dist-info`` folders about it, which an earlier version left behind."""

    @property
    def text(self) -> str:
        """The installed version for people, as it is recorded."""
        return self.unparsed_version or str(self.version)

    @property
    def info(self) -> Path:
        """The path of that folder."""
        return self.location / self.info_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that is installed, first on ``sys.path`` wins, sorted by name."""

    distributions: tuple[Distribution, ...]

    def by_name(self) -> dict[str, Distribution]:
        """The distributions by their normalized names."""
        return {each.name: each for each in self.distributions}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that an index offers for a release."""

    filename: str
    url: str
    """Absolute, without credentials."""

    sha256: str | None = None
    """Hexadecimal; None when the index names no sha256."""

    hashes: Hashes = ()
    """All others that the index gives, as ``hashes.arrange`` makes them; a second sha256 too, where two disagree."""

    size: int | None = None
    """Bytes."""

    metadata: bool | None = None
    """Whether the index says it serves ``url + ".metadata"`` (PEP 658, 714); None when it does not say."""

    metadata_sha256: str | None = None
    """The hash of that sidecar."""

    provenance: str | None = None
    """Where the index serves its attestations (PEP 740); None when it does not say."""

    @property
    def all_hashes(self) -> Hashes:
        """Every hash the index gives of it, strongest first; a file is the right one when all of them say so."""
        own = (("sha256", self.sha256),) if self.sha256 is not None else ()
        return arrange((*own, *self.hashes))

    @property
    def is_wheel(self) -> bool:
        """Whether this is a wheel rather than an sdist."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a project with the one file that this interpreter would install of it."""

    name: str
    """Normalized (PEP 503)."""

    version: Version
    file: File | None = None
    """The wheel with the best tag, or the sdist where building is asked for; None when ``blocked``."""

    requires: tuple[str, ...] | None = None
    """The ``Requires-Dist`` fields, raw (PEP 508), where the index already gave them; else None."""

    blocked: Reason | None = None
    """Why this interpreter or the user's policy rules it out; None for a candidate."""

    held: bool = False
    """Whether a filter of the user's is what blocks it: then the distribution is reported as held."""

    yanked: str | None = None
    """The reason given (may be empty) when yanked (PEP 592), else None."""

    uploaded: str | None = None
    """Time of upload, ISO 8601 in UTC, where the index tells it (PEP 700)."""

    index: str = ""
    """The index it comes from: a URL without credentials; ``find-links`` for whatever that names."""

    alternatives: tuple[Release, ...] = ()
    """The same version as the other indexes have it, where several do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What an index offers of one project to this interpreter, newest release first.

    Releases older than the installed version are left out: nothing is ever downgraded. The installed
    version itself is among them where the index still has it.
    """

    name: str
    releases: tuple[Release, ...]
    status: ProjectStatus | None = None
    """PEP 792; None for ``active``."""

    notes: tuple[Reason, ...] = ()
    """What the user should know, such as known vulnerabilities of the installed version."""

    @property
    def candidates(self) -> tuple[Release, ...]:
        """The releases that may be installed, newest first."""
        return tuple(each for each in self.releases if each.blocked is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A project or release that could not be looked up, downloaded or installed. Data, not an exception."""

    name: str
    kind: ReasonKind
    """As of a ``Reason``: ``not-found``, ``unreachable``, ``offline``, ``hash``, ``build``, ``symlink`` …"""

    text: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One distribution that the plan upgrades (``installed`` set) or adds (``installed`` None)."""

    name: str
    installed: Version | None
    target: Release
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An upgradable distribution that stays below its newest version (``latest``), and why."""

    name: str
    installed: Version
    kept: Version
    """The version after the run: ``installed``, or something between it and ``latest``."""

    latest: Version
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The newest consistent set. Names are disjoint between ``changes`` and distributions that stay."""

    changes: tuple[Change, ...]
    """Sorted by name."""

    holds: tuple[Hold, ...] = ()
    """Sorted by name; a distribution that moves, but not to its newest version, is in both."""

    notes: tuple[str, ...] = ()
    """What is to be said about the planning itself: a budget that ran out, a problem that it mends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVulnerability:
    """A known vulnerability of an installed version."""

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    severity: str = ""
    """``low``, ``medium``, ``high`` or ``critical`` where a database rates it; else ""."""

    fixed_in: str | None = None
    """The smallest later version that is not affected by it; None where no fix is known."""

    remains: bool = True
    """Whether the version after the run is affected by it, too."""

    malware: bool = False
    ignored: bool = False
    """Whether the user said that it does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a new version changes. Pairs are (before, after), None where both are the same or nobody knows."""

    releases: int = 0
    """How many releases lie between."""

    uploaded: tuple[str | None, str | None] = (None, None)
    links: tuple[tuple[str, str], ...] = ()
    """(what it is, URL)."""

    requires_added: tuple[str, ...] = ()
    requires_dropped: tuple[str, ...] = ()
    commands_added: tuple[str, ...] = ()
    commands_dropped: tuple[str, ...] = ()
    python: tuple[str, str] | None = None
    license: tuple[str, str] | None = None
    files: tuple[str, str] | None = None
    native: tuple[str, str] | None = None
    """How many files are compiled code."""

    size: tuple[str, str] | None = None
    """Bytes of all files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report: what became of one distribution."""

    name: str
    installed: str | None
    """None for an addition."""

    target: str | None
    """Equals ``installed`` for a hold."""

    latest: str | None
    """The newest version that this interpreter could install; None when unknown."""

    action: Action
    status: Status
    reasons: tuple[Reason, ...] = ()
    index: str | None = None
    """Where ``target`` comes from: a URL without credentials; None where nothing is installed."""

    level: str | None = None
    """How big a step from ``installed`` to ``target`` is: ``patch``, ``minor``, ``major`` or ``calendar``."""

    direct: bool | None = None
    """Whether the user asked for it by name, or nothing installed requires it where nobody noted that."""

    uploaded: str | None = None
    """When the file of ``target`` was uploaded: ISO 8601 in UTC; None where nothing is installed or nobody tells."""

    size: int | None = None
    """Bytes of that file."""

    changes: Difference | None = None
    """What the new version changes, where that was asked for."""

    vulnerabilities: tuple[KnownVulnerability, ...] = ()
    """Of ``installed``, where advisories were read."""

    required_by: tuple[tuple[str, str], ...] = ()
    """Who requires it after the run, as (name, requirement), where that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is counted in a run. A new number is one more field, and ``counters.add(FIELD=1)`` where it happens.

    ``--stats`` shows those with a label, in this order, ``bytes_…`` as a size.
    """

    requests: int = field(default=0, metadata={"label": "requests"})
    """Requests that were sent, redirects and repetitions included."""

    cache_hits: int = field(default=0, metadata={"label": "cache hits"})
    """Answers out of the cache without a request."""

    revalidated: int = 0
    """Answers in the cache that the server confirmed (304)."""

    bytes_received: int = field(default=0, metadata={"label": "received"})
    """Of bodies, as they were sent."""

    bytes_cached: int = field(default=0, metadata={"label": "from cache"})
    """What the cache supplied instead of the network: kept answers of indexes, and whole wheels."""

    bytes_shared: int = field(default=0, metadata={"label": "shared"})
    """Of wheels that came from the store that machines share instead of an index."""

    retries: int = field(default=0, metadata={"label": "retries"})
    """Attempts after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStats:
    """What one server was asked for. A response time runs from sending a request to the end of the response's head."""

    host: str
    """With its port where the URL has one, without credentials."""

    requests: int
    """Requests that were sent, also those that no response came to."""

    mean_seconds: float | None
    """Average response time; None without any response."""

    p95_seconds: float | None
    """The response time that 95% of the responses did not exceed (nearest rank)."""

    bytes_received: int
    """Of bodies, as they were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """What the process did to files, imports included."""

    files_read: int
    """How often a file was opened for reading."""

    files_written: int
    """How often one was opened for writing."""

    bytes_read: int | None
    """Fetched from disks, not from the system's memory; None where the system does not tell."""

    bytes_written: int | None
    """Handed to the system for disks, in whole pages; None where the system does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats(Counts):
    """The figures of one run."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time of each stage by its name."""

    peak_memory_mb: float | None = None
    """Peak resident memory of the process; None where the system does not tell."""

    hosts: tuple[HostStats, ...] = ()
    """The servers that were asked, the busiest first."""

    disk: DiskUse | None = None
    """None where it was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file of the project whose requirements follow the update."""

    path: Path
    changed: tuple[tuple[str, str, str], ...] = ()
    """Where in the file, the requirement before, and after."""

    diff: str = ""
    """Unified; "" where nothing changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A program that was started in the environment before it was updated."""

    pid: int
    command: str
    """Its command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a run has to tell; what the renderers of ``report`` turn into text."""

    target: Target
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    """Sentences for people, already printed on standard error as they came up."""

    transaction: str | None = None
    """The id under which ``--undo`` finds this run; None when nothing was changed."""

    dry_run: bool = False
    stats: Stats = field(default_factory=Stats)

    growth: int | None = None
    """By how many bytes the environment grew; None where nothing was staged."""

    unreached: tuple[str, ...] = ()
    """Names that ``--to`` could not bring to the version that the lock has."""

    running: tuple[Running, ...] = ()
    """Programs that go on with the former versions until they are restarted."""

    leftovers: tuple[str, ...] = ()
    """What earlier updates added for others, and nothing requires any more."""
    files: tuple[WrittenFile, ...] = ()
    """What ``--write`` makes, or would make, of the project's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """What ``--cache-info`` tells."""

    path: Path
    """The folder."""

    entries: int
    """Answers of indexes."""

    bytes: int
    """Their database on the disk, damaged ones that were set aside included."""

    oldest: float | None
    """When the answer that was not used for longest was last used, to a day: seconds since the epoch."""

    newest: float | None
    """The same of the one used last."""

    wheels: int
    """Downloaded files."""

    wheel_bytes: int
    """Theirs on the disk, and those of their bytecode."""
