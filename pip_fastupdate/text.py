"""Words and figures for people: safe for any terminal, any encoding, and free of secrets."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import TextIO

_ASCII = str.maketrans({"→": "->", "…": "...", "↑": "^", "✗": "x", "—": "-"})

IMPORTING = threading.RLock()
"""Held while rich is imported: its modules import each other, and two threads at it would see halves of them."""


def clean(text: str) -> str:
    """The text on one line, without anything that a terminal could obey: escape sequences, line ends, bidi marks."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " if each.isspace() else "?" for each in text).strip()


def fit(text: str, encoding: str | None) -> str:
    """The text in characters that ``encoding`` has: arrows and the like become ASCII, the rest is escaped."""
    encoding = encoding or "utf-8"
    if text.isascii() or can_encode(text, encoding):
        return text
    try:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def can_encode(text: str, encoding: str | None) -> bool:
    """Whether ``encoding`` (None for UTF-8) has every character of the text."""
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def redact(text: str) -> str:
    """The text with user name and password taken out of every URL in it."""
    return _userinfo().sub("://****@", text) if "://" in text else text


@lru_cache(maxsize=1)
def _userinfo() -> re.Pattern[str]:
    return re.compile(r"://[^/\s?#]*@")


def duration(seconds: float) -> str:
    """A span of time: ``0.04 s``, ``3.1 s`` or ``2 min 5 s``."""
    if seconds >= 59.95:
        return f"{round(seconds) // 60} min {round(seconds) % 60} s"
    return f"{seconds:.2f} s" if seconds < 0.095 else f"{seconds:.1f} s"


def size(count: float) -> str:
    """An amount of bytes in decimal units: ``512 B`` or ``72.3 MB``."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def plural(count: int, noun: str) -> str:
    """The count with its noun: ``1 wheel`` or ``3 wheels``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def pairs(facts: Mapping[str, str]) -> str:
    """Facts as aligned lines of key and value, without a final line end."""
    wide = max((len(key) for key in facts), default=0)
    return "\n".join(f"{key:<{wide}}  {value}".rstrip() for key, value in facts.items())


def wants_color(stream: TextIO, color: bool | None = None, environ: Mapping[str, str] | None = None) -> bool:
    """Whether to colour what goes to ``stream``: ``color`` where it is set, else what terminal and NO_COLOR say.

    Only terminals that are known to understand colour codes get them on Windows.
    """
    if color is not None:
        return color
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return os.name != "nt" or any(name in environ for name in ("WT_SESSION", "ANSICON", "ConEmuANSI", "TERM"))
