"""Render what new versions change (``--changes``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..core.models import Difference, Report, Row
from ..core.text import clean, redact, size
from .view import View


def blocks(report: Report, view: View) -> list[str]:
    """Return a paragraph for each package whose changes are known."""
    return ["\n".join(_lines(row, row.changes, view)) for row in report.rows if row.changes is not None]


def _lines(row: Row, difference: Difference, view: View) -> Iterator[str]:
    asked = "direct" if row.direct else "transitive"
    words = [each for each in (row.level, asked, _releases(difference), _dates(difference)) if each]
    versions = f"{row.installed} → {row.target}" if row.installed else f"{row.target} (new)"
    yield clean(f"{row.name} {versions} ({', '.join(words)})")
    for what, url in difference.links:
        yield f"  {what}: {_link(redact(url), view)}"
    for title, requirements in (
        ("new requirements", difference.requires_added),
        ("dropped requirements", difference.requires_dropped),
    ):
        for each in requirements:  # one per line: they contain commas
            yield clean(redact(f"  {title}: {each}"))
    for title, commands in (
        ("new commands", difference.commands_added),
        ("dropped commands", difference.commands_dropped),
    ):
        if commands:
            yield clean(f"  {title}: {', '.join(commands)}")
    for title, pair in (
        ("Python", difference.python),
        ("license", difference.license),
        ("files", difference.files),
        ("compiled files", difference.native),
    ):
        if pair:
            yield clean(f"  {title}: {pair[0] or 'not stated'} → {pair[1] or 'not stated'}")
    if difference.size:
        yield f"  size: {size(int(difference.size[0]))} → {size(int(difference.size[1]))}"


def _releases(difference: Difference) -> str:
    if not difference.releases:
        return ""
    return f"{difference.releases} release{'' if difference.releases == 1 else 's'} between"


def _dates(difference: Difference) -> str:
    before, after = (each[:10] if each else "" for each in difference.uploaded)
    return f"{before} → {after}" if before and after else after


def _link(url: str, view: View) -> str:
    """Return the URL, clickable in terminals that support it (OSC 8)."""
    shown = clean(url)
    plain = view.width is None or not view.color or not shown.isascii()
    return shown if plain else f"\x1b]8;;{shown}\x1b\\{shown}\x1b]8;;\x1b\\"


def document(difference: Difference) -> dict[str, Any]:
    """Return the changes for JSON."""

    def pair(values: Sequence[str | None] | None) -> dict[str, str | None] | None:
        return None if values is None else {"before": values[0], "after": values[1]}

    return {
        "releases_between": difference.releases,
        "uploaded": pair(difference.uploaded),
        "links": {what: redact(url) for what, url in difference.links},
        "requires_added": [redact(each) for each in difference.requires_added],
        "requires_dropped": [redact(each) for each in difference.requires_dropped],
        "commands_added": list(difference.commands_added),
        "commands_dropped": list(difference.commands_dropped),
        "python": pair(difference.python),
        "license": pair(difference.license),
        "files": pair(difference.files),
        "native_files": pair(difference.native),
        "bytes": pair(difference.size),
    }
