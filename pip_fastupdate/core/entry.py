"""A line of the history, for ``--history`` and ``--undo``, which need only the standard library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One transaction of the history."""

    id: str
    when: str
    """ISO 8601, UTC, seconds."""

    kind: Literal["update", "undo"]
    changes: tuple[tuple[str, str | None, str | None], ...]
    """(name, version before, version after); None if it was, or is, not installed."""

    undoable: bool
    why_not: str | None = None
    """Set if not ``undoable``."""
