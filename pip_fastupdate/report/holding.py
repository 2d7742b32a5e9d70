"""Who holds whom: the names behind the reasons of a report, for ``--why`` and the page."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.models import Reason, Row
from ..core.names import NAME, normalize


def holder(row: Row, reason: Reason, rows: Mapping[str, Row]) -> str | None:
    """The name in the report of who stands in the way by this reason; None where it is nobody in the report.

    That is whoever has the requirement, or what the package itself requires and cannot have.
    """
    by = reason.data.get("by")
    if by is None:
        return None
    if by == row.name:
        found = NAME.match(reason.data.get("requirement", ""))
        by = normalize(found[0]) if found else by
    return by if by in rows and by != row.name else None


def holders(row: Row, rows: Mapping[str, Row]) -> tuple[str, ...]:
    """All of them, each once."""
    found = (holder(row, each, rows) for each in row.reasons)
    return tuple(dict.fromkeys(each for each in found if each is not None))
