"""What suits the stream that a report is written to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The same for every format, and each takes from it what means something to it."""

    verbosity: int = 0
    """-1 quiet, 0 as usual, 1 and more verbose."""

    width: int | None = None
    """Columns of the terminal; None for pipes and files, where nothing is wrapped or cropped."""

    color: bool = False
    encoding: str | None = "utf-8"
    """What the stream can write; None for every character."""


PLAIN = View()
"""For a pipe that takes every character."""
