"""Input of the filters: the user's options and other knowledge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..core.protocols import Filter, OfferedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What filters need in addition to the user's options."""

    now: datetime | None = None
    """When the run began; None for the time at which the filters are made."""

    advised: Filter | None = None
    """The filter of the advisories, if they were read."""

    fixes: Callable[[OfferedFile], bool] = lambda _: False
    """Returns whether a file fixes a known vulnerability of the installed version."""
