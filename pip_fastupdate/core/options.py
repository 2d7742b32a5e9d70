"""User input: our own options and the pip settings a run uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LinkMode = Literal["unpack", "clone", "hardlink"]
Format = Literal["table", "json", "markdown", "sarif", "html", "github"]
Bytecode = Literal["keep", "compile", "no-compile"]
Level = Literal["patch", "minor", "major"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """How the disk cache is used."""

    directory: Path | None
    """The cache directory; None disables the disk cache (``--no-cache``)."""

    ttl: float = 24 * 3600.0
    """Seconds for which a cached index response is fresh."""

    refresh: bool = False
    """Request again even within the TTL (conditionally if the index gives an ETag)."""

    offline: bool = False
    """Use the cache however old, and never the network."""

    limit: int = 2 * 1000**3
    """Maximum bytes of the cache on disk; least recently used entries are evicted first."""

    url: str | None = None
    """A shared cache for index responses: ``redis://…``."""

    wheels_url: str | None = None
    """The store of wheels shared by machines: ``s3://…``, ``file://…``, ``https://…``."""

    link_mode: LinkMode = "unpack"
    """How files of cached wheels get into an environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """Which releases may be installed: our own options."""

    cooldown: str | None = None
    """Minimum age of files, in any form that ``core.ages.parse`` reads; None for any age."""

    cooldown_except: tuple[str, ...] = ()
    """Normalized names, globs or URLs of indexes whose files may be of any age."""

    cooldown_unknown: Literal["hold", "allow"] = "hold"
    """What to do with files whose index does not give upload times."""

    cooldowns: tuple[tuple[str, str], ...] = ()
    """The same as ``cooldown`` by normalized name."""

    level: Level | None = None
    """The largest step allowed; None for any."""

    levels: tuple[tuple[str, Level | None], ...] = ()
    """The same by normalized name."""

    indexes: tuple[tuple[str, str], ...] = ()
    """By normalized name, the only index that may provide it."""

    whys: tuple[tuple[str, str], ...] = ()
    """By normalized name, the user's comment: it is repeated in the reasons of its holds."""

    direct: bool = False
    """Update only what the user asked for by name, and others as needed."""

    prune: bool = False
    """Remove what earlier updates added and nothing requires any more."""

    @property
    def filters(self) -> bool:
        """True if any option holds files: all except those about which packages change, or why."""
        plain = PolicyOptions(direct=self.direct, prune=self.prune, whys=self.whys)
        return self != plain

    def why(self, name: str) -> str:
        """Return the user's comment on a project, to follow a reason; "" without one."""
        return next((f" ({text})" for each, text in self.whys if each == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryOptions:
    """Which known vulnerabilities count, and what to do about them."""

    audit: bool = False
    """Report those of installed packages."""

    security: Literal["smallest", "newest"] | None = None
    """Update only to fix something, to the smallest unaffected version, or to the newest one."""

    service: str | None = None
    """The base URL of a service with OSV's API; None for the public one."""

    local: Path | None = None
    """A directory or zip archive of records instead of a service."""

    ignore: tuple[str, ...] = ()
    """Ids or aliases to ignore."""

    ignore_until_fixed: tuple[str, ...] = ()
    """The same while no fix is known."""

    @property
    def wanted(self) -> bool:
        """True if advisories are read at all."""
        return self.audit or self.security is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Our own command line, parsed."""

    names: tuple[str, ...] = ()
    """Normalized names to update; empty for all."""

    exclude: tuple[str, ...] = ()
    """Normalized names or globs to skip."""

    dry_run: bool = False
    check: bool = False
    interactive: bool = False
    """Let the user choose which updates of the plan to install."""

    format: Format = "table"
    """Of the report on standard output."""

    outputs: tuple[tuple[Path, Format], ...] = ()
    """Absolute; the files for reports."""

    why: str | None = None
    """Normalized name of a package: show what holds it and what requires it instead of a report; change nothing."""

    verbosity: int = 0
    """-1 quiet, 0 normal, 1 and more verbose."""

    color: bool | None = None
    """None decides by the terminal and NO_COLOR."""

    live: bool = True
    """True if a terminal gets a live display."""

    stats: bool = False
    cache: CacheOptions
    bytecode: Bytecode = "keep"
    keep: int = 1
    """The number of former transactions whose files are kept for ``--undo``."""

    lock_timeout: float = 0.0
    """Seconds to wait for another run on the same environment."""

    test: str | None = None
    """The user's command that decides whether to keep the update."""

    bisect: bool = False
    strict: bool = False
    """Hold what inspection warns about."""

    download_only: bool = False
    """Stop before the swap: the cache then has what the update needs, and nothing is changed."""

    to: Path | None = None
    """Absolute; the lock file (PEP 751) to install from."""

    allow_downgrade: bool = False
    """True if the lock file may lower installed versions."""

    lock_file: Path | None = None
    """Absolute; the lock file to write after the run (PEP 751)."""

    allow_source_change: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, that may come from another index than before."""

    policy: PolicyOptions = PolicyOptions()

    groups: tuple[str, ...] = ()
    """Dependency groups (PEP 735) that limit the run: ``[PATH:]NAME``."""

    write: tuple[Path, ...] = ()
    """Absolute; the files whose requirements follow the update."""

    write_lower_bounds: bool = False
    advisories: AdvisoryOptions = AdvisoryOptions()

    changes: frozenset[str] | None = None
    """Normalized names whose changes to show; empty for all, None for none."""

    @property
    def changing(self) -> bool:
        """True if the run may change the environment."""
        return not (self.dry_run or self.check)

    @property
    def wants_requirers(self) -> bool:
        """True if the report needs to know what requires what."""
        return self.why is not None or "html" in (self.format, *(format for _, format in self.outputs))
