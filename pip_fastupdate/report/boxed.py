"""The table for terminals, the only module of the report that imports rich."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.text import can_encode, environ_of_terminal, fit
from .rows import Group, Line

_SYMBOLS: Mapping[Group, str] = {
    "upgraded": "↑",
    "added": "+",
    "removed": "x",
    "held": "=",
    "skipped": "-",
    "failed": "✗",
    "current": " ",
}
_STYLES: Mapping[Group, str] = {
    "upgraded": "green",
    "added": "green",
    "removed": "yellow",
    "held": "yellow",
    "skipped": "dim",
    "failed": "bold red",
    "current": "dim",
}
_NARROW = 60
"""Below this many columns, package names and versions may wrap."""


_LEVELS: Mapping[str, str] = {"major": "bold red", "minor": "cyan", "patch": "green", "calendar": "blue"}
"""Styles of the changed part of a version; the Level column says the same without color."""


def boxed(
    header: Sequence[str],
    cells: Sequence[Sequence[str]],
    lines: Sequence[Line],
    *,
    width: int,
    color: bool,
    encoding: str | None,
) -> str:
    """Return a table at most ``width`` columns wide, long reasons wrapped; no final line end.

    ``cells`` are those of ``lines``, the status last.
    """
    rule = can_encode("─", encoding)
    table = Table(box=box.SIMPLE_HEAD if rule else None, pad_edge=False, show_edge=False, header_style="bold")
    for title in header:
        table.add_column(title, no_wrap=title != header[-1] and width >= _NARROW, overflow="fold")
    for line, row, follower in zip(lines, cells, [*lines[1:], None], strict=True):
        symbol = _SYMBOLS[line.group]
        texts = [Text(fit(cell, encoding)) for cell in (*row[:-1], f"{symbol} {row[-1]}")]
        for place in (1, 2):
            texts[place].stylize(_LEVELS.get(line.level, ""), *_changed(line, row[place]))
        texts[-1].stylize(_STYLES[line.group], 0, len(fit(f"{symbol} {line.status}", encoding)))
        table.add_row(*texts, end_section=follower is not None and follower.group != line.group)
    return _text(table, width, color)


def _changed(line: Line, cell: str) -> tuple[int, int]:
    """Return where the version at the end of a cell differs from the installed one; (0, 0) if it does not."""
    installed, _, target = line.current.partition(" → ")
    if not line.level or cell == installed or (target and cell == line.latest):
        return 0, 0
    version = cell.rpartition(" → ")[2]
    same = 0
    for one, other in zip(installed.split("."), version.split("."), strict=False):
        if one != other:
            break
        same += len(other) + 1
    return len(cell) - len(version) + min(same, len(version)), len(cell)


def _text(table: Table, width: int, color: bool) -> str:
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        _environ=environ_of_terminal(),
    )
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
