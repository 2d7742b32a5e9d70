"""The formats of ``--format``: what each has to offer, and the table of them.

A new one is a module with the functions of ``Renderer``, its word in ``options.Format`` and its line in ``renderer``:
mypy finds the line that is forgotten, and the function that is missing or differs. The word is the suffix of its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, Protocol

from ..core.entry import HistoryEntry
from ..core.models import CacheInfo, Report
from ..core.options import Format
from .view import PLAIN, View

if TYPE_CHECKING:
    from .given import Shown, Venv


class Renderer(Protocol):
    """What a module makes text of; pure, and without a final line end."""

    def render(self, report: Report, view: View = PLAIN) -> str:
        """What a run has to tell; "" where there is nothing to say."""

    def history(self, entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
        """The transactions, in the given order."""

    def cache(self, facts: CacheInfo, view: View = PLAIN) -> str:
        """What is in the cache."""

    def settings(self, shown: Sequence[Shown]) -> str:
        """The settings in force; "" where there is none."""

    def venvs(self, found: Sequence[Venv]) -> str:
        """What became of each environment of ``--all-venvs``, after the reports of these."""


def renderer(format: Format) -> Renderer:
    """The module of a format, imported when it is first used."""
    found: Renderer
    match format:
        case "table":
            from . import table

            found = table
        case "json":
            from . import json_

            found = json_
        case "markdown":
            from . import markdown

            found = markdown
        case "sarif":
            from . import sarif

            found = sarif
        case "html":
            from . import html

            found = html
        case "github":
            from . import workflow_commands

            found = workflow_commands
        case _:
            _unknown(format)
    return found


def _unknown(format: NoReturn) -> NoReturn:
    """What ``assert_never`` is since Python 3.11: for mypy, a format without a line above is an error."""
    raise AssertionError(format)
