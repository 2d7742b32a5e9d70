"""Which package holds which, from the reasons of a report; for ``--why`` and the HTML page."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.models import Reason, Row
from ..core.names import NAME, normalize


def holder(row: Row, reason: Reason, rows: Mapping[str, Row]) -> str | None:
    """Return the package that causes this reason; None if it is not in the report.

    That is the package with the requirement, or a requirement of the package itself that is not available.
    """
    by = reason.data.get("by")
    if by is None:
        return None
    if by == row.name:
        found = NAME.match(reason.data.get("requirement", ""))
        by = normalize(found[0]) if found else by
    return by if by in rows and by != row.name else None


def holders(row: Row, rows: Mapping[str, Row]) -> tuple[str, ...]:
    """Return all packages that hold it, each once."""
    found = (holder(row, each, rows) for each in row.reasons)
    return tuple(dict.fromkeys(each for each in found if each is not None))
