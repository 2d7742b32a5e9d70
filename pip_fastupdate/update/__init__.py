"""The story of a run: guard, scan, look up, plan, fetch, stage, verify, swap, check, report."""

from .history import history, undo
from .story import run

__all__ = ["history", "run", "undo"]
