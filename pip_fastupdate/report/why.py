"""``--why NAME``: what keeps a package from its newest version and what requires it, as trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..core.models import Report, Row
from ..core.text import can_encode, clean, redact
from .holding import holder
from .rows import Line, summarize
from .view import PLAIN, View

_LINES, _ASCII = ("├─ ", "└─ ", "│  ", "   "), ("|- ", "`- ", "|  ", "   ")

_DEEPEST = 100
"""Maximum depth of a tree: installed metadata may chain any number of packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line of a tree and its branches."""

    text: str
    branches: tuple[Branch, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Telling:
    """What the trees of one report are made from."""

    rows: Mapping[str, Row]
    states: Mapping[str, str]
    """Version and status by name."""

    told: set[str] = field(default_factory=set)
    """Names explained already; each is explained once, so a tree ends."""

    def obstacles(self, row: Row, depth: int = 1) -> Iterator[Branch]:
        """Return each reason and, under it, why the package that causes it stays, too."""
        self.told.add(row.name)
        for reason in row.reasons:
            yield Branch(text=_shown(reason.text), branches=tuple(self._further(holder(row, reason, self.rows), depth)))

    def _further(self, name: str | None, depth: int) -> Iterator[Branch]:
        row = self.rows.get(name or "")
        if row is None or not row.reasons:
            return
        end = self._end(row.name, depth)
        below = () if end else tuple(self.obstacles(row, depth + 1))
        yield Branch(text=self.states[row.name] + end, branches=below)

    def _end(self, name: str, depth: int) -> str:
        """Return why the tree ends at a package, to be shown; "" if it does not."""
        return " (see above)" if name in self.told else " (and so on)" if depth >= _DEEPEST else ""

    def requirers(self, row: Row, depth: int = 1) -> Iterator[Branch]:
        """Return what requires it after the run, up to packages that nothing requires."""
        self.told.add(row.name)
        for name, requirement in row.required_by:
            parent = self.rows.get(name)
            text = _shown(f"{name} {_version(parent)} requires {requirement}")
            if parent is None or not parent.required_by:
                yield Branch(text=text)
            else:
                end = self._end(name, depth)
                yield Branch(text=text + end, branches=() if end else tuple(self.requirers(parent, depth + 1)))


def render(report: Report, name: str, view: View = PLAIN) -> str:
    """Return the state of ``name`` in a line, what holds it, and what requires it. Raises KeyError if unknown."""
    rows = {each.name: each for each in report.rows}
    row = rows[name]
    lines = {each.package: each for each in summarize(report).lines}
    states = {each.name: _state(each, lines[clean(each.name)]) for each in report.rows}
    holding = _Telling(rows=rows, states=states)
    requiring = _Telling(rows=rows, states=states)
    required = (*requiring.requirers(row), *([Branch(text="you asked for it by name")] if row.direct else []))
    trees = (
        Branch(text=states[name], branches=tuple(holding.obstacles(row))),
        Branch(text=f"what requires {_shown(name)}", branches=required or (Branch(text="nothing installed"),)),
    )
    marks = _LINES if can_encode("".join(_LINES), view.encoding) else _ASCII
    return "\n\n".join("\n".join(_drawn(each, marks)) for each in trees)


def _drawn(branch: Branch, marks: tuple[str, str, str, str]) -> Iterator[str]:
    yield branch.text
    for place, each in enumerate(branch.branches, 1):
        last = place == len(branch.branches)
        first, *others = _drawn(each, marks)
        yield marks[last] + first
        yield from (marks[2 + last] + line for line in others)


def _state(row: Row, line: Line) -> str:
    """Return ``numpy 1.26.4: held; 2.5.5 is the newest``, ``django 4.2 → 6.1.3: would upgrade``."""
    versions = [each for each in dict.fromkeys((row.installed, row.target)) if each]
    newer = f"; {row.latest} is the newest" if row.latest not in (None, row.target) else ""
    return _shown(f"{row.name} {' → '.join(versions)}: {line.status}{newer}")


def _version(row: Row | None) -> str:
    return "" if row is None else row.target or row.installed or ""


def _shown(text: str) -> str:
    return clean(redact(text))
