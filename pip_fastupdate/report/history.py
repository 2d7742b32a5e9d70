"""The transactions for ``--history``, as all formats need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..core.entry import HistoryEntry
from ..core.text import clean

HEADER = ("ID", "Date", "Kind", "Can undo", "Changes")
_NAMED = 3
"""Maximum number of changes listed per transaction in a table; all with verbosity 1."""

Change = tuple[str, str | None, str | None]


def document(entry: HistoryEntry) -> Mapping[str, object]:
    """Return ``{"id", "when", "kind", "undoable", "why_not", "changes": [{"name", "before", "after"}]}``."""
    return {
        "id": entry.id,
        "when": entry.when,
        "kind": entry.kind,
        "undoable": entry.undoable,
        "why_not": entry.why_not,
        "changes": [{"name": name, "before": before, "after": after} for name, before, after in entry.changes],
    }


def cells(entry: HistoryEntry, verbosity: int = 0) -> tuple[str, ...]:
    """Return the cells of one transaction under ``HEADER``."""
    undo = "yes" if entry.undoable else f"no: {entry.why_not}" if entry.why_not else "no"
    return clean(entry.id), clean(entry.when), clean(entry.kind), clean(undo), _changes(entry.changes, verbosity)


def _changes(changes: Sequence[Change], verbosity: int) -> str:
    counts = Counter(map(_verb, changes))
    total = ", ".join(f"{count} {verb}" for verb, count in counts.items()) or "none"
    named = changes if verbosity > 0 else changes[:_NAMED]
    words = [f"{name} {before or '-'} → {after or '-'}" for name, before, after in named]
    if len(named) < len(changes):
        words.append("…")
    return clean(f"{total}: {', '.join(words)}" if words else total)


def _verb(change: Change) -> str:
    _, before, after = change
    return "added" if before is None else "removed" if after is None else "changed"
