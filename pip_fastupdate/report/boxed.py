"""The table for terminals: the only part of the report that imports rich."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.text import can_encode, fit
from .rows import Group, Line

_SYMBOLS: Mapping[Group, str] = {
    "upgraded": "↑",
    "added": "+",
    "held": "=",
    "skipped": "-",
    "failed": "✗",
    "current": " ",
}
_STYLES: Mapping[Group, str] = {
    "upgraded": "green",
    "added": "green",
    "held": "yellow",
    "skipped": "dim",
    "failed": "bold red",
    "current": "dim",
}
_NARROW = 60
"""Columns below which package names and versions may be broken in two."""


def boxed(header: Sequence[str], lines: Sequence[Line], *, width: int, color: bool, encoding: str | None) -> str:
    """A table ``width`` columns wide at most, long reasons wrapped; no final line end."""
    rule = can_encode("─", encoding)
    table = Table(box=box.SIMPLE_HEAD if rule else None, pad_edge=False, show_edge=False, header_style="bold")
    for title in header:
        table.add_column(title, no_wrap=title != header[-1] and width >= _NARROW, overflow="fold")
    for line, follower in zip(lines, [*lines[1:], None], strict=True):
        symbol = _SYMBOLS[line.group]
        cells = (line.package, line.current, line.latest, f"{symbol} {line.told}")
        texts = [Text(fit(cell, encoding)) for cell in cells]
        texts[-1].stylize(_STYLES[line.group], 0, len(fit(f"{symbol} {line.status}", encoding)))
        table.add_row(*texts, end_section=follower is not None and follower.group != line.group)
    return _text(table, width, color)


def _text(table: Table, width: int, color: bool) -> str:
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
    )
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
