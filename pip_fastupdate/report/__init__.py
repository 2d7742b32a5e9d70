"""What a run has to tell, as text: one pure renderer a format, each imported when it is first used."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..entry import Entry
from ..models import Report, Target
from ..options import Format
from ..text import IMPORTING, fit, pairs, wants_color

if TYPE_CHECKING:
    from .figures import CacheFacts


def _table(report: Report) -> str:
    from . import table

    return table.render(report)


def _json(report: Report) -> str:
    from . import json_

    return json_.render(report)


def _markdown(report: Report) -> str:
    from . import markdown

    return markdown.render(report)


RENDERERS: Mapping[Format, Callable[[Report], str]] = {"table": _table, "json": _json, "markdown": _markdown}
"""The formats of ``--format``; the texts have no final line end."""


def show(
    report: Report, stream: TextIO, *, format: Format = "table", verbosity: int = 0, color: bool | None = None
) -> None:
    """Write the report to ``stream``, as suits it: a terminal's width and colours, a pipe's plain columns.

    ``color`` None asks the stream and the environment variables. Nothing is written where there is nothing to say.
    """
    if format == "table":
        from .table import render

        width = terminal_width(stream)
        hues = width is not None and wants_color(stream, color)
        text = render(report, verbosity=verbosity, width=width, color=hues, encoding=stream.encoding)
    else:
        text = RENDERERS[format](report)
    write(text, stream)


def show_history(entries: Sequence[Entry], stream: TextIO, *, format: Format = "table", verbosity: int = 0) -> None:
    """Write the transactions to ``stream`` in the given order."""
    from . import history

    if format == "json":
        text = history.as_json(entries)
    elif format == "markdown":
        text = history.as_markdown(entries, verbosity=verbosity)
    else:
        text = history.table(entries, verbosity=verbosity, encoding=stream.encoding)
    write(text, stream)


def show_stats(report: Report, stream: TextIO) -> None:
    """Write the figures of the run to ``stream``."""
    from .figures import stats_lines

    write("\n".join(stats_lines(report)), stream)


def show_cache(facts: CacheFacts, stream: TextIO, *, format: Format = "table") -> None:
    """Write what is in the cache to ``stream``."""
    from . import figures

    if format == "json":
        from . import json_

        text = json_.dumps(figures.cache_document(facts))
    elif format == "markdown":
        from . import markdown

        text = markdown.grid(("Cache", ""), list(figures.cache_facts(facts).items()))
    else:
        text = pairs(figures.cache_facts(facts))
    write(text, stream)


def write(text: str, stream: TextIO) -> None:
    """Write the text and a line end, in whatever characters the stream has; nothing at all for no text."""
    if text:
        stream.write(f"{fit(text, stream.encoding)}\n")
        stream.flush()


def terminal_width(stream: TextIO) -> int | None:
    """The columns of the terminal behind ``stream``; None for a pipe, a file or a terminal that cannot wrap."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:  # a terminal without a size, or none that the system knows as one
        return 80


def preload(stream: TextIO, *, format: Format = "table") -> None:
    """Import all that ``show`` needs for ``stream``, so that nothing is left to import once we or rich are replaced."""
    from . import figures  # noqa: F401
    from .rows import Line

    RENDERERS[format](_EMPTY)
    if format == "table" and terminal_width(stream) is not None:
        with IMPORTING:
            from .boxed import boxed
        line = Line(group="held", package="a", current="1 → 2", latest="3", status="held", why="b " * 40)
        boxed("abcd", [line], width=40, color=True, encoding="utf-8")


_EMPTY = Report(target=Target(prefix=Path(), python="", pip="", executable=Path()), rows=())
