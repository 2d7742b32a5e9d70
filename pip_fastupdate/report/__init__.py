"""Render the result of a run: one pure module per format (``formats``), adapted to a stream (``View``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..core.cache_folder import CacheInfo
from ..core.entry import HistoryEntry
from ..core.models import Reason, Report, Row, Target
from ..core.options import Format
from ..core.text import fit, natural, wants_color
from .formats import renderer
from .view import View

if TYPE_CHECKING:
    from .given import Shown, Venv


def show(
    report: Report, stream: TextIO, *, format: Format = "table", verbosity: int = 0, color: bool | None = None
) -> None:
    """Write the report to ``stream``: colors and the terminal's width for a terminal, plain columns for a pipe.

    With ``color`` None, the stream and the environment variables decide. Writes nothing for an empty report.
    """
    write(renderer(format).render(report, view_of(stream, verbosity=verbosity, color=color)), stream)


def show_history(
    entries: Sequence[HistoryEntry], stream: TextIO, *, format: Format = "table", verbosity: int = 0
) -> None:
    """Write the transactions to ``stream`` in the given order."""
    write(renderer(format).history(entries, view_of(stream, verbosity=verbosity)), stream)


def show_stats(report: Report, stream: TextIO) -> None:
    """Write the figures of the run to ``stream``."""
    from .figures import stats_lines

    write("\n".join(stats_lines(report)), stream)


def show_cache(facts: CacheInfo, stream: TextIO, *, format: Format = "table") -> None:
    """Write what is in the cache to ``stream``."""
    write(renderer(format).cache(facts, view_of(stream)), stream)


def show_settings(shown: Sequence[Shown], stream: TextIO, *, format: Format = "table") -> None:
    """Write the settings in force to ``stream``."""
    write(renderer(format).settings(shown), stream)


def show_venvs(found: Sequence[Venv], stream: TextIO, *, format: Format = "table") -> None:
    """Write what became of several environments to ``stream``."""
    write(renderer(format).venvs(found), stream)


def view_of(stream: TextIO, *, verbosity: int = 0, color: bool | None = None) -> View:
    """Return the view for the stream; with ``color`` None, it and the environment variables decide."""
    width = terminal_width(stream)
    hues = width is not None and wants_color(stream, color)
    return View(verbosity=verbosity, width=width, color=hues, encoding=stream.encoding)


def write(text: str, stream: TextIO) -> None:
    """Write the text and a line end in the characters the stream has; write nothing for an empty text."""
    if text:
        stream.write(f"{fit(text, stream.encoding)}\n")
        stream.flush()


def terminal_width(stream: TextIO) -> int | None:
    """Return the terminal's columns; None for a pipe, a file or a terminal that cannot wrap."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    columns = natural(os.environ.get("COLUMNS", ""))
    if columns:
        return columns
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:  # a terminal without a size, or unknown to the system
        return 80


def preload(stream: TextIO, *, format: Format = "table") -> None:
    """Import all that ``show`` needs for ``stream``, before the swap may replace us or rich."""
    from . import figures  # noqa: F401

    narrow = None if terminal_width(stream) is None else 40  # a wrapped reason in color needs all of rich
    renderer(format).render(_SAMPLE, View(width=narrow, color=narrow is not None))


_SAMPLE = Report(
    target=Target(prefix=Path(), python="", pip="", executable=Path()),
    rows=(
        Row(
            name="a",
            installed="1",
            target="2",
            latest="3",
            action="upgrade",
            status="planned",
            reasons=(Reason(kind="required-by", text="b " * 40),),
        ),
    ),
    dry_run=True,
)
