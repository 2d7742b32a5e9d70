"""What a report says, independent of its format: each distribution with its group and texts, and the counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..core.models import Failure, Reason, Report, Row
from ..core.reasons import ReasonKind
from ..core.text import clean, duration, plural, redact, size
from .behind import behind, cause, in_words, is_warned_of, skipped

Group = Literal["upgraded", "added", "removed", "held", "skipped", "failed", "current"]

Answer = Literal["updates", "failed", "behind", "up-to-date"]
"""updates: something changes or would; failed: nothing does because of a failure; behind: newer releases, none
possible.
"""

GROUPS: tuple[Group, ...] = ("upgraded", "added", "removed", "held", "skipped", "failed", "current")
"""Groups in display order."""

_WOULD: Mapping[Group, str] = {
    "upgraded": "would upgrade",
    "added": "would add",
    "removed": "would remove",
    "current": "up to date",
}
_DONE: Mapping[Group, str] = {"current": "up to date"}
_ACTIONS: Mapping[str, Group] = {
    "upgrade": "upgraded",
    "downgrade": "upgraded",
    "add": "added",
    "remove": "removed",
    "skip": "skipped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One distribution, or one failure of no distribution, as single-line texts."""

    group: Group
    package: str
    current: str
    """The version before the run, or ``1.2 → 1.4`` if the run stops short of ``latest``; ``-`` for none."""

    latest: str
    status: str
    """``upgraded``, ``would upgrade, held back``, ``held`` …"""

    why: str
    """The reasons, joined; "" if there is nothing to explain."""

    behind: bool = False
    """True if there is a newer release than the one installed after the run."""

    warned_of: bool = False
    """True if the installed version calls for a decision."""

    level: str = ""
    """The size of the step; "" if there is none."""

    direct: str = ""
    """``yes`` or ``no``: whether the user asked for it by name; "" if unknown."""

    source: str = ""
    """The index of the new version; "" if there is none."""

    @property
    def sourced(self) -> Line:
        """Return the line with its source in the status: ``upgraded, from https://…``."""
        return replace(self, status=f"{self.status}, from {self.source}") if self.source else self

    @property
    def text(self) -> str:
        """Status and reasons: ``held: numba 0.59.1 requires numpy<1.27``."""
        return f"{self.status}: {self.why}" if self.why else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The report in groups."""

    lines: tuple[Line, ...]
    """Group by group, by name within each."""

    distributions: int
    """The number of distributions installed before the run."""

    seconds: float
    """Wall time, without the user's time to choose."""

    dry_run: bool
    behind: Mapping[ReasonKind, int]
    """The number of packages behind after the run, by kind of reason, the most frequent first."""

    skipped: Mapping[ReasonKind, int]
    """The number of packages not looked up, likewise."""

    download: int = 0
    """Bytes of all new files."""

    growth: int | None = None
    """Bytes by which the environment grew; None if unknown."""

    def group(self, name: Group) -> tuple[Line, ...]:
        """Return the lines of one group."""
        return tuple(each for each in self.lines if each.group == name)

    def count(self, name: Group) -> int:
        """Return the number of lines in one group."""
        return sum(each.group == name for each in self.lines)

    @property
    def quiet(self) -> bool:
        """True if nothing changed, or would change, and nothing failed."""
        return all(each.group in {"held", "skipped", "current"} for each in self.lines)

    def summary(self) -> str:
        """Return the run in one sentence, with counts and seconds."""
        if self.quiet:
            return self._nothing_to_do()
        left = ", ".join(f"{name} {self.count(name)}" for name in GROUPS[3:6])
        upgraded, added = self.count("upgraded"), self.count("added")
        words = f"Would upgrade {upgraded}, add {added}" if self.dry_run else f"Upgraded {upgraded}, added {added}"
        lowered = sum("downgrade" in each.status for each in self.lines)
        words += f" (older: {lowered})" if lowered else ""
        gone = self.count("removed")
        words += f", remove {gone}" if gone and self.dry_run else f", removed {gone}" if gone else ""
        took = f"{words}, {left} of {plural(self.distributions, 'package')} in {duration(self.seconds)}"
        return took + self._bytes()

    def _bytes(self) -> str:
        """Return ``; 12.3 MB to download``, ``; 12.3 MB of wheels, 3.1 MB more on disk``."""
        if self.growth is None:
            return f"; {size(self.download)} to download" if self.download else ""
        grown = f"{size(abs(self.growth))} {'more' if self.growth >= 0 else 'less'} on disk"
        return f"; {size(self.download)} of wheels, {grown}" if self.download else f"; {grown}"

    def _nothing_to_do(self) -> str:
        took, total = f"in {duration(self.seconds)}", plural(self.distributions, "package")
        late, left = sum(self.behind.values()), sum(self.skipped.values())
        warned = sum(each.warned_of for each in self.lines)
        if not late and not left and not warned:
            return f"Everything is up to date ({total}) {took}"
        verb = "is" if late == 1 else "are"
        state = f"{late} of {total} {verb} behind ({in_words(self.behind)})" if late else self._up_to_date(left)
        rest = f", {left} skipped ({in_words(self.skipped)})" if left else ""
        rest += f", {warned} with warnings" if warned else ""
        return f"Nothing to upgrade: {state}{rest} {took}"

    def _up_to_date(self, left: int) -> str:
        return f"{self.distributions - left} of {plural(self.distributions, 'package')} up to date"

    @property
    def answer(self) -> Answer:
        """The answer to a program that asks whether there are updates."""
        if any(each.group in {"upgraded", "added", "removed"} for each in self.lines):
            return "updates"
        if self.count("failed"):
            return "failed"
        return "behind" if self.behind else "up-to-date"


