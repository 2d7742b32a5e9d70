from __future__ import annotations

import ctypes
import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from pip_fastupdate.core import text
from tests.support.reports import Terminal


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("numpy 1.2", "numpy 1.2"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("right \u202e to left", "right \\u202e to left"),
        ("ends\r\n", "ends"),
        ("bad \udc80 byte", "bad \\udc80 byte"),
    ],
)
def test_clean(given: str, expected: str) -> None:
    """Nothing that a terminal obeys stays in a text, and nothing else goes."""
    assert text.clean(given) == expected


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "1 → 2 … é ✗"),
        (None, "1 → 2 … é ✗"),
        ("cp1252", "1 -> 2 ... é x"),
        ("ascii", "1 -> 2 ... \\xe9 x"),
        ("no-such-encoding", "1 -> 2 ... \\xe9 x"),
    ],
)
def test_fit(encoding: str | None, expected: str) -> None:
    """Characters that an encoding lacks are replaced, the others stay."""
    assert text.fit("1 → 2 … é ✗", encoding) == expected


def test_fit_lone_surrogate() -> None:
    """A path that is no text can be written nevertheless."""
    assert text.fit("a\udc80", "utf-8") == "a\\udc80"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("no URL", "no URL"),
        ("https://host/simple", "https://host/simple"),
        ("see https://me:secret@host/simple and redis://:pw@h", "see https://****@host/simple and redis://****@h"),
        ("https://me:p@ss@host/x", "https://****@host/x"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://token@host", "https://****@host"),
        ("http://bob:ab/SECRET@host/x", "http://****@host/x"),
        ("http://bob:SEC?RET@host", "http://****@host"),
        ("bob:SECRET@host/simple", "****@host/simple"),
        ("proxy bob:SEC/RET@host:3128", "proxy ****@host:3128"),
        ("https://host/x?token=SECRET&page=2", "https://host/x?token=****&page=2"),
        ("https://host/x?X-Amz-Signature=SECRET#a", "https://host/x?X-Amz-Signature=****#a"),
        ("https://host:8080/feed@Local/x", "https://host:8080/feed@Local/x"),
        ("https://[::1]:8080/a@b and http://host:/a@b", "https://[::1]:8080/a@b and http://host:/a@b"),
        ("C:\\me@work\\x and a==1; b @ 2", "C:\\me@work\\x and a==1; b @ 2"),
    ],
)
def test_redact(given: str, expected: str) -> None:
    """User names and passwords are taken out of URLs, wherever they are in the text."""
    assert text.redact(given) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.00 s"),
        (0.044, "0.04 s"),
        (0.0951, "0.1 s"),
        (3.14, "3.1 s"),
        (59.96, "1 min 0 s"),
        (125.2, "2 min 5 s"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    """Spans are told with the digits that matter."""
    assert text.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (72_340_000, "72.3 MB"),
        (5 * 10**15, "5000.0 TB"),
        (10**400, "1000000000000.0 TB"),
    ],
)
def test_size(count: int, expected: str) -> None:
    """Bytes are told in decimal units."""
    assert text.size(count) == expected


def test_plural() -> None:
    """One is one, everything else is many."""
    assert ["0 wheels", "1 wheel", "2 wheels"] == [text.plural(count, "wheel") for count in range(3)]


@pytest.mark.parametrize(
    ("path", "windows", "expected"),
    [
        ("/a b/c", False, "'/a b/c'"),
        ("/a/c", False, "/a/c"),
        (r"C:\Users\me\.venv", True, r"C:\Users\me\.venv"),
        (r"C:\Program Files (x86)\a", True, r'"C:\Program Files (x86)\a"'),
        (r"C:\R&D\a", True, r'"C:\R&D\a"'),
    ],
)
def test_typed(path: str, windows: bool, expected: str) -> None:
    """In quotes that the system's shells take for such."""
    assert expected == text.typed(path, windows=windows)


def test_pairs() -> None:
    """Keys and values are aligned, without blanks at a line's end."""
    assert text.pairs({"location": "/cache", "size": "1.2 MB", "x": ""}) == "location  /cache\nsize      1.2 MB\nx"
    assert text.pairs({}) == ""


@pytest.mark.parametrize(
    ("color", "environ", "expected"),
    [
        (None, {"TERM": "xterm"}, True),
        (None, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (None, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (None, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb"}, True),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_wants_color(color: bool | None, environ: dict[str, str], expected: bool) -> None:
    """What the user says counts first, then NO_COLOR and TERM."""
    assert text.wants_color(Terminal(), color, environ) is expected


@pytest.mark.parametrize(
    ("environ", "mode", "expected"),
    [
        ({"TERM": "xterm"}, 3, False),
        ({"TERM": "xterm"}, 7, True),
        ({}, 7, True),
        ({}, None, False),
        ({"WT_SESSION": "1"}, 3, True),
        ({"ConEmuANSI": "ON", "NO_COLOR": "1"}, 7, False),
    ],
)
def test_color_on_windows(
    environ: dict[str, str], mode: int | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a console its mode counts (None: it is none, but NUL), not the TERM that a program of Cygwin passed on."""

    def get_console_mode(handle: ctypes.c_void_p, found: Any) -> int:
        assert handle.value == 1234
        found._obj.value = mode or 0
        return int(mode is not None)

    kernel = SimpleNamespace(kernel32=SimpleNamespace(GetConsoleMode=get_console_mode))
    terminal = Terminal()
    monkeypatch.setattr(terminal, "fileno", lambda: 4)
    monkeypatch.setattr(ctypes, "windll", kernel, raising=False)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(get_osfhandle=lambda number: 1230 + number))
    assert text.wants_color(terminal, None, environ, windows=True) is expected
    assert not text.wants_color(Terminal(), None, {"TERM": "xterm"}, windows=True), "without any descriptor"


def test_no_color_in_a_pipe() -> None:
    """What is not a terminal gets no colours."""
    assert not text.wants_color(io.StringIO(), None, {"TERM": "xterm"})
