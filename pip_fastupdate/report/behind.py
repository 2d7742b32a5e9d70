"""Count the packages behind their newest release, by reason, the most frequent first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..core.models import Reason, Row
from ..core.reasons import ASIDE, PASSED_OVER, WARNINGS, WORDS, ReasonKind


def cause(row: Row) -> Reason | None:
    """Return why a distribution stays behind a newer release; None if it does not.

    Held ones do, those that stop short of the newest, and current ones whose newer releases are excluded.
    """
    if row.action == "skip" or row.status == "failed":
        return None
    passed = [each for each in row.reasons if _passes_over(each)]
    if row.action == "hold":
        return _first(row)
    if None not in (row.target, row.latest) and row.target != row.latest:
        return _first(row)
    return next(iter(passed), None)


def _first(row: Row) -> Reason:
    """Return the first reason that may explain why it stays."""
    causes = [each for each in row.reasons if each.kind not in ASIDE]
    return next(iter(causes or row.reasons), Reason(kind="held", text="held"))


def is_warned_of(row: Row) -> bool:
    """Return whether the installed version calls for a decision: yanked, deleted, archived, vulnerable …"""
    if row.action in {"upgrade", "downgrade", "add"}:
        return False
    return any(
        each.kind in WARNINGS and each.data.get("version", row.installed) == row.installed for each in row.reasons
    )


def _passes_over(reason: Reason) -> bool:
    """Return whether a reason excludes a release (``version``) newer than the best available one."""
    return "version" in reason.data and reason.kind in PASSED_OVER


def counted(kinds: Iterable[ReasonKind]) -> dict[ReasonKind, int]:
    """Return how often each kind occurs, the most frequent first, then by name."""
    return dict(sorted(Counter(kinds).items(), key=lambda item: (-item[1], item[0])))


def in_words(counts: Mapping[ReasonKind, int]) -> str:
    """Return the counts in words: ``2 limited by a requirement of another package, 1 too recent``."""
    return ", ".join(f"{count} {WORDS.get(kind, kind.replace('-', ' '))}" for kind, count in counts.items())


def skipped(rows: Sequence[Row]) -> dict[ReasonKind, int]:
    """Return why distributions were not looked up."""
    return counted(_first(row).kind for row in rows if row.action == "skip")


def behind(rows: Sequence[Row]) -> dict[ReasonKind, int]:
    """Return why distributions are behind."""
    found = (cause(row) for row in rows)
    return counted(each.kind for each in found if each is not None)
