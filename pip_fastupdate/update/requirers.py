"""Which package requires which after the run, to explain why something is installed or held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.models import Row
from .report_rows import Outcome


def with_requirers(rows: Sequence[Row], outcome: Outcome) -> tuple[Row, ...]:
    """Return the rows with their requirers, by name."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for parent, dependency in outcome.pool.requirements(outcome.assignment):
        if parent.name != dependency.name:  # its own extra
            found.setdefault(dependency.name, {})[parent.name, dependency.text] = None
    return tuple(replace(row, required_by=tuple(sorted(found.get(row.name, ())))) for row in rows)
