"""The report as a table: aligned columns for pipes and files, rich's table for terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..core.cache_folder import CacheInfo
from ..core.entry import HistoryEntry
from ..core.models import Report
from ..core.text import IMPORTING, clean, fit, pairs, redact
from .rows import Line, Summary, cells, summarize
from .view import PLAIN, View

if TYPE_CHECKING:
    from .given import Shown, Venv


def render(report: Report, view: View = PLAIN) -> str:
    """Return the table and a sentence under it, without a final line end.

    If there was nothing to do, that is the sentence and what calls for a decision.

    Verbosity 1 also lists what is held or up to date, and the index of each new version; -1 lists only failures.
    Characters that the encoding lacks are replaced.
    """
    facts = summarize(report)
    lines = _shown(facts, view.verbosity)
    parts = [_grid(lines, view)] if lines else []
    if report.dry_run:
        parts += [
            "\n".join(fit(clean(line), view.encoding) for line in each.diff.splitlines()) for each in report.files
        ]
    if any(row.changes for row in report.rows):
        from .changes import blocks

        parts += [fit(each, view.encoding) for each in blocks(report, view)]
    if view.verbosity >= 0:
        parts.append(fit(facts.summary(), view.encoding))
    return "\n\n".join(filter(None, parts))


def history(entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
    """Render one line per transaction; verbosity 1 names all of its changes."""
    from .history import HEADER
    from .history import cells as history_cells

    if not entries:
        return "No transactions"
    return columns(HEADER, [history_cells(entry, view.verbosity) for entry in entries], view.encoding)


def cache(facts: CacheInfo, view: View = PLAIN) -> str:
    """Render one line per fact."""
    from .figures import cache_facts

    return pairs(cache_facts(facts))


def settings(shown: Sequence[Shown]) -> str:
    """Render one line per setting."""
    from .settings import lines

    return lines(shown)


def venvs(found: Sequence[Venv]) -> str:
    """Render one line per environment."""
    return columns(("Environment", "Result"), [(clean(each.path), clean(redact(each.result))) for each in found])


def _shown(facts: Summary, verbosity: int) -> tuple[Line, ...]:
    if verbosity > 0:
        return tuple(each.sourced for each in facts.lines)
    if verbosity < 0:
        return facts.group("failed")
    if facts.quiet:
        return tuple(each for each in facts.lines if each.warned_of)
    return tuple(each for each in facts.lines if each.group != "current" or each.behind or each.warned_of)


def _grid(lines: Sequence[Line], view: View) -> str:
    header, table = cells(lines)
    if view.width is None:
        return columns(header, table, view.encoding)
    with IMPORTING:
        from .boxed import boxed  # rich: 60 ms and more to import
    return boxed(header, table, lines, width=view.width, color=view.color, encoding=view.encoding)


def columns(header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str | None = "utf-8") -> str:
    """Return rows under a header in aligned columns, however long the lines get; no final line end."""
    cells = [[fit(cell, encoding) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in cells
    )
