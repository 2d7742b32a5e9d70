"""The report as one self-contained page for a browser.

``page.html``, ``page.css`` and ``page.js`` are next to this module. A content security policy with the hashes of the
last two prevents anything else from running or loading, whatever got into the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from string import Template

from ...core.cache_folder import CacheInfo
from ...core.entry import HistoryEntry
from ...core.models import Report, Row
from ...core.text import clean, redact
from .. import figures as _figures
from .. import history as _history
from ..holding import holder
from ..rows import Line, summarize
from ..table import settings, venvs
from ..view import PLAIN, View
from .markup import table, text
from .sections import sections

__all__ = ["cache", "history", "render", "settings", "venvs"]

_FILTER = (
    '<p class="filter" hidden><label for="filter">Show packages with</label> '
    '<input id="filter" type="search" autocomplete="off"> <span id="filtered" role="status"></span></p>'
)
_BODY = """\
<a class="skip" href="#main">Skip to the report</a>
<main id="main">
<h1>{title}</h1>
{body}
</main>
{panel}"""
_PANEL = '<aside id="chain" aria-label="Chain of a package" hidden></aside>'


def render(report: Report, view: View = PLAIN) -> str:
    """Return the whole page, in ASCII; without a final line end."""
    facts = summarize(report)
    title, target = facts.summary(), report.target
    lines = {each.package: each for each in facts.lines}
    rows = {each.name: each for each in report.rows}
    where = text(f"{target.prefix}: Python {target.python}, pip {target.pip}")
    data = {clean(row.name): _facts(row, rows, lines[clean(row.name)]) for row in report.rows}
    body = (f'<p class="soft">{where}</p>', _FILTER, *sections(report, facts))
    return _page(title, "\n".join(filter(None, body)), data)


def history(entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
    """Render a table with one row per transaction."""
    rows = [("", [text(each) for each in _history.cells(entry, view.verbosity)]) for entry in entries]
    kinds = ("head", *[""] * (len(_history.HEADER) - 1))
    return _page("History", _FILTER + table("Transactions, newest last", _history.HEADER, rows, kinds=kinds), {})


def cache(facts: CacheInfo, view: View = PLAIN) -> str:
    """Render a table with one row per fact."""
    rows = [("", (text(key), text(value))) for key, value in _figures.cache_facts(facts).items()]
    return _page("Cache", _FILTER + table("Cache", ("What", "Value"), rows, kinds=("head", "why")), {})


def _page(title: str, body: str, data: object) -> str:
    style, script = _asset("page.css"), _asset("page.js")
    page = Template(_asset("page.html").rstrip("\n")).substitute(
        title=text(title),
        body=_BODY.format(title=text(title), body=body, panel=_PANEL),
        data=_embedded(data),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _embedded(data: object) -> str:
    """Return JSON in which an HTML parser finds no end tag and no comment."""
    found = json.dumps(data, separators=(",", ":"))
    return found.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _facts(row: Row, rows: dict[str, Row], line: Line) -> dict[str, object]:
    """Return what the page's script needs of one package."""
    return {
        "state": f"{line.current}: {line.status}",
        "held": line.group == "held" or "held back" in line.status,
        "reasons": [[clean(redact(each.text)), holder(row, each, rows)] for each in row.reasons],
        "required": [[clean(by), clean(redact(wanted))] for by, wanted in row.required_by],
    }


@lru_cache(maxsize=3)
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="ascii")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
