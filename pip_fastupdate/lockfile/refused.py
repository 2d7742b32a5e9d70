"""Why there is no lock file."""

from __future__ import annotations

from ..core.errors import PipUpdateError


class LockRefused(PipUpdateError):
    """Something installed cannot be locked, or the file cannot be written."""


class Unlockable(Exception):
    """One distribution that cannot be locked, with a phrase about why."""
