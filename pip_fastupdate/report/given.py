"""Input of renderers other than a report, a history and the facts about the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Shown = tuple[str, "bool | str | Sequence[str]", str]
"""Key, value and source of a setting."""


class Venv(NamedTuple):
    """An environment of ``--all-venvs``, and its result."""

    path: str
    result: str
    fields: Mapping[str, Any]
    """The same for programs."""
