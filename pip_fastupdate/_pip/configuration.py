"""pip's settings, resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """pip's settings, resolved."""

    settings: Settings
    default_index: str
    """The simple index that pip uses by default."""

    cache_directory: Path | None
    """Our directory in pip's cache; None if pip must not or cannot cache."""

    system_certificates: bool
    """True if the operating system's certificates are trusted as well, as in pip since 24.2."""

    warnings: tuple[str, ...] = ()
    """Messages for display."""

    update: tuple[tuple[str, str, str], ...] = ()
    """Our own settings in pip's configuration files, lowest priority first: key, text, file."""

    arguments: tuple[str, ...] = ()
    """The options of pip from the command line."""

    secret_urls: tuple[str, ...] = field(default=(), repr=False)
    """The indexes and find-links whose URLs contain credentials, as given."""
