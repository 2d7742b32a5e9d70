"""Where the entries of a wheel go: into site-packages, or by its ``.data`` directory next to it (PEP 427, PEP 491)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..core.models import Reason
from .archive import Archive, ArchiveEntry
from .closed import Scheme, is_closed, is_own
from .entry_names import collisions
from .metadata import is_foreign
from .refusal import about

SCHEMES: Mapping[str, Scheme] = {
    "purelib": "lib",
    "platlib": "lib",
    "scripts": "scripts",
    "headers": "headers",
    "data": "data",
}
"""The keys below ``.data``; purelib and platlib are the same directory nearly everywhere."""

_LIBRARY = re.compile(r"(?:lib(?:32|64)?/python[^/]*|lib)/(?:site|dist)-packages/(.+)", re.IGNORECASE)
_SCRIPTS = re.compile(r"(?:bin|scripts)/(.+)", re.IGNORECASE)
_LINKED = re.compile(r"lib64/", re.IGNORECASE)
"""Usually a link to ``lib``."""

_REACHED: tuple[tuple[re.Pattern[str], Scheme], ...] = ((_LIBRARY, "lib"), (_SCRIPTS, "scripts"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A file of the wheel and its destination."""

    entry: ArchiveEntry
    scheme: Scheme
    path: str
    """Relative to the scheme's directory."""


def destinations(
    archive: Archive, stem: str, commands: Iterable[str], *, windows: bool
) -> tuple[tuple[Destination, ...], list[Reason]]:
    """Return all files of the wheel, and what is wrong with their destinations; ``windows``: by its rules as well.

    ``commands`` are files that the installer creates among the scripts.
    """
    found: list[Destination] = []
    reasons: list[Reason] = []
    for entry in archive.entries:
        if not entry.is_folder:
            destination = _destination(entry, f"{stem}.data")
            if isinstance(destination, Destination):
                found.append(destination)
                reasons += _faults(destination, stem, windows=windows)
            else:
                reasons.append(destination)
    reasons = reasons or list(_collisions(found))
    for each in sorted(commands):
        if is_closed("scripts", each, windows=windows):
            reasons.append(about("entry-point", "the command {} would replace the interpreter", each))
    return tuple(found), reasons


def _destination(entry: ArchiveEntry, data: str) -> Destination | Reason:
    top, _, path = entry.name.partition("/")
    if top != data:
        return Destination(entry=entry, scheme="lib", path=entry.name)
    key, _, path = path.partition("/")
    if key not in SCHEMES or not path:
        return about("data-scheme", "{} is in a .data directory that the wheel format does not define", entry.name)
    scheme, path = _plain(SCHEMES[key], path)
    return Destination(entry=entry, scheme=scheme, path=path)


def _plain(scheme: Scheme, path: str) -> tuple[Scheme, str]:
    """Return the destination with ``data`` resolved: it is the environment's root, and so contains the other
    schemes.
    """
    if scheme == "data":
        for pattern, reached in _REACHED:
            match = pattern.fullmatch(path)
            if match:
                return reached, match[1]
    return scheme, path


def _faults(destination: Destination, stem: str, *, windows: bool) -> Iterator[Reason]:
    name, top = destination.entry.name, destination.path.split("/", 1)[0]
    if is_own(name):
        yield about("own-folder", "{} would be in the directory of pip-update's own transactions", name)
    if (
        destination.scheme == "lib"
        and destination.path != name
        and (is_foreign(top, stem) or top == f"{stem}.dist-info")
    ):
        yield about("foreign-metadata", "{} would look like metadata of an installed package", name)
    if is_closed(destination.scheme, destination.path, windows=windows):
        yield about("interpreter-file", "{} would be among the files that the interpreter reads at startup", name)


def _collisions(found: list[Destination]) -> Iterator[Reason]:
    """Yield files that several entries would write, which the entries' names do not show."""
    if all(destination.path == destination.entry.name for destination in found):
        return
    places: dict[str, list[Destination]] = {}
    for destination in found:
        places.setdefault(f"{destination.scheme}/{_LINKED.sub('lib/', destination.path)}", []).append(destination)
    for several in places.values():
        if len(several) > 1:
            yield about("same-destination", "{} has the same destination as another entry", several[1].entry.name)
    for reason in collisions(places):
        yield Reason(kind="same-destination", text=reason.text, data=reason.data)
