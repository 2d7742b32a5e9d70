"""The newest consistent set of versions: a world in, an assignment out."""

from .search import Solution, Wishes, best_assignment

__all__ = ["Solution", "Wishes", "best_assignment"]
