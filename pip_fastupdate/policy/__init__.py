"""What may come in: each rule a ``Filter`` in a file of its own, applied to every file on offer before the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.protocols import Filter, Filters, OfferedFile

if TYPE_CHECKING:
    from datetime import datetime

    from ..core.options import PolicyOptions

__all__ = ["Knowledge", "filters_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What filters have to know beside the user's options."""

    now: datetime | None = None
    """When the run began; None for the time at which the filters are made."""

    advised: Filter | None = None
    """The filter of the advisories that were read, if any were."""

    fixes: Callable[[OfferedFile], bool] = lambda _: False
    """Whether a file mends a known vulnerability of the installed version."""


Maker = Callable[["PolicyOptions", Knowledge], Filter | None]


def filters_of(options: PolicyOptions, knowledge: Knowledge | None = None) -> Filters:
    """The filters that the options ask for, in the order of the table."""
    knowledge = knowledge or Knowledge()
    made = (make(options, knowledge) for make in _TABLE)
    return tuple(each for each in made if each is not None)


def _advisories(options: PolicyOptions, knowledge: Knowledge) -> Filter | None:
    return knowledge.advised


def _level(options: PolicyOptions, knowledge: Knowledge) -> Filter | None:
    if options.level is None and not options.levels:
        return None
    from .level import MaximumLevel

    return MaximumLevel(default=options.level, projects=dict(options.levels))


def _age(options: PolicyOptions, knowledge: Knowledge) -> Filter | None:
    if options.cooldown is None:
        return None
    from datetime import datetime, timezone

    from .age import Cooldown, parse

    limit = parse(options.cooldown)
    if limit is None:
        return None
    return Cooldown(
        limit=limit,
        now=knowledge.now or datetime.now(timezone.utc),
        exempt=options.cooldown_except,
        allow_unknown=options.cooldown_unknown == "allow",
        fixes=knowledge.fixes,
    )


_TABLE: Sequence[Maker] = (_advisories, _level, _age)
"""One line a filter; the first that holds a file gives the reason."""
