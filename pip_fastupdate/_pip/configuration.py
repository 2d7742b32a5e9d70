"""What pip's settings amount to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..core.options import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What pip's settings amount to."""

    settings: Settings
    default_index: str
    """The simple index that pip uses unless told otherwise."""

    cache_directory: Path | None
    """Our folder in pip's cache; None where pip is told to keep no cache, or cannot."""

    system_certificates: bool
    """Whether the operating system's certificates count as well, as for pip since 24.2."""

    warnings: tuple[str, ...] = ()
    """Sentences for people."""

    update: tuple[tuple[str, str, str], ...] = ()
    """Our own settings in pip's configuration files, lowest first: key, text, file."""

    arguments: tuple[str, ...] = ()
    """The options of pip that were given on the command line."""

    secret_urls: tuple[str, ...] = field(default=(), repr=False)
    """The indexes and find-links whose URLs have credentials in them, as they were given."""
