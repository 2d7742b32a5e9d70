"""The report as a table: aligned columns for pipes and files, rich's table for terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..models import Report
from ..text import IMPORTING, fit
from .rows import Digest, Line, digest

HEADER = ("Package", "Current", "Latest", "Status")


def render(
    report: Report, *, verbosity: int = 0, width: int | None = None, color: bool = False, encoding: str | None = "utf-8"
) -> str:
    """The table and a sentence below it, without a final line end.

    When there was nothing to do, the sentence alone, and what calls for a decision.

    ``width`` is the terminal's, in columns; None is for pipes and files: nothing is wrapped, cropped or coloured.
    ``verbosity`` 1 lists also what is held though nothing was to do, and what is up to date, and says from where each
    new version comes; -1 lists only what failed.
    Characters that ``encoding`` lacks are replaced.
    """
    facts = digest(report)
    lines = _shown(facts, verbosity)
    parts = [_grid(lines, width, color, encoding)] if lines else []
    if verbosity >= 0:
        parts.append(fit(facts.summary(), encoding))
    return "\n\n".join(parts)


def _shown(facts: Digest, verbosity: int) -> tuple[Line, ...]:
    if verbosity > 0:
        return tuple(each.sourced for each in facts.lines)
    if verbosity < 0:
        return facts.group("failed")
    if facts.quiet:
        return tuple(each for each in facts.lines if each.warned_of)
    return tuple(each for each in facts.lines if each.group != "current" or each.behind or each.warned_of)


def _grid(lines: Sequence[Line], width: int | None, color: bool, encoding: str | None) -> str:
    if width is None:
        return columns(HEADER, [(each.package, each.current, each.latest, each.told) for each in lines], encoding)
    with IMPORTING:
        from .boxed import boxed  # rich: 60 ms and more to import
    return boxed(HEADER, lines, width=width, color=color, encoding=encoding)


def columns(header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str | None = "utf-8") -> str:
    """Rows below a header in aligned columns, however long the lines get; no final line end."""
    cells = [[fit(cell, encoding) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in cells
    )
