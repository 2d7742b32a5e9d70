"""Properties of the stream that a report is written to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The view for all formats; each uses what applies to it."""

    verbosity: int = 0
    """-1 quiet, 0 normal, 1 and more verbose."""

    width: int | None = None
    """Columns of the terminal; None for pipes and files, where nothing is wrapped or cropped."""

    color: bool = False
    encoding: str | None = "utf-8"
    """The encoding of the stream; None if it has every character."""


PLAIN = View()
"""A pipe that takes every character."""
