from __future__ import annotations

import io
import json
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from pip_fastupdate import report as reports
from pip_fastupdate.core.entry import HistoryEntry
from pip_fastupdate.core.models import DiskUse, HostStats, Stats
from pip_fastupdate.report import json_, table
from pip_fastupdate.report.figures import stats_lines
from pip_fastupdate.report.view import View
from tests.support.reports import encoded, report

ENTRIES = (
    HistoryEntry(
        id="20261120-1",
        when="2026-11-20T10:15:00Z",
        kind="update",
        changes=(("a", "1", "2"), ("b", None, "3"), ("c", "1", "2"), ("d", "1", "2")),
        undoable=True,
    ),
    HistoryEntry(
        id="20261119-1",
        when="2026-11-19T10:15:00Z",
        kind="undo",
        changes=(("b", "3", None),),
        undoable=False,
        why_not="its files are gone",
    ),
    HistoryEntry(id="x", when="2026-11-18T10:15:00Z", kind="undo", changes=(), undoable=False),
)


def test_table() -> None:
    """Each transaction is a line; of many changes the first are named."""
    assert [
        "ID          Date                  Kind    Can undo                Changes",
        "20261120-1  2026-11-20T10:15:00Z  update  yes                     "
        "3 changed, 1 added: a 1 → 2, b - → 3, c 1 → 2, …",
        "20261119-1  2026-11-19T10:15:00Z  undo    no: its files are gone  1 removed: b 3 → -",
        "x           2026-11-18T10:15:00Z  undo    no                      none",
    ] == table.history(ENTRIES).splitlines()


def test_table_with_all_changes() -> None:
    """With verbosity 1 all changes are named."""
    assert table.history(ENTRIES, View(verbosity=1)).splitlines()[1].endswith("c 1 → 2, d 1 → 2")


def test_no_transactions() -> None:
    """An empty history is said in words, and is an empty list in JSON."""
    assert table.history(()) == "No transactions"
    assert json.loads(json_.history(())) == {"schema": 1, "transactions": []}


def test_json() -> None:
    """Programs get every change."""
    first, second, _ = json.loads(json_.history(ENTRIES))["transactions"]
    assert ["id", "when", "kind", "undoable", "why_not", "changes"] == list(first)
    assert first["changes"][:2] == [
        {"name": "a", "before": "1", "after": "2"},
        {"name": "b", "before": None, "after": "3"},
    ]
    assert (second["undoable"], second["why_not"]) == (False, "its files are gone")


@pytest.mark.parametrize(
    ("format", "start"),
    [("table", b"ID "), ("json", b"{\n"), ("markdown", b"| ID | Date | Kind | Can undo | Changes |")],
)
def test_show(format: str, start: bytes) -> None:
    """Every format can be written, also to a stream without arrows."""
    stream, raw = encoded("ascii")
    reports.show_history(ENTRIES, stream, format=format)  # type: ignore[arg-type]
    assert raw.getvalue().startswith(start)


def test_stats_lines() -> None:
    """Requests, the cache's share, bytes, each stage and memory are told in aligned lines."""
    stats = Stats(
        requests=3,
        cache_hits=95,
        bytes_received=1_200_000,
        bytes_cached=52_000_000,
        bytes_shared=5,
        retries=1,
        hosts=(
            HostStats(host="index.test", requests=2, mean_seconds=0.0123, p95_seconds=0.25, bytes_received=200_000),
            HostStats(host="me:secret@b:8080", requests=1, mean_seconds=None, p95_seconds=None, bytes_received=0),
        ),
        disk=DiskUse(files_read=812, files_written=15_702, bytes_read=0, bytes_written=None),
        seconds={"scan": 0.02, "look up": 1.2, "total": 1.5},
        peak_memory_mb=61.26,
    )
    expected = """\
        requests       3
        cache hits     95 of 98 (97%)
        received       1.2 MB
        from cache     52.0 MB
        shared         5 B
        retries        1
        index.test     2 requests, 200.0 kB, responses after 0.012 s on average, 95% within 0.2 s
        ****@b:8080    1 request, 0 B, no response
        files read     812 (0 B from disk)
        files written  15702
        scan           0.02 s
        look up        1.2 s
        total          1.5 s
        peak memory    61.3 MB"""
    assert textwrap.dedent(expected).splitlines() == list(stats_lines(report(stats=stats)))


def test_stats_of_nothing() -> None:
    """Nothing asked: no rate; no memory told: no line; the total is the stages' sum."""
    lines = stats_lines(report(stats=Stats(seconds={"scan": 0.25, "plan": 0.25})))
    assert "cache hits  0" in lines
    assert lines[-1] == "total       0.5 s"


def test_show_stats() -> None:
    """They can be written to any stream."""
    stream = io.StringIO()
    reports.show_stats(report(), stream)
    assert stream.getvalue().startswith("requests    0\n")


@dataclass(frozen=True, kw_only=True)
class Cache:
    path: Path = Path("/cache")
    entries: int = 98
    bytes: int = 1_200_000
    oldest: float | None = 1_700_000_000.0
    newest: float | None = None
    wheels: int = 2
    wheel_bytes: int = 72_300_000
    unpacked_bytes: int = 0


def test_show_cache() -> None:
    """The cache is told in aligned lines."""
    stream = io.StringIO()
    reports.show_cache(Cache(), stream)
    expected = """\
        directory            /cache
        responses            98 (1.2 MB)
        least recently used  2023-11-14
        most recently used   -
        wheels               2 (72.3 MB)
        """
    assert textwrap.dedent(expected) == stream.getvalue()


def test_show_cache_to_programs() -> None:
    """In JSON, the cache has bytes and nulls; in Markdown it is a table."""
    stream = io.StringIO()
    reports.show_cache(Cache(), stream, format="json")
    assert json.loads(stream.getvalue()) == {
        "schema": 1,
        "path": str(Path("/cache")),
        "entries": 98,
        "bytes": 1_200_000,
        "oldest": "2023-11-14",
        "newest": None,
        "wheels": 2,
        "wheel_bytes": 72_300_000,
        "unpacked_bytes": 0,
    }
    stream = io.StringIO()
    reports.show_cache(Cache(), stream, format="markdown")
    assert stream.getvalue().splitlines()[2:4] == ["| directory | /cache |", "| responses | 98 (1.2 MB) |"]


def test_write_nothing() -> None:
    """No text is no line."""
    stream = io.StringIO()
    reports.write("", stream)
    assert stream.getvalue() == ""
