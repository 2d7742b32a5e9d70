"""Format text for display: safe for any terminal and encoding, without secrets."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from shlex import quote
from typing import TextIO

_ASCII = str.maketrans({"→": "->", "…": "...", "↑": "^", "✗": "x", "—": "-"})

IMPORTING = threading.RLock()
"""Held while rich is imported: its modules import each other, and two threads would see half-imported ones."""


def venv_python(*, windows: bool = os.name == "nt") -> str:
    """Return where a virtual environment's interpreter is, as one types it."""
    return r".venv\Scripts\python.exe" if windows else ".venv/bin/python"


def typed(path: str, *, windows: bool = os.name == "nt") -> str:
    """Return the path as one types it into a shell: on Windows, single quotes are letters to cmd.exe."""
    if not windows:
        return quote(path)
    return path if re.fullmatch(r"[\w.:\\/~+-]+", path) else f'"{path}"'


def clean(text: str) -> str:
    """Return the text on one line, with everything escaped that a terminal could obey: control characters, bidi
    marks.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text).strip()


@lru_cache(maxsize=512)
def _escaped(character: str) -> str:
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def fit(text: str, encoding: str | None) -> str:
    """Return the text in characters that ``encoding`` has: arrows and the like become ASCII, the rest is escaped."""
    encoding = encoding or "utf-8"
    if text.isascii() or can_encode(text, encoding):
        return text
    try:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def can_encode(text: str, encoding: str | None) -> bool:
    """Return whether ``encoding`` (None for UTF-8) has every character of the text."""
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def without_credentials(text: str) -> str:
    """Return the text without ``user:password@`` in any URL in it, valid or not."""
    return _stripped(text, "") if "@" in text else text


def redact(text: str) -> str:
    """Return the text for display: no user name, password or token in any URL in it, with or without a scheme."""
    if "@" in text:
        text = _bare_login().sub("****@", _stripped(text, "****@"))
    return _secret_parameter().sub(r"\1****", text) if "=" in text and ("?" in text or "&" in text) else text


def _stripped(text: str, instead: str) -> str:
    """Strip credentials from URLs that violate RFC 3986, too: ``http://me:a/b@host`` has a slash in its password."""

    def cut(found: re.Match[str]) -> str:
        rest = found[0]
        authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
        port = "" if authority.startswith("[") else authority.partition(":")[2]
        odd = (port and not port.isdigit()) or rest[:1] in ("?", "#")
        return instead + rest.rpartition("@")[2] if odd and "@" in rest else rest

    stripped = _userinfo().sub(instead, text)
    return _after_scheme().sub(cut, stripped) if "@" in stripped.replace("****@", "") else stripped


_AUTHORITY_END = re.compile(r"[/?#]")


@lru_cache(maxsize=1)
def _userinfo() -> re.Pattern[str]:
    return re.compile(r"(?<=://)[^/\s?#]*@")


@lru_cache(maxsize=1)
def _after_scheme() -> re.Pattern[str]:
    return re.compile(r"(?<=://)[^\s'\"<>]+")


@lru_cache(maxsize=1)
def _bare_login() -> re.Pattern[str]:
    """Match ``me:secret@host``, as proxies may be given; not ``C:\\`` and what has a scheme."""
    return re.compile(r"(?<![\w/@*:\[\].-])[^\s/:@'\"=*]+:(?![\\/])[^\s@'\"]+@(?=[\w\[])")


@lru_cache(maxsize=1)
def _secret_parameter() -> re.Pattern[str]:
    """Match a URL's query parameter whose name suggests a secret value."""
    names = "token|key|secret|passw|pwd|auth|sig|cred|session|jwt"
    return re.compile(rf"([?&][\w.%-]*(?:{names})[\w.%-]*=)[^&\s'\"#<>]+", re.IGNORECASE)


def duration(seconds: float) -> str:
    """Return a time span: ``0.04 s``, ``3.1 s`` or ``2 min 5 s``."""
    if seconds >= 59.95:
        return f"{round(seconds) // 60} min {round(seconds) % 60} s"
    return f"{seconds:.2f} s" if seconds < 0.095 else f"{seconds:.1f} s"


_MOST_BYTES = 10**24
"""More than any disk has; a much larger number is too large for a float."""


def size(count: float) -> str:
    """Return a number of bytes in decimal units: ``512 B`` or ``72.3 MB``; indexes and lock files may state any."""
    count = min(count, _MOST_BYTES)
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def some(names: Sequence[str], most: int = 5) -> str:
    """Return the first ``most`` of the names, and how many more there are: ``a, b and 3 more``."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: ``1 wheel`` or ``3 wheels``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def pairs(facts: Mapping[str, str]) -> str:
    """Return facts as aligned lines of key and value, without a final line end."""
    wide = max((len(key) for key in facts), default=0)
    return "\n".join(f"{key:<{wide}}  {value}".rstrip() for key, value in facts.items())


def natural(text: str) -> int | None:
    """Return the number that the text is; None if it is anything but one to nine of the digits 0 to 9.

    ``str.isdigit`` is true for ``²``, which is no number to ``int``, nor are more than some thousand digits.
    """
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def environ_of_terminal() -> dict[str, str]:
    """Return the environment variables for rich, without a COLUMNS and LINES that would end it."""
    sizes = ("COLUMNS", "LINES")
    return {name: text for name, text in os.environ.items() if name not in sizes or natural(text) is not None}


def wants_color(
    stream: TextIO,
    color: bool | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    windows: bool = os.name == "nt",
) -> bool:
    """Return whether to use color on ``stream``: ``color`` if set, else by terminal and NO_COLOR.

    On ``windows``, only for consoles that obey color codes.
    """
    if color is not None:
        return color
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return not windows or any(name in environ for name in _OBEDIENT) or _obeys_codes(stream)


_OBEDIENT = ("WT_SESSION", "ANSICON", "ConEmuANSI")
"""Variables of terminals that do. TERM says nothing on Windows: programs of Cygwin pass theirs on to any console."""

_VIRTUAL_TERMINAL = 4
"""ENABLE_VIRTUAL_TERMINAL_PROCESSING."""


def _obeys_codes(stream: TextIO) -> bool:
    """Return whether a Windows console says that it obeys color codes."""
    ctypes, msvcrt = import_module("ctypes"), import_module("msvcrt")
    try:
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
    except OSError:  # a window that only imitates a terminal
        return False
    mode = ctypes.c_uint32()
    is_console = ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(mode))
    return bool(is_console and mode.value & _VIRTUAL_TERMINAL)


def user_agent() -> str:
    """Return our User-Agent header. pip's own would start programs to find out about the machine."""
    from .. import __version__

    return f"pip-fastupdate/{__version__}"


def closest(word: str, known: Iterable[str], *, cutoff: float = 0.7) -> tuple[str, ...]:
    """Return up to three ``known`` words with a spelling similar to ``word``, the most similar one first.

    ``cutoff`` is the minimum similarity, as for ``difflib.get_close_matches``.
    """
    from difflib import get_close_matches  # only an error needs it

    return tuple(get_close_matches(word, sorted(known), cutoff=cutoff))


def meant(words: Iterable[str], known: Iterable[str]) -> str:
    """Return a hint that names the ``known`` words most similar to ``words``; "" if none is."""
    known = tuple(known)
    found = tuple(dict.fromkeys(each for word in words for each in closest(word, known)))
    return f"try the closest name{'s' if len(found) > 1 else ''}: {', '.join(found)}" if found else ""
