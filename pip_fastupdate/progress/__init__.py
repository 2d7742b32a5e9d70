"""Progress on standard error: lines for logs, a live display for terminals, or only measurement.

Credentials in URLs and control characters are removed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from ..core.text import wants_color
from .plain import Plain, Silent

__all__ = ["Plain", "Silent", "make"]


def make(
    stream: TextIO,
    *,
    verbosity: int = 0,
    live: bool = True,
    color: bool | None = None,
    environ: Mapping[str, str] | None = None,
    started: float | None = None,
) -> Plain:
    """Return the display for ``stream``: live on a capable terminal unless quiet or disabled, else plain lines.

    With ``color`` None, the terminal and NO_COLOR decide; ``started`` is when the run began, by ``time.perf_counter``.
    """
    environ = os.environ if environ is None else environ
    hues = wants_color(stream, color, environ)
    if live and verbosity >= 0 and stream.isatty() and environ.get("TERM") != "dumb":
        from .live import Live

        return Live(stream, verbosity=verbosity, color=hues, started=started)
    return Plain(stream, verbosity=verbosity, color=hues, started=started)
