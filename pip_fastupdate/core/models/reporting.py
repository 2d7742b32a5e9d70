"""What a run, and the cache, have to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .planning import Action, Failure, Reason, Target

Status = Literal["planned", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVulnerability:
    """A known vulnerability of an installed version."""

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    severity: str = ""
    """``low``, ``medium``, ``high`` or ``critical`` if a database rates it; else ""."""

    fixed_in: str | None = None
    """The smallest later version that is not affected; None if no fix is known."""

    remains: bool = True
    """True if the version after the run is affected, too."""

    malware: bool = False
    ignored: bool = False
    """True if the user ignores it."""

    unread: bool = False
    """True if none of its records could be read: only its id is known, and that it affects the installed version."""

    @property
    def fix(self) -> str:
        """What is known of its fix, for display."""
        if self.fixed_in is not None:
            return f"fixed in {self.fixed_in}"
        return "fix unknown" if self.unread else "no fix known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a new version changes. Pairs are (before, after), None if both are equal or unknown."""

    releases: int = 0
    """The number of releases in between."""

    uploaded: tuple[str | None, str | None] = (None, None)
    links: tuple[tuple[str, str], ...] = ()
    """(label, URL)."""

    requires_added: tuple[str, ...] = ()
    requires_dropped: tuple[str, ...] = ()
    commands_added: tuple[str, ...] = ()
    commands_dropped: tuple[str, ...] = ()
    python: tuple[str, str] | None = None
    license: tuple[str, str] | None = None
    files: tuple[str, str] | None = None
    native: tuple[str, str] | None = None
    """The number of files of compiled code."""

    size: tuple[str, str] | None = None
    """Bytes of all files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report: the result for one distribution."""

    name: str
    installed: str | None
    """None for an addition."""

    target: str | None
    """Equals ``installed`` for a hold."""

    latest: str | None
    """The newest version that this interpreter could install; None if unknown."""

    action: Action
    status: Status
    reasons: tuple[Reason, ...] = ()
    index: str | None = None
    """The index of ``target``: a URL without credentials; None if nothing is installed."""

    level: str | None = None
    """The size of the step from ``installed`` to ``target``: ``patch``, ``minor``, ``major`` or ``calendar``."""

    direct: bool | None = None
    """True if the user asked for it by name or, if that was not recorded, nothing installed requires it."""

    uploaded: str | None = None
    """When the file of ``target`` was uploaded: ISO 8601 in UTC; None if nothing is installed or it is unknown."""

    size: int | None = None
    """Bytes of that file."""

    changes: Difference | None = None
    """What the new version changes, if requested."""

    vulnerabilities: tuple[KnownVulnerability, ...] = ()
    """Of ``installed``, if advisories were read."""

    required_by: tuple[tuple[str, str], ...] = ()
    """What requires it after the run, as (name, requirement), if requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counters of a run. A new number is one more field, and ``counters.add(FIELD=1)`` where it happens.

    ``--stats`` shows those with a label, in this order, ``bytes_…`` as a size.
    """

    requests: int = field(default=0, metadata={"label": "requests"})
    """Requests sent, including redirects and retries."""

    cache_hits: int = field(default=0, metadata={"label": "cache hits"})
    """Responses from the cache without a request."""

    revalidated: int = 0
    """Cached responses confirmed by the server (304)."""

    bytes_received: int = field(default=0, metadata={"label": "received"})
    """Of bodies, as sent."""

    bytes_cached: int = field(default=0, metadata={"label": "from cache"})
    """What the cache supplied instead of the network: cached index responses, and whole wheels."""

    bytes_shared: int = field(default=0, metadata={"label": "shared"})
    """Of wheels from the shared store instead of an index."""

    retries: int = field(default=0, metadata={"label": "retries"})
    """Attempts after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStats:
    """Requests to one server. A response time is from sending a request to the end of the response's head."""

    host: str
    """With its port where the URL has one, without credentials."""

    requests: int
    """Requests sent, including those without a response."""

    mean_seconds: float | None
    """Average response time; None without any response."""

    p95_seconds: float | None
    """The response time that 95% of the responses did not exceed (nearest rank)."""

    bytes_received: int
    """Of bodies, as sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """What the process did to files, including imports."""

    files_read: int
    """How often a file was opened for reading."""

    files_written: int
    """How often a file was opened for writing."""

    bytes_read: int | None
    """Read from disks, not from the system's memory; None if the system does not say."""

    bytes_written: int | None
    """Passed to the system for disks, in whole pages; None if the system does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats(Counts):
    """The figures of one run."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time of each stage by its name."""

    peak_memory_mb: float | None = None
    """Peak resident memory of the process; None if the system does not say."""

    hosts: tuple[HostStats, ...] = ()
    """The servers of the run, the busiest first."""

    disk: DiskUse | None = None
    """None if not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A project file whose requirements follow the update."""

    path: Path
    changed: tuple[tuple[str, str, str], ...] = ()
    """Where in the file, the requirement before, and after."""

    diff: str = ""
    """Unified; "" if nothing changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A program started in the environment before it was updated."""

    pid: int
    command: str
    """Its command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a run, rendered by ``report``."""

    target: Target
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    """Messages, already printed to standard error."""

    transaction: str | None = None
    """The id for ``--undo``; None if nothing was changed."""

    dry_run: bool = False
    stats: Stats = field(default_factory=Stats)

    growth: int | None = None
    """Bytes by which the environment grew; None if nothing was staged."""

    unreached: tuple[str, ...] = ()
    """Names that ``--to`` could not change to the locked version."""

    running: tuple[Running, ...] = ()
    """Programs that run the old versions until they are restarted."""

    leftovers: tuple[str, ...] = ()
    """Packages that earlier updates added and nothing requires any more."""
    files: tuple[WrittenFile, ...] = ()
    """The project's files as ``--write`` writes, or would write, them."""
