"""Reading the little that planning needs out of a ``METADATA`` file, fast: no e-mail parser, no pip.

The core metadata specification makes it an e-mail header. A header ends at the first line that is neither a
field nor the continuation of one; what follows, often a long description, is not even read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CHUNK = 16 * 1024
_MOST = 256 * _CHUNK
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_END = re.compile(rb"^(?![!-9;-~]*:|[ \t])", re.MULTILINE)
_FIELD = re.compile(rb"^(name|version|requires-dist):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The fields used, stripped and unfolded. Of repeated single fields the first counts, as in an e-mail."""

    name: str | None = None
    version: str | None = None
    requires: tuple[str, ...] = ()


def read(path: str) -> Metadata:
    """The metadata in the file at ``path``. Raises OSError, and UnicodeDecodeError for a field that is not UTF-8."""
    return parse(head(path))


def parse(head: bytes) -> Metadata:
    """The metadata in the first lines of a file; anything after the header is passed over."""
    if b"\r" in head:
        head = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = _END.search(head)
    single: dict[bytes, str] = {}
    requires = []
    for field in _FIELD.finditer(head, 0, end.start() if end else len(head)):
        key, value = field[1].lower(), field[2].decode("utf-8").strip()
        if "\n" in value:
            value = _FOLD.sub(" ", value)
        if key == b"requires-dist":
            requires.append(value)
        else:
            single.setdefault(key, value)
    return Metadata(name=single.get(b"name"), version=single.get(b"version"), requires=tuple(requires))


_LICENSE = re.compile(rb"^license-expression:[ \t]*(.*)$", re.MULTILINE | re.IGNORECASE)


def license_expression(info: Path | None) -> str:
    """The ``License-Expression`` (PEP 639) in a ``.dist-info`` folder; "" where there is none, or no such folder."""
    if info is None:
        return ""
    try:
        data = head(str(info / "METADATA")).replace(b"\r\n", b"\n")
    except OSError:
        return ""
    end = _END.search(data)
    found = _LICENSE.search(data, 0, end.start() if end else len(data))
    return found[1].decode("utf-8", "replace").strip() if found else ""


def head(path: str) -> bytes:
    """The file's first bytes, at least up to the first blank line, sooner than with ``open``. Raises OSError.

    Never more than 4 MiB, and nothing of a pipe: what is installed is input like any other.
    """
    descriptor = os.open(path, _READ)
    try:
        data = os.read(descriptor, _CHUNK)
        while len(data) % _CHUNK == 0 and len(data) < _MOST and b"\n\n" not in data and b"\r\n\r\n" not in data:
            more = os.read(descriptor, _CHUNK)
            if not more:
                break
            data += more
        return data
    finally:
        os.close(descriptor)


def opener(path: str, flags: int) -> int:
    """For ``open``: one that does not wait for the other end of a pipe."""
    return os.open(path, flags | _READ)


_NAME = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"
_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_CLAUSE = (
    rf"(?:(?:[<>]=?|[=!]=)\ *{_RELEASE}(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*"
    rf"|[=!]=\ *{_RELEASE}\.\*|~=\ *[0-9]+\.{_RELEASE})"
)
_HEAD = re.compile(
    rf"{_NAME}\ *(?:\[{_NAME}(?:\ *,\ *{_NAME})*\]\ *)?"
    rf"(\()?\ *(?:{_CLAUSE}(?:\ *,\ *(?=[<>=!~])|(?=[\ )]*\Z)))*(?(1)\ *\))\ *"
)
_VARIABLE = (
    r"(?:python(?:_full)?_version|extra|os_name|sys_platform|implementation_name"
    r"|platform_(?:system|machine|python_implementation))"
)
_MARKER = re.compile(
    rf" *(?:([()])|(and|or)(?= )"
    rf"|({_VARIABLE} *(?:[<>]=?|[=!]=|(?: not)? in(?= )) *(?:\"[^\"\\]*\"|'[^'\\]*')))"
)


_LONGEST = 10_000
_HUGE = re.compile(r"[0-9]{128}")
"""Numbers that Python refuses to read (4300 digits) must not come as far as being compared."""


def is_requirement(text: str) -> bool:
    """Whether ``text`` follows PEP 508, within limits.

    The usual forms are told by their looks, only the others are parsed.
    """
    if len(text) > _LONGEST or _HUGE.search(text):
        return False
    head, semicolon, marker = text.partition(";")
    if _HEAD.fullmatch(head) and (not semicolon or _looks_right(marker)):
        return True
    from ..core.requirements import InvalidRequirement, parse

    try:
        parse(text)
    except (InvalidRequirement, RecursionError):  # parentheses may be nested
        return False
    return True


@cache
def _looks_right(marker: str) -> bool:
    """Whether a marker is made of comparisons in the usual form, ``and``, ``or`` and balanced parentheses."""
    depth, position, after_test = 0, 0, False
    marker = marker.rstrip()
    while position < len(marker):
        token = _MARKER.match(marker, position)
        if token is None or (token[1] == "(" or token[3] is not None) == after_test:
            return False  # a comparison or "(" must not follow a comparison, anything else must
        depth += {"(": 1, ")": -1}.get(token[1] or "", 0)
        if depth < 0:
            return False
        after_test = token[1] == ")" or token[3] is not None
        position = token.end()
    return after_test and depth == 0
