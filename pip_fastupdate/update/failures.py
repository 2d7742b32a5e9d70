"""Kinds of failure that the story of a run tells apart."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.models import Failure, Reason

UNFIT = "requires-python"
"""Of a wheel that is for another Python."""

GONE = frozenset({"unreachable", "timeout"})
"""These say that the network is away rather than that a file is bad."""

BAD_FILE = frozenset({"hash", "size", "garbage", "changed"})
"""Of a download: these say that the file is bad, not the network."""

BUILD = "build"
"""Of an sdist that could not be made into a wheel."""

OFFLINE = "offline"
"""Of what is not in the cache, and must not be asked for."""

MISSING = frozenset({"not-found"})
"""These say no more than that the index does not know the project."""


def reasons_of(failures: Mapping[str, Failure]) -> dict[str, Reason]:
    """Failures as reasons to stay."""
    return {name: Reason(kind=each.kind, text=each.text) for name, each in failures.items()}
