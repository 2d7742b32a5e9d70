from __future__ import annotations

import io
import re
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from pip_fastupdate import report as reports
from pip_fastupdate.core.models import Difference
from pip_fastupdate.core.options import Format
from pip_fastupdate.report import markdown, table
from pip_fastupdate.report.view import View
from tests.support.reports import Terminal, encoded, mixed, report, row

LONG = "some-package 1.2.3 requires other-package>=2,<3 and this goes on " * 5


def test_plain() -> None:
    """For pipes: aligned columns, nothing but the words."""
    expected = """\
        Package            Current          Latest  Status
        attrs              23.1             26.1    upgraded
        numpy              1.25.0 → 1.26.4  2.3.1   upgraded, held back: numba 0.59.1 requires numpy<1.27
        typing-inspection  -                0.4     added
        pydantic-core      2.1              2.9     held: pydantic 2.5 requires pydantic-core==2.1
        myproject          0.1              -       skipped: editable
        broken             0.1              0.3     failed: the wheel is not what the index says

        Upgraded 2, added 1, held 1, skipped 1, failed 1 of 6 packages in 3.1 s"""
    assert textwrap.dedent(expected) == table.render(mixed())


def test_plain_is_not_wrapped() -> None:
    """For pipes, a reason is on one line however long it is."""
    lines = table.render(report(row("a", "1", "2", "3", "upgrade", LONG))).splitlines()
    assert lines[1].endswith(LONG.strip())
    assert len(lines) == 4


def test_verbose_lists_everything() -> None:
    """With verbosity 1 also what is up to date is listed, and what is held when nothing was to do."""
    assert "idna               3.1              3.1     up to date" in table.render(mixed(), View(verbosity=1))
    quiet = report(row("a", "1", "1", "2", "hold", "b 1 requires a<2"))
    assert "held: b 1 requires a<2" in table.render(quiet, View(verbosity=1))
    assert "\n" not in table.render(quiet)


def test_verbose_says_from_where() -> None:
    """With verbosity 1 the status names the index of a new version, without credentials."""
    came = replace(row("a", "1", "2", "3", "upgrade", "b 1 requires a<3"), index="https://me:word@x.invalid/simple")
    told = "upgraded, held back, from https://****@x.invalid/simple: b 1 requires a<3"
    assert told in table.render(report(came), View(verbosity=1))
    assert "x.invalid" not in table.render(report(came))


def test_quiet_lists_failures_only() -> None:
    """With verbosity -1 there is nothing to read unless something failed."""
    assert table.render(report(row("a", "1", "2", "2", "upgrade")), View(verbosity=-1)) == ""
    assert ["Package", "broken"] == [line.split()[0] for line in table.render(mixed(), View(verbosity=-1)).splitlines()]


