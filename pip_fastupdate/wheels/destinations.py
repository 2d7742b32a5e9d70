"""Where the entries of a wheel go: into site-packages, or by its ``.data`` folder beside it (PEP 427, PEP 491)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..models import Reason
from .archive import Archive, Entry
from .metadata import is_foreign
from .names import about, collisions

Scheme = Literal["lib", "scripts", "headers", "data"]

SCHEMES: Mapping[str, Scheme] = {
    "purelib": "lib",
    "platlib": "lib",
    "scripts": "scripts",
    "headers": "headers",
    "data": "data",
}
"""The keys below ``.data``; purelib and platlib are one folder nearly everywhere."""

_LIBRARY = re.compile(r"(?:lib(?:32|64)?/python[^/]*|lib)/(?:site|dist)-packages/(.+)", re.IGNORECASE)
_STDLIB = re.compile(r"lib(?:32|64)?/python\d[^/]*/.+", re.IGNORECASE)
_SCRIPTS = re.compile(r"(?:bin|scripts)/(.+)", re.IGNORECASE)
_REACHED: tuple[tuple[re.Pattern[str], Scheme], ...] = ((_LIBRARY, "lib"), (_SCRIPTS, "scripts"))
_INTERPRETER = re.compile(r"python[w\d.]*(\.exe)?|(de)?activate(\..+|_this\.py)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file of the wheel and where it goes."""

    entry: Entry
    scheme: Scheme
    path: str
    """Relative to the scheme's folder."""


def items(archive: Archive, stem: str) -> tuple[tuple[Item, ...], list[Reason]]:
    """All files of the wheel, and what is wrong with the places they go to."""
    found: list[Item] = []
    reasons: list[Reason] = []
    for entry in archive.entries:
        if not entry.is_folder:
            item = _item(entry, f"{stem}.data")
            if isinstance(item, Item):
                found.append(item)
                reasons += _faults(item, stem)
            else:
                reasons.append(item)
    return tuple(found), reasons or list(_collisions(found))


def _item(entry: Entry, data: str) -> Item | Reason:
    top, _, path = entry.name.partition("/")
    if top != data:
        return Item(entry=entry, scheme="lib", path=entry.name)
    key, _, path = path.partition("/")
    if key not in SCHEMES or not path:
        return about("data-scheme", "{} is not below a folder that the format knows", entry.name)
    scheme, path = _plain(SCHEMES[key], path)
    return Item(entry=entry, scheme=scheme, path=path)


def _plain(scheme: Scheme, path: str) -> tuple[Scheme, str]:
    """``data`` means the environment's root, so it can reach the folders of the other schemes."""
    if scheme == "data":
        for pattern, reached in _REACHED:
            match = pattern.fullmatch(path)
            if match:
                return reached, match[1]
    return scheme, path


def _faults(item: Item, stem: str) -> Iterator[Reason]:
    name, top = item.entry.name, item.path.split("/", 1)[0]
    if item.scheme == "lib" and item.path != name and (is_foreign(top, stem) or top == f"{stem}.dist-info"):
        yield about("foreign-metadata", "{} would pass for metadata of an installed distribution", name)
    if item.scheme == "data" and (item.path.lower() == "pyvenv.cfg" or _STDLIB.fullmatch(item.path)):
        yield about("interpreter-file", "{} would go among the interpreter's own files", name)
    if item.scheme == "scripts" and is_interpreter(item.path):
        yield about("interpreter-file", "{} would take the place of the interpreter or of its activation script", name)


def is_interpreter(script: str) -> bool:
    """Whether a command of that name belongs to the environment itself."""
    return _INTERPRETER.fullmatch(script) is not None


def _collisions(found: list[Item]) -> Iterator[Reason]:
    """Files that different entries would write, which the names of the entries do not show."""
    if all(item.path == item.entry.name for item in found):
        return
    places: dict[str, list[Item]] = {}
    for item in found:
        places.setdefault(f"{item.scheme}/{item.path}", []).append(item)
    for several in places.values():
        if len(several) > 1:
            yield about("same-destination", "{} goes where another entry goes", several[1].entry.name)
    for reason in collisions(places):
        yield Reason(kind="same-destination", text=reason.text, data=reason.data)
