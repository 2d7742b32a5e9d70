"""What a ``.dist-info`` directory lists: RECORD's rows and the scripts of its entry points, unchanged.

All of it is input: damaged, huge, or not written by an installer.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..core.entry_points import script_names
from ..core.files import content as content_of
from ..core.files import without_waiting

_MOST = 64 * 1024 * 1024
"""Bytes: larger files are not RECORDs."""


def content(info: Path, name: str) -> bytes:
    """Return a file of a ``.dist-info`` directory; b"" if it is missing or unreadable."""
    try:
        return content_of(f"{info}{os.sep}{name}", _MOST)
    except OSError:  # such a distribution is skipped, but its files may still be asked for: nothing is known
        return b""


def rows(info: Path) -> dict[str, str]:
    """Return the paths in RECORD, and the hash of each, unchanged (``sha256=…``; "" for none)."""
    raw = content(info, "RECORD")
    found = _parsed(os.fsdecode(raw))
    if not raw.isascii() and sys.getfilesystemencoding() != "utf-8":  # its names may have been written either way
        found = {**_parsed(raw.decode("utf-8", "surrogateescape")), **found}
        found = {path: digest for path, digest in found.items() if _is_nameable(path)}
    return found


def _parsed(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if os.sep != "/":
        text = text.replace(os.sep, "/")
    reader = csv.reader([line for line in text.splitlines() if "\0" not in line])
    while True:
        try:
            for row in reader:
                if len(row) > 1 and row[0]:
                    found[row[0]] = row[1]
                elif row and row[0]:
                    found[row[0]] = ""
            return found
        except csv.Error:  # in this row; those after it may be sound
            continue


def stated_size(record: str) -> int:
    """Return the bytes of all files whose size a RECORD states."""
    sizes = (line.rpartition(",")[2].strip('"') for line in record.splitlines())
    return sum(int(each) for each in sizes if each.isdecimal() and len(each) < 16)


def _is_nameable(path: str) -> bool:
    """Return whether the file system's encoding has the characters of a path."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def files_of_egg(info: Path) -> frozenset[str]:
    """Return what setup.py recorded for its installation, as RECORD would; ``info`` is its ``.egg-info`` directory."""
    if info.suffix != ".egg-info":
        return frozenset()
    names = os.fsdecode(content(info, "installed-files.txt")).splitlines()
    return frozenset(f"{info.name}/{name}" for name in names if name and "\0" not in name)


def matches(path: str, digest: str) -> bool:
    """Return whether a file matches RECORD's ``digest`` (``sha256=…``, base64 without padding). False for no digest."""
    algorithm, _, expected = digest.partition("=")
    if algorithm not in _ALGORITHMS or not expected:
        return False
    found = hashlib.new(algorithm)
    try:
        with open(path, "rb", opener=without_waiting) as file:
            while chunk := file.read(1 << 20):
                found.update(chunk)
    except OSError:
        return False
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=") == expected.rstrip("=").encode("ascii", "replace")


_ALGORITHMS = frozenset(("sha256", "sha384", "sha512"))


def entry_points(info: Path) -> Iterator[str]:
    """Return the names of the console and GUI scripts of the distribution described by the directory ``info``."""
    names = script_names(content(info, "entry_points.txt").decode("utf-8", "replace"))
    return (name for name in names if _is_nameable(name))