def summarize(report: Report) -> Summary:
    """Return the report in groups: each distribution in one of them, failures of no distribution in ``failed``."""
    failures: dict[str, list[Failure]] = {}
    for failure in report.failures:
        failures.setdefault(failure.name, []).append(failure)
    lines = []
    for row in report.rows:
        group = _group(row, row.name in failures)
        lines.append(_line(row, group, failures.pop(row.name, ()) if group == "failed" else (), report.dry_run))
    lines += [_stray(each) for rest in failures.values() for each in rest]
    return Summary(
        lines=tuple(sorted(lines, key=lambda each: (GROUPS.index(each.group), each.package))),
        distributions=sum(row.installed is not None for row in report.rows),
        seconds=total_seconds(report.stats.seconds) - report.stats.seconds.get("choose", 0.0),
        dry_run=report.dry_run,
        behind=behind(report.rows),
        skipped=skipped(report.rows),
        download=sum(row.size or 0 for row in report.rows if row.action in _ACTIONS and row.status != "failed"),
        growth=report.growth,
    )


HEADER = ("Package", "Current", "Latest", "Level", "Direct", "Status")


def cells(lines: Sequence[Line]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and rows of a table of these lines; without empty columns."""
    table = [(each.package, each.current, each.latest, each.level, each.direct, each.text) for each in lines]
    shown = [place for place, title in enumerate(HEADER) if title in _ALWAYS or any(row[place] for row in table)]
    return tuple(HEADER[place] for place in shown), [tuple(row[place] for place in shown) for row in table]


_ALWAYS = frozenset({"Package", "Current", "Latest", "Status"})


def total_seconds(seconds: Mapping[str, float]) -> float:
    """Return the wall time of the run: the entry ``total`` if there is one, else the sum of the stages."""
    return seconds["total"] if "total" in seconds else sum(seconds.values())


def _group(row: Row, failing: bool) -> Group:
    if row.status == "failed":
        return "failed"
    if row.action in _ACTIONS:
        return _ACTIONS[row.action]
    if failing:
        return "failed"
    return "held" if row.action == "hold" else "current"


def _line(row: Row, group: Group, failures: Iterable[Failure], dry_run: bool) -> Line:
    words = _WOULD if dry_run or row.status == "planned" else _DONE
    short = _stops_short(row, group)
    installed = row.installed or "-"
    return Line(
        group=group,
        package=clean(row.name),
        current=clean(f"{installed} → {row.target}" if short else installed),
        latest=clean(row.latest or (row.target if group != "skipped" else None) or "-"),
        status=_status(row, words.get(group, group), short),
        why=_join([*row.reasons, *failures]),
        behind=cause(row) is not None,
        warned_of=is_warned_of(row),
        level=row.level or "",
        direct="" if row.direct is None else "yes" if row.direct else "no",
        source=clean(redact(row.index or "")),
    )


def _status(row: Row, words: str, short: bool) -> str:
    if row.action == "downgrade":
        return words.replace("upgrade", "downgrade")
    if row.action == "current" and not _is_newest(row):
        return "unchanged"
    return words + (", held back" if short else "")


def _is_newest(row: Row) -> bool:
    """Return whether nothing speaks against calling it up to date: no newer version, and no unknown advisory."""
    return row.latest in (None, row.target) and all(each.kind != "advisory-unread" for each in row.reasons)


def _stops_short(row: Row, group: Group) -> bool:
    return group in {"upgraded", "added"} and None not in {row.target, row.latest} and row.target != row.latest


def _stray(failure: Failure) -> Line:
    return Line(
        group="failed",
        package=clean(failure.name),
        current="-",
        latest=clean(failure.version or "-"),
        status="failed",
        why=_join([failure]),
    )


def _join(reasons: Iterable[Reason | Failure]) -> str:
    return "; ".join(dict.fromkeys(clean(redact(each.text)) for each in reasons))
