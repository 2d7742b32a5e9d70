"""How far the run is, on standard error: lines for logs, a live display for terminals, or nothing but measuring.

Credentials in URLs and control characters never get there.
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
    """The display that suits ``stream``: live on a terminal that can do it, unless quiet or not wanted; else plain.

    ``color`` None asks the terminal and NO_COLOR; ``started`` is when the run began, by ``time.perf_counter``.
    """
    environ = os.environ if environ is None else environ
    hues = wants_color(stream, color, environ)
    if live and verbosity >= 0 and stream.isatty() and environ.get("TERM") != "dumb":
        from .live import Live

        return Live(stream, verbosity=verbosity, color=hues, started=started)
    return Plain(stream, verbosity=verbosity, color=hues, started=started)
