"""Swaps that happen as a whole or not at all, survive being killed at any instant, and can be undone.

::

    begin ──► preparing ──► prepared ──► swapping ──► swapped ──► committed ──► spent
                  ▲             │            │           │  └───► forgotten
                  │             ▼            └─────┬─────┘
                  │          removed ◄───────── reverted
                  └───────────── another try ──────┘

Up to *prepared* the live environment is untouched. Then everything is a list of renames, known to the disk before the
first of them; each tells by itself whether it was done, so that undoing all of them from the last to the first is right
after any interruption, that of an undoing too. From *swapping* and *swapped* recovery goes back; *committed* and what
follows is the new state. A commit keeps the old files, and an undo is a new transaction that swaps these back in and
keeps the new ones: so undoing the undo does it again. *spent* is listed, but its files are gone; *forgotten* is not
even listed, where nothing is to be kept.
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
