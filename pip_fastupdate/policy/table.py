"""The filters, applied to every available file before the plan.

A new one is a file with the filter and its ``made``, and a word in the table here; its option is a field of
``core.options.PolicyOptions`` and an entry in ``arguments/policy.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core.protocols import Filter, Filters, OfferedFile
from . import age, index, level, vulnerable
from .making import Knowledge

if TYPE_CHECKING:
    from ..core.models import Reason
    from ..core.options import PolicyOptions


def filters_of(options: PolicyOptions, knowledge: Knowledge | None = None) -> Filters:
    """Return the filters for the options, in the order of the table."""
    made = (make(options, knowledge or Knowledge()) for make in _TABLE)
    found = tuple(each for each in made if each is not None)
    return tuple(_Explained(rule=each, options=options) for each in found) if options.whys else found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    """Another ``Filter``, with the user's comment on a project appended to its reasons."""

    rule: Filter
    options: PolicyOptions

    def held(self, file: OfferedFile) -> Reason | None:
        reason = self.rule.held(file)
        return reason and replace(reason, text=reason.text + self.options.why(file.name))


_TABLE: tuple[Callable[[PolicyOptions, Knowledge], Filter | None], ...] = (
    vulnerable.made,
    index.made,
    level.made,
    age.made,
)
"""The first filter that holds a file gives the reason."""
