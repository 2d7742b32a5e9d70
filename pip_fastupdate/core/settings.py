"""What pip's settings say, and the limits of what an index may send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseLimits:
    """Limits of an index response: beyond them, it is a failure."""

    body: int = 128 * 1024**2
    """Bytes as sent."""

    unpacked: int = 512 * 1024**2
    """Bytes once decompressed."""

    file: int = 16 * 1024**3
    """Bytes of a downloaded file."""

    links: int = 200_000
    """Links, or files, on one page."""

    seconds: float = 300.0
    """Total seconds, with redirects and retries; downloads of files may take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How indexes are reached."""

    jobs: int = 20
    """Concurrent requests."""

    rush: int = 0
    """Concurrent requests while many more are waiting; never fewer than ``jobs``."""

    @property
    def most(self) -> int:
        """Maximum number of concurrent requests: twice those of a rush, while the processor is idle."""
        return 2 * self.rush if self.rush > self.jobs else self.jobs

    timeout: float = 15.0
    """Seconds for connecting, and between two reads."""

    retries: int = 5
    limits: ResponseLimits = ResponseLimits()
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
    """Allow pre-releases of every project; else only if one is installed."""

    all_releases: frozenset[str] = frozenset()
    """Normalized names of projects whose pre-releases are allowed, too (pip's ``--all-releases``, since 26.0)."""

    only_final: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, without pre-releases even if one is installed (pip's ``--only-final``)."""

    no_binary: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, that pip builds from source."""

    only_binary: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, for which an sdist is never considered."""

    build: frozenset[str] = frozenset()
    """Normalized names, or ``:all:``, that may be built from source if no wheel is compatible."""

    prefer_binary: bool = False
    cooldown: str | None = None
    """Minimum age of files, as in pip's ``uploaded-prior-to`` setting: an age (``P3D``) or a time (ISO 8601)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """One requirement of a requirements file, as pip's parser reads it."""

    text: str
    """PEP 508, on one line; environment variables are expanded."""

    file: str
    """The path or URL as given, or as another file names it."""

    number: int
    """Of its first line, from 1."""

    hashed: bool = False
    """True if it has ``--hash`` options."""


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
    """Requirement lines (PEP 508) from the constraints files."""

    constraint_files: tuple[str, ...] = ()
    """The file of each of these lines: an absolute path, or a URL."""

    requirements: tuple[RequirementLine, ...] | None = None
    """Content of the requirements files, including nested ones; None without any."""

    require_virtualenv: bool = False
    break_system_packages: bool = False
    user: bool = False
    compile: bool = True
    keyring_provider: str = "auto"
    no_input: bool = False
