"""What can be chosen, and what a choice leads to: made by the run, shown to the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One package that the plan of everything updates, and that can be chosen alone. All text is safe to show."""

    name: str
    installed: str
    target: str
    """The version that the plan of everything brings."""

    level: str = "unknown"
    """``major``, ``minor``, ``patch``, ``calendar`` or ``unknown``."""

    size: int | None = None
    """Bytes to download."""

    uploaded: str = ""
    """The day of the upload, ISO 8601; "" where nobody tells."""

    fixes: tuple[str, ...] = ()
    """Ids of known vulnerabilities that it fixes."""

    summary: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """(label, URL)."""

    notes: tuple[str, ...] = ()
    """What else is to be known before it comes in."""


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
    """The requirement that makes it move; "" where nothing but the choice does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What the run would do with one choice."""

    moves: Mapping[str, Move] = field(default_factory=dict)
    """By name: what was chosen, and what has to move with it."""

    held: Mapping[str, str] = field(default_factory=dict)
    """By name: which newer version does not come in, and why."""
