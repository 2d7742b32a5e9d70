"""Who is behind its newest release after a run, and why: counted, the most frequent reason first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..core.models import Reason, Row

PASSED_OVER = frozenset(
    {
        "requires-python",
        "no-wheel",
        "cooldown",
        "cooldown-unknown",
        "other-index",
        "level",
        "vulnerable-release",
        "malware",
        "constraint",
        "source-change",
    }
)
"""Kinds of reasons that rule out a newer release. Nobody is behind one that was yanked, or a pre-release."""

WARNINGS = frozenset(
    {
        "yanked",
        "installed-yanked",
        "deleted",
        "removed",
        "archived",
        "deprecated",
        "quarantined",
        "vulnerable",
        "malware-installed",
    }
)
"""Kinds of reasons that are about the installed version or its project, and not to be overlooked."""

_ASIDE = WARNINGS | {"installed-recently", "fixes"}
"""Kinds that are never why a distribution stays."""

_WORDS: Mapping[str, str] = {
    "required-by": "limited by what another package requires",
    "requires": "in need of a package that cannot move",
    "requires-missing": "in need of a package that cannot be had",
    "indirect": "in conflict with other packages",
    "metadata": "with requirements that cannot be read",
    "budget": "given up by the search",
    "source-change": "newer on another index only",
    "constraint": "limited by a constraint",
    "fails-test": "failing the test",
    "strict": "refused by --strict",
    "requires-python": "in need of another Python",
    "no-wheel": "without a wheel for this system",
    "cooldown": "too recent",
    "cooldown-unknown": "of unknown age",
    "other-index": "on another index",
    "level": "too big a step",
    "vulnerable-release": "with known vulnerabilities",
    "malware": "known as malware",
    "editable": "editable",
    "direct-url": "installed from a URL",
    "other-installer": "of another package manager",
    "outside": "outside this environment",
    "excluded": "excluded",
    "no-record": "without a RECORD",
    "egg": "installed by setup.py",
    "distutils": "installed by distutils",
    "not-found": "not on the index",
    "offline": "not in the cache",
    "bad-metadata": "with metadata that cannot be read",
}


def cause(row: Row) -> Reason | None:
    """Why a distribution stays behind a newer release; None for one that does not.

    Held ones do, those that stop short of the newest, and current ones whose newer releases are ruled out.
    """
    if row.action == "skip" or row.status == "failed":
        return None
    passed = [each for each in row.reasons if _passes_over(each)]
    if row.action == "hold":
        causes = [each for each in row.reasons if each.kind not in _ASIDE]
        return next(iter(causes or row.reasons), Reason(kind="held", text="held"))
    if None not in (row.target, row.latest) and row.target != row.latest:
        return next(iter(row.reasons), Reason(kind="held", text="held"))
    return next(iter(passed), None)


def is_warned_of(row: Row) -> bool:
    """Whether what is installed and stays calls for a decision: yanked, deleted, archived, vulnerable …"""
    if row.action in {"upgrade", "downgrade", "add"}:
        return False
    return any(
        each.kind in WARNINGS and each.data.get("version", row.installed) == row.installed for each in row.reasons
    )


def _passes_over(reason: Reason) -> bool:
    """Whether a reason rules out a release (``version``) that is newer than what can be had."""
    return "version" in reason.data and reason.kind in PASSED_OVER


def counted(kinds: Iterable[str]) -> dict[str, int]:
    """How often each kind comes, the most frequent first, then by name."""
    return dict(sorted(Counter(kinds).items(), key=lambda item: (-item[1], item[0])))


def in_words(counts: Mapping[str, int]) -> str:
    """``2 limited by what another package requires, 1 too recent``."""
    return ", ".join(f"{count} {_WORDS.get(kind, kind.replace('-', ' '))}" for kind, count in counts.items())


def skipped(rows: Sequence[Row]) -> dict[str, int]:
    """Why distributions were not looked at."""
    return counted(row.reasons[0].kind if row.reasons else "skipped" for row in rows if row.action == "skip")


def behind(rows: Sequence[Row]) -> dict[str, int]:
    """Why distributions are behind."""
    found = (cause(row) for row in rows)
    return counted(each.kind for each in found if each is not None)
