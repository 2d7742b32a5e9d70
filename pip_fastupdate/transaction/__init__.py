"""Swaps that are all or nothing, survive being killed at any instant, and can be undone.

::

    begin ──► preparing ──► prepared ──► swapping ──► swapped ──► committed ──► spent
                  ▲             │            │           │  └───► forgotten
                  │             ▼            └─────┬─────┘
                  │          removed ◄───────── reverted
                  └───────────── another try ──────┘

Up to *prepared* the live environment is unchanged. By then everything is a list of renames, on disk before the first of
them; whether each was done can be seen, so undoing all of them from the last to the first is right after any
interruption, including one of an undo. From *swapping* and *swapped* recovery rolls back; *committed* and later is the
new state. A commit keeps the old files, and an undo is a new transaction that swaps these in again and keeps the new
ones: so undoing the undo redoes it. *spent* is listed, but its files are gone; *forgotten* is not even listed, if
nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fingerprint import Fingerprint, fingerprint
from .transactions import Transactions

if TYPE_CHECKING:
    from .transaction import Replacement, Transaction

__all__ = ["Fingerprint", "Replacement", "Transaction", "Transactions", "fingerprint"]


def __getattr__(name: str) -> Any:
    """Import what only a run with changes needs (PEP 562)."""
    if name not in ("Replacement", "Transaction"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import transaction

    return getattr(transaction, name)
