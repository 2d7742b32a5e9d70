"""What filters are made of: the user's options, and what else they have to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..core.protocols import Filter, OfferedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What filters have to know beside the user's options."""

    now: datetime | None = None
    """When the run began; None for the time at which the filters are made."""

    advised: Filter | None = None
    """The filter of the advisories that were read, if any were."""

    fixes: Callable[[OfferedFile], bool] = lambda _: False
    """Whether a file mends a known vulnerability of the installed version."""
