"""The updates to choose from, and the effect of a choice: made by the run, shown to the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One package in the full plan that can be chosen alone. All text is safe to show."""

    name: str
    installed: str
    target: str
    """The version in the full plan."""

    level: str = "unknown"
    """``major``, ``minor``, ``patch``, ``calendar`` or ``unknown``."""

    size: int | None = None
    """Bytes to download."""

    uploaded: str = ""
    """The day of the upload, ISO 8601; "" if unknown."""

    fixes: tuple[str, ...] = ()
    """Ids of known vulnerabilities that it fixes."""

    summary: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """(label, URL)."""

    notes: tuple[str, ...] = ()
    """Further remarks before it is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of a plan."""

    name: str
    installed: str | None
    """None for an addition."""

    target: str | None
    """None for a removal."""

    size: int | None = None
    because: str = ""
    """The requirement that causes it; "" if only the choice does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What the run would do for one choice."""

    moves: Mapping[str, Move] = field(default_factory=dict)
    """By name: what was chosen, and what must change with it."""

    held: Mapping[str, str] = field(default_factory=dict)
    """By name: the newer version that is held, and why."""
