"""The output formats and the functions each must have.

A new format is a module with the functions of ``Renderer``, a word in ``options.Format`` and a line in ``renderer``:
mypy reports a forgotten line, and a function that is missing or differs. The word is the suffix of its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, Protocol

from ..core.cache_folder import CacheInfo
from ..core.entry import HistoryEntry
from ..core.models import Report
from ..core.options import Format
from .view import PLAIN, View

if TYPE_CHECKING:
    from .given import Shown, Venv


class Renderer(Protocol):
    """The functions of a format; pure, and without a final line end."""

    def render(self, report: Report, view: View = PLAIN) -> str:
        """Render the result of a run; "" for an empty report."""

    def history(self, entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
        """Render the transactions in the given order."""

    def cache(self, facts: CacheInfo, view: View = PLAIN) -> str:
        """Render the facts about the cache."""

    def settings(self, shown: Sequence[Shown]) -> str:
        """Render the settings in force; "" without any."""

    def venvs(self, found: Sequence[Venv]) -> str:
        """Render the result of each environment of ``--all-venvs``, after their own reports."""


def renderer(format: Format) -> Renderer:
    """Return the module of a format, imported on first use."""
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
    """``assert_never`` of Python 3.11: mypy reports a format without a line above."""
    raise AssertionError(format)
