"""The names of entries in a wheel: which of them could lead outside the environment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..core.models import Reason
from .refusal import about, shown

if TYPE_CHECKING:
    from ..core.reasons import Refusal

RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{digit}" for device in ("com", "lpt") for digit in "123456789¹²³"]
)
"""Names that Windows treats as devices, with any suffix."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, and those that change the direction of the text."""

_DRIVE = re.compile(r"[A-Za-z]:")
_WINDOWS_ILLEGAL = re.compile(r'[<>:"|?*]')


def name_fault(name: str, *, windows: bool) -> Reason | None:
    """Return what is wrong with an entry's name (a trailing slash marks a directory); None if nothing is.

    ``windows`` also refuses what only Windows cannot store.
    """
    parts = name.removesuffix("/").split("/")
    findings: tuple[tuple[object, Refusal, str], ...] = (
        (_CONTROL.search(name), "control-character", "the name {} contains control characters"),
        ("\\" in name, "backslash", "the name {} contains a backslash, a directory separator on Windows"),
        (name.startswith("/") or _DRIVE.match(name), "absolute-path", "{} is an absolute path"),
        (".." in parts, "path-escape", "{} points outside the environment"),
        ("." in parts or "" in parts, "unclean-path", "the path {} is not normalized"),
        (windows and any(map(_illegal_on_windows, parts)), "windows-name", "{} is not a valid file name on Windows"),
    )
    return next((about(kind, text, name) for found, kind, text in findings if found), None)


def _illegal_on_windows(part: str) -> bool:
    stem = part.partition(".")[0].rstrip(" ").lower()
    return bool(_WINDOWS_ILLEGAL.search(part)) or part.endswith((".", " ")) or stem in RESERVED


def folded(name: str) -> str:
    """Return the name as file systems that fold case or normalize Unicode (macOS, Windows) may read it."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def collisions(names: Iterable[str]) -> Iterator[Reason]:
    """Yield entries that would overwrite one another; directories (a trailing slash) may be repeated."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        key = folded(name.removesuffix("/"))
        parent = key.rpartition("/")[0]
        while parent and parent not in folders:
            folders[parent] = name
            parent = parent.rpartition("/")[0]
        if name.endswith("/"):
            folders.setdefault(key, name)
        elif key in files:
            yield _twice(name, files[key])
        else:
            files[key] = name
    for key in sorted(files.keys() & folders.keys()):
        yield about("file-and-folder", "{} is both a file and a directory", files[key])


def _twice(name: str, former: str) -> Reason:
    if name == former:
        return about("duplicate-entry", "{} is in the archive twice", name)
    text = (
        f"{shown(name)} and {shown(former)} are the same file on case-insensitive or Unicode-normalizing file systems"
    )
    return Reason(kind="case-collision", text=text, data={"file": name, "other": former})