@pytest.mark.parametrize("width", [30, 59, 60, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_terminal_is_never_overrun(width: int, encoding: str) -> None:
    """For terminals, no line is wider than the terminal, and no word is lost."""
    rows = [row("a-package", "1.2", "1.2", "1.3", "hold", LONG), row("b", "1", "2", "2", "upgrade")]
    text = table.render(report(*rows), View(width=width, encoding=encoding))
    grid = text.rpartition("\n\n")[0]
    assert max(map(len, grid.splitlines())) <= width
    assert grid.count("requires") >= 5 or width < 60
    assert text.isascii() is (encoding == "ascii")


def test_terminal_has_symbols_and_words() -> None:
    """Each status is told by a symbol and a word, with colours or without."""
    plain = table.render(mixed(), View(width=100))
    for words in ("↑ upgraded", "+ added", "= held", "- skipped", "✗ failed"):
        assert words in plain
    assert "\x1b" not in plain


def test_colors_change_nothing_else() -> None:
    """The coloured table is the plain one with colours."""
    colored = table.render(mixed(), View(width=100, color=True))
    assert "\x1b[32m↑ upgraded\x1b[0m" in colored
    stripped = [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", colored).splitlines()]
    assert table.render(mixed(), View(width=100)).splitlines() == stripped


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("width", [None, 80])
def test_any_encoding(encoding: str, width: int | None) -> None:
    """Whatever the encoding of standard output, the table can be written to it."""
    text = table.render(mixed(), View(width=width, color=width is not None, encoding=encoding))
    assert b"1.25.0 -> 1.26.4" in text.encode(encoding)


@pytest.mark.parametrize("format", get_args(Format))
def test_show_in_any_encoding(format: Format) -> None:
    """Every format can be written to a stream that knows neither arrows nor umlauts."""
    stream, raw = encoded("ascii")
    awkward = report(row("a", "1", "2", "3", "upgrade", "größer als →"), warnings=("ü",))
    reports.show(awkward, stream, format=format)
    assert b"a" in raw.getvalue()
    assert raw.getvalue().endswith(b"\n")


def test_show_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets its own width, and colours unless told otherwise."""
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    colored, plain = Terminal(), Terminal()
    reports.show(mixed(), colored)
    reports.show(mixed(), plain, color=False)
    assert "\x1b[" in colored.getvalue()
    assert max(map(len, plain.getvalue().split("\n\nUpgraded")[0].splitlines())) <= 72


@pytest.mark.parametrize("size", ["²", "9" * 5000])
def test_show_on_a_terminal_of_an_odd_size(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    """COLUMNS and LINES that are not numbers to Python, although they consist of digits, are ignored."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("COLUMNS", "LINES"):
        monkeypatch.setenv(name, size)
    stream = Terminal()
    reports.show(mixed(), stream)
    assert "1.26.4" in stream.getvalue()


def test_show_in_a_file(tmp_path: Path) -> None:
    """A file gets the plain columns."""
    with (tmp_path / "out").open("w+", encoding="utf-8") as stream:
        reports.show(mixed(), stream)
        stream.seek(0)
        assert stream.read() == table.render(mixed()) + "\n"


def test_show_nothing() -> None:
    """Where there is nothing to say, not even a line end is written."""
    stream = Terminal()
    reports.show(report(), stream, verbosity=-1)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("term", "columns", "expected"),
    [
        ("dumb", "70", None),
        ("xterm", "70", 70),
        *(("xterm", columns, 80) for columns in ("", "0", "-1", "²", "٣²", "9" * 5000)),
    ],
)
def test_terminal_width(monkeypatch: pytest.MonkeyPatch, term: str, columns: str, expected: int | None) -> None:
    """The width is what COLUMNS says, 80 where nobody knows it, and None for a terminal that can do nothing."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", columns)
    assert reports.terminal_width(Terminal()) == expected


@pytest.mark.parametrize("format", ["table", "json", "markdown"])
@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "pipe"])
def test_preload_is_complete(format: Format, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the preload nothing needs a further import, whatever there is to show."""
    monkeypatch.setenv("TERM", "xterm")
    reports.preload(stream, format=format)
    before = set(sys.modules)
    for columns in ("40", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        reports.show(mixed(), stream, format=format)
        reports.show(mixed(), stream, format=format, color=False)
    reports.show_stats(mixed(), stream)
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    ("level", "before", "after", "expected"),
    [
        ("major", "1.4.2", "2.0", "\x1b[1;31m2.0"),
        ("minor", "1.4.2", "1.10.0", "1.\x1b[36m10.0"),
        ("patch", "1.4.2", "1.4.10", "1.4.\x1b[32m10"),
        ("patch", "1.4", "1.4.post1", "1.4.\x1b[32mpost1"),
        ("calendar", "2025.1", "2026.3", "\x1b[34m2026.3"),
    ],
)
def test_the_part_that_changes_is_colored(level: str, before: str, after: str, expected: str) -> None:
    """From the first part that differs on; the level is named beside it for who sees no color."""
    upgrade = replace(row("foo", before, after, after, "upgrade"), level=level)
    colored = table.render(report(upgrade), View(width=100, color=True))
    assert expected in colored
    plain = table.render(report(upgrade), View(width=100, color=False))
    assert (False, True) == ("\x1b" in plain, level in plain)


def test_of_what_stops_short_only_where_it_stops_is_colored() -> None:
    """The newest version beyond is not what is installed."""
    upgrade = replace(row("foo", "1.0", "1.5", "2.0", "upgrade"), level="minor")
    colored = table.render(report(upgrade), View(width=100, color=True))
    assert "1.0 → 1.\x1b[36m5\x1b[0m" in colored
    assert 1 == colored.count("\x1b[36m")


def test_links_can_be_clicked_in_terminals() -> None:
    """By OSC 8, and only there; an URL cannot end the sequence and begin another."""
    changes = Difference(links=(("changelog", "https://foo.test/news"), ("source", "https://foo.test/\x1b]0;gone\x07")))
    upgrade = replace(row("foo", "1.0", "2.0", "2.0", "upgrade"), changes=changes)
    shown = table.render(report(upgrade), View(width=100, color=True))
    assert "\x1b]8;;https://foo.test/news\x1b\\https://foo.test/news\x1b]8;;\x1b\\" in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown
    for view in (View(), View(width=100), View(color=True)):
        assert "\x1b]8" not in table.render(report(upgrade), view)
    assert "https://foo.test/news" in markdown.render(report(upgrade))
