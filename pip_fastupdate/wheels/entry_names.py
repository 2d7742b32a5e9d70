"""The names of entries in a wheel: which of them could lead somewhere else than into the environment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..core.models import Reason

RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{digit}" for device in ("com", "lpt") for digit in "123456789¹²³"]
)

if TYPE_CHECKING:
    from ..core.reasons import ReasonKind, Refusal
"""What Windows takes for a device, whatever the suffix."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, and those that turn the direction of the text around."""

_DRIVE = re.compile(r"[A-Za-z]:")
_WINDOWS_ILLEGAL = re.compile(r'[<>:"|?*]')


class Refused(Exception):
    """A wheel that must not be unpacked; ``reasons`` say why, each with its own kind."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def shown(name: str) -> str:
    """The name for people: quoted, without anything a terminal would obey, and not endless."""
    return repr(name if len(name) <= 120 else f"{name[:117]}...")


def about(kind: ReasonKind, text: str, file: str) -> Reason:
    """A reason that concerns one entry; the first ``{}`` in ``text`` stands for its name."""
    return Reason(kind=kind, text=text.replace("{}", shown(file), 1), data={"file": file})


def fault(name: str, *, windows: bool) -> Reason | None:
    """What is wrong with the name of an entry (a trailing slash makes it a folder); None when nothing is.

    ``windows`` refuses also what only Windows cannot store.
    """
    parts = name.removesuffix("/").split("/")
    findings: tuple[tuple[object, Refusal, str], ...] = (
        (_CONTROL.search(name), "control-character", "the name {} holds control characters"),
        ("\\" in name, "backslash", "the name {} holds a backslash, a folder's separator on Windows"),
        (name.startswith("/") or _DRIVE.match(name), "absolute-path", "{} is an absolute path"),
        (".." in parts, "path-escape", "{} leads out of the environment"),
        ("." in parts or "" in parts, "unclean-path", "the name {} is not in its plain form"),
        (windows and any(map(_illegal_on_windows, parts)), "windows-name", "{} is no legal name on Windows"),
    )
    return next((about(kind, text, name) for found, kind, text in findings if found), None)


def _illegal_on_windows(part: str) -> bool:
    stem = part.partition(".")[0].rstrip(" ").lower()
    return bool(_WINDOWS_ILLEGAL.search(part)) or part.endswith((".", " ")) or stem in RESERVED


def folded(name: str) -> str:
    """What file systems that fold case or normalize Unicode (macOS, Windows) may take the name for."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def collisions(names: Iterable[str]) -> Iterator[Reason]:
    """The entries that would be written over one another; folders (a trailing slash) may be named again and again."""
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
        yield about("file-and-folder", "{} is a file, and a folder of other entries", files[key])


def _twice(name: str, former: str) -> Reason:
    if name == former:
        return about("duplicate-entry", "{} is in the archive twice", name)
    text = f"{shown(name)} and {shown(former)} are the same file where case or Unicode forms do not count"
    return Reason(kind="case-collision", text=text, data={"file": name, "other": former})
