"""The story of a run: guard, scan, look up, plan, fetch, stage, verify, swap, check, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import run

__all__ = ["run"]


def __getattr__(name: str) -> Any:
    """What a run imports, and `history` and its undo do without (PEP 562): it may be what is broken."""
    if name != "run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .run import run

    return run
