"""Who requires whom after the run: for those who ask why something is there, or held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.models import Row
from .report_rows import Outcome


def with_requirers(rows: Sequence[Row], outcome: Outcome) -> tuple[Row, ...]:
    """The rows, each with who requires it, by name."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for parent, dependency in outcome.pool.requirements(outcome.assignment):
        if parent.name != dependency.name:  # an extra of itself
            found.setdefault(dependency.name, {})[parent.name, dependency.text] = None
    return tuple(replace(row, required_by=tuple(sorted(found.get(row.name, ())))) for row in rows)
