"""The report as annotations of a GitHub workflow: commands that the runner reads from a step's output.

One line each for known vulnerabilities and failures, a summary for the rest: a runner shows ten of a kind. Without
anything to annotate, a table is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from ..core.models import KnownVulnerability, Report, Row
from ..core.text import clean, redact, some
from .rows import Group, Summary, summarize
from .table import cache, history, settings, venvs
from .view import PLAIN, View

__all__ = ["cache", "history", "render", "settings", "venvs"]

Annotation = Literal["notice", "warning", "error"]
_SUMMED: tuple[Group, ...] = ("upgraded", "added", "removed", "held")
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Mapping[int, str] = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
"""Characters that would end the title or start another command, as the runner decodes them."""


def render(report: Report, view: View = PLAIN) -> str:
    """Render failures, vulnerabilities, changes and holds as workflow commands."""
    return "\n".join(_commands(report, summarize(report)))


def _commands(report: Report, facts: Summary) -> Iterator[str]:
    for line in facts.group("failed"):
        yield command("error", f"{line.package} failed", line.why or line.status)
    for row in report.rows:
        for found in row.vulnerabilities:
            if found.remains and not found.ignored:
                yield _vulnerability(row, found)
    for text in report.warnings:
        yield command("warning", "pip-update", text)
    for group in _SUMMED:
        lines = facts.group(group)
        if lines:
            names = [f"{each.package} {each.current}" + (f" ({each.why})" if group == "held" else "") for each in lines]
            yield command("notice", f"{len(lines)} {lines[0].status.partition(',')[0]}", some(names, 20))
    yield command("notice", "pip-update", facts.summary())


def _vulnerability(row: Row, found: KnownVulnerability) -> str:
    kind: Annotation = "error" if found.malware or found.severity in {"high", "critical"} else "warning"
    return command(
        kind, f"{row.name} {row.target or row.installed}: {found.id}", f"{found.summary or found.id}; {found.fix}"
    )


def command(kind: Annotation, title: str, text: str) -> str:
    """Return one workflow command, with any text escaped."""
    head, told = (clean(redact(each)) for each in (title, text))
    return f"::{kind} title={head.translate(_PROPERTY)}::{told.translate(_DATA)}"
