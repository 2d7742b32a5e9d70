"""The filters, applied to every file on offer before the plan.

A new one is a file with the filter and its ``made``, and a word in the table here; what it asks of the user is a field
of ``core.options.PolicyOptions`` and an option in ``arguments/policy.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.protocols import Filter, Filters
from . import age, level, vulnerable
from .making import Knowledge

if TYPE_CHECKING:
    from ..core.options import PolicyOptions


def filters_of(options: PolicyOptions, knowledge: Knowledge | None = None) -> Filters:
    """The filters that the options ask for, in the order of the table."""
    made = (make(options, knowledge or Knowledge()) for make in _TABLE)
    return tuple(each for each in made if each is not None)


_TABLE: tuple[Callable[[PolicyOptions, Knowledge], Filter | None], ...] = (vulnerable.made, level.made, age.made)
"""The first that holds a file gives the reason."""
