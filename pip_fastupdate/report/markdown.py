"""The report in GitHub's Markdown, for the job summary in CI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..core.cache_folder import CacheInfo
from ..core.entry import HistoryEntry
from ..core.models import Report, Target
from ..core.text import clean, redact
from .rows import Group, Line, Summary, cells, summarize
from .table import settings
from .view import PLAIN, View

if TYPE_CHECKING:
    from .given import Venv

__all__ = ["cache", "history", "render", "settings", "venvs"]

_SPECIAL = str.maketrans({**{each: f"\\{each}" for each in "\\`*_[]|~#"}, "<": "&lt;", ">": "&gt;", "&": "&amp;"})
_MENTION = re.compile(r"(?<!\w)@(?=\w)")
"""What GitHub would treat as a user's name, and notify that user: a zero-width space prevents it."""

_FOLDED: Mapping[Group, str] = {"held": "held", "skipped": "skipped", "failed": "failed"}


def render(report: Report, view: View = PLAIN) -> str:
    """Render a heading, a table of changes, and the rest folded away; failures stay open. No final line end."""
    facts = summarize(report)
    return "\n\n".join(_blocks(report, facts))


def history(entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
    """Render a table with one line per transaction; verbosity 1 names all of its changes."""
    from .history import HEADER
    from .history import cells as history_cells

    return grid(HEADER, [history_cells(entry, view.verbosity) for entry in entries])


def cache(facts: CacheInfo, view: View = PLAIN) -> str:
    """Render a table with one line per fact."""
    from .figures import cache_facts

    return grid(("Cache", ""), list(cache_facts(facts).items()))


def venvs(found: Sequence[Venv]) -> str:
    """Render a table with one line per environment."""
    return grid(("environment", "result"), [(each.path, each.result) for each in found])


def _blocks(report: Report, facts: Summary) -> Iterator[str]:
    yield f"## {escape(facts.summary())}"
    yield _environment(report.target)
    changed = facts.group("upgraded") + facts.group("added") + facts.group("removed")
    if changed:
        yield _table(changed)
    if any(row.changes for row in report.rows):
        from .changes import blocks

        text = "\n\n".join(blocks(report, PLAIN)).replace("`", "'")
        yield f"<details open>\n<summary>What is new</summary>\n\n```text\n{text}\n```\n\n</details>"
    for group, word in _FOLDED.items():
        lines = facts.group(group)
        if lines:
            opening = "<details open>" if group == "failed" else "<details>"
            yield f"{opening}\n<summary>{len(lines)} {word}</summary>\n\n{_table(lines)}\n\n</details>"
    current = tuple(each for each in facts.group("current") if each.behind or each.warned_of)
    if current:
        yield f"<details open>\n<summary>{len(current)} with warnings</summary>\n\n{_table(current)}\n\n</details>"
    for file in report.files:
        if file.diff:
            yield _fenced([line[:1] + clean(line[1:]) for line in file.diff.splitlines()])
    if report.warnings:
        yield "\n".join(f"- warning: {escape(text)}" for text in report.warnings)


def _environment(target: Target) -> str:
    return escape(f"Python {target.python}, pip {target.pip}, {target.prefix}")


def _fenced(lines: Sequence[str]) -> str:
    """Return the lines of a diff fenced by more tildes than occur in them."""
    fence = "~" * max(6, 1 + max((len(found) for line in lines for found in re.findall("~+", line)), default=0))
    return "\n".join((f"{fence}diff", *lines, fence))


def _table(lines: Iterable[Line]) -> str:
    return grid(*cells(tuple(lines)))


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the cells are escaped."""
    lines = [header, ["---"] * len(header), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape(text: str) -> str:
    """Escape the text so that Markdown shows it unchanged, on one line and in one cell, without secrets, notifying
    nobody.
    """
    return _MENTION.sub("@&#8203;", clean(redact(text)).translate(_SPECIAL))
