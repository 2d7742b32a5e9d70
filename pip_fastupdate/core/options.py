"""What the user asked for: our own options, and the settings of pip that the run stands on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Format = Literal["table", "json", "markdown", "sarif", "html", "github"]
Bytecode = Literal["keep", "compile", "no-compile"]
Level = Literal["patch", "minor", "major"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """How the disk cache is used."""

    directory: Path | None
    """Folder of the cache; None keeps nothing on disk (``--no-cache``)."""

    ttl: float = 24 * 3600.0
    """Seconds for which an answer of the index is believed without asking again."""

    refresh: bool = False
    """Ask again even within the TTL (conditionally where the index gives an ETag)."""

    offline: bool = False
    """Answer from the cache however old, never from the network."""

    limit: int = 2 * 1000**3
    """Bytes that the cache may hold on disk; least recently used entries go first."""

    url: str | None = None
    """A shared cache for the answers of the index: ``redis://…``."""

    wheels_url: str | None = None
    """Where wheels lie that many machines share: ``s3://…``, ``file://…``, ``https://…``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an index's answer may take at most: beyond it, that answer is a failure."""

    body: int = 128 * 1024**2
    """Bytes as sent."""

    unpacked: int = 512 * 1024**2
    """Bytes once decompressed."""

    file: int = 16 * 1024**3
    """Bytes of a file that is downloaded."""

    links: int = 200_000
    """Links, or files, on one page."""

    seconds: float = 300.0
    """Seconds in all, with redirects and retries; downloads of files may take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How indexes are reached."""

    jobs: int = 20
    """Concurrent requests."""

    rush: int = 0
    """Concurrent requests while many more are waiting; less than ``jobs`` is as many as these."""

    @property
    def most(self) -> int:
        """Concurrent requests at the very most: twice those of a rush, while the processor is idle meanwhile."""
        return 2 * self.rush if self.rush > self.jobs else self.jobs

    timeout: float = 15.0
    """Seconds for connecting, and between two reads."""

    retries: int = 5
    limits: Limits = Limits()
    proxy: str | None = None
    """URL of the proxy for every scheme; None leaves it to the environment variables."""

    verify: str | bool = True
    """A CA bundle's path, or whether certificates are verified."""

    client_cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    """``host`` or ``host:port`` whose certificate is not verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which files of a release may be chosen."""

    pre: bool = False
    """Pre-releases of every project; else only of those that have one installed."""

    all_releases: frozenset[str] = frozenset()
    """Normalized names of projects whose pre-releases count too (pip's ``--all-releases``, since 26.0)."""

    only_final: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, without pre-releases even if one is installed (pip's ``--only-final``)."""

    no_binary: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, that are built from source by pip."""

    only_binary: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, for which an sdist is never considered."""

    build: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, that may be built from source where no wheel fits."""

    prefer_binary: bool = False
    uploaded_before: str | None = None
    """How old files must be, as pip's setting ``uploaded-prior-to`` has it: an age (``P3D``) or a time (ISO 8601)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """One requirement of a requirements file, as pip's parser has it."""

    text: str
    """PEP 508, on one line; environment variables are filled in."""

    file: str
    """The path or URL as it was given, or as another file names it."""

    number: int
    """Of its first line, from 1."""

    hashed: bool = False
    """Whether it has ``--hash`` options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """pip's settings as its own parser reads them from options, environment and configuration files."""

    index_url: str | None
    """The simple index without credentials; None with ``--no-index``."""

    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    network: Network = Network()
    policy: Policy = Policy()
    constraints: tuple[str, ...] = ()
    """Requirement lines (PEP 508), read from the constraint files."""

    requirements: tuple[RequirementLine, ...] | None = None
    """What the requirements files say, nested ones included; None where none was given."""

    require_virtualenv: bool = False
    break_system_packages: bool = False
    user: bool = False
    compile: bool = True
    keyring_provider: str = "auto"
    no_input: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    """Which releases may come in: our own options."""

    cooldown: str | None = None
    """How old files must be, in any form that ``core.ages.parse`` knows; None for any age."""

    cooldown_except: tuple[str, ...] = ()
    """Normalized names, globs of them or URLs of indexes whose files may be of any age."""

    cooldown_unknown: Literal["hold", "allow"] = "hold"
    """What becomes of files whose index does not say when they were uploaded."""

    cooldowns: tuple[tuple[str, str], ...] = ()
    """The same as ``cooldown`` by normalized name."""

    level: Level | None = None
    """The biggest step that is allowed; None for any."""

    levels: tuple[tuple[str, Level | None], ...] = ()
    """The same by normalized name."""

    indexes: tuple[tuple[str, str], ...] = ()
    """By normalized name, the index that alone may provide it."""

    whys: tuple[tuple[str, str], ...] = ()
    """By normalized name, what the user wrote down about it: it goes with the reasons of its holds."""

    direct: bool = False
    """Move only what the user asked for by name, and others as far as they must."""

    prune: bool = False
    """Take away what earlier updates added and nothing requires any more."""

    @property
    def filters(self) -> bool:
        """Whether anything of it holds files: whatever is not about which packages move, or why."""
        plain = PolicyOptions(direct=self.direct, prune=self.prune, whys=self.whys)
        return self != plain

    def why(self, name: str) -> str:
        """What the user wrote down about a project, to follow a reason; "" for nothing."""
        return next((f" ({text})" for each, text in self.whys if each == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryOptions:
    """Which known vulnerabilities count, and what becomes of them."""

    audit: bool = False
    """Report those of what is installed."""

    security: Literal["smallest", "newest"] | None = None
    """Move only what fixes something, to the smallest version that is affected by nothing, or to the newest such."""

    service: str | None = None
    """The base URL of a service that speaks OSV's API; None for the public one."""

    local: Path | None = None
    """A folder or zip archive of records instead of a service."""

    ignore: tuple[str, ...] = ()
    """Ids or aliases that do not count."""

    ignore_until_fixed: tuple[str, ...] = ()
    """The same, as long as no fix is known."""

    @property
    def wanted(self) -> bool:
        """Whether advisories are to be read at all."""
        return self.audit or self.security is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Our own command line, parsed."""

    names: tuple[str, ...] = ()
    """Normalized names to update; empty for all."""

    exclude: tuple[str, ...] = ()
    """Normalized names or globs to leave alone."""

    dry_run: bool = False
    check: bool = False
    interactive: bool = False
    """Have the user choose what of the plan comes in."""

    format: Format = "table"
    """Of the report on standard output."""

    outputs: tuple[tuple[Path, Format], ...] = ()
    """Absolute; the files that get a report, too."""

    why: str | None = None
    """Normalized name of a package: show what holds it and who requires it instead of a report; change nothing."""

    verbosity: int = 0
    """-1 quiet, 0 as usual, 1 and more verbose."""

    color: bool | None = None
    """None decides by the terminal and NO_COLOR."""

    live: bool = True
    """Whether a terminal gets a live display."""

    stats: bool = False
    cache: CacheOptions
    bytecode: Bytecode = "keep"
    keep: int = 1
    """Former transactions whose files are kept for ``--undo``."""

    lock_timeout: float = 0.0
    """Seconds to wait for another run on the same environment."""

    test: str | None = None
    """The user's command that decides whether the update is kept."""

    bisect: bool = False
    strict: bool = False
    """Hold what inspection warns about."""

    download_only: bool = False
    """Stop before the swap: what the update needs is in the cache then, and nothing is changed."""

    to: Path | None = None
    """Absolute; the lock file (PEP 751) that the environment is to be brought to."""

    allow_downgrade: bool = False
    """Whether the lock may bring older versions than what is installed."""

    lock_file: Path | None = None
    """Absolute; where to write what is installed after the run (PEP 751)."""

    allow_source_change: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, that may come from another index than before."""

    policy: PolicyOptions = PolicyOptions()

    groups: tuple[str, ...] = ()
    """Dependency groups (PEP 735) that bound the run: ``[PATH:]NAME``."""

    write: tuple[Path, ...] = ()
    """Absolute; the files whose requirements follow the update."""

    write_lower_bounds: bool = False
    advisories: AdvisoryOptions = AdvisoryOptions()

    changes: frozenset[str] | None = None
    """Normalized names of which to tell what their new versions change; empty for all, None for nothing."""

    @property
    def wants_requirers(self) -> bool:
        """Whether the report has to know who requires whom."""
        return self.why is not None or "html" in (self.format, *(format for _, format in self.outputs))
