"""Swaps that happen as a whole or not at all, survive being killed at any instant, and can be undone.

::

    begin ──► preparing ──► prepared ──► swapping ──► swapped ──► committed ──► spent
      │           │             │            │           │  └───► forgotten (nothing is to be kept)
      └───────────┴─── removed ─┘            └─────┬─────┘
                                                reverted ──► removed

Up to *prepared* the live environment is untouched. Then everything is a list of renames, known to the disk before the
first of them; each tells by itself whether it was done. From *swapping* and *swapped* recovery goes back by undoing all
of them; *committed* (and what follows) is the new state. A commit keeps the old files, and an undo is a new transaction
that swaps these back in and keeps the new ones: so undoing the undo does it again. *spent* is listed, but its files are
gone.
"""

from __future__ import annotations

from .single import Replacement, Transaction
from .sites import Fingerprint, fingerprint
from .store import Transactions

__all__ = ["Fingerprint", "Replacement", "Transaction", "Transactions", "fingerprint"]
