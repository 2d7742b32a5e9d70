"""What is kept of an index's answer: per version the files that fit this interpreter, newest version first.

Written with msgspec and read with the standard library: a run that finds everything in the cache imports
neither. The newest versions are text, the rest is compressed and read only where it is asked for.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .filenames import Build, Key, build_tag, order_key, sdist_version, wheel_project
from .interpreter import FOREIGN, MALFORMED, Interpreter

SCHEMA = 1
"""Part of every key of the cache: raise it with each change of what ``encode`` writes."""

SDIST = 1 << 20
"""The rank of an sdist: behind every wheel that fits."""

_HEAD = 12
"""Versions that are kept uncompressed: environments are rarely further behind."""


class Item(NamedTuple):
    """A file that this interpreter could install."""

    filename: str
    url: str
    """Absolute, without credentials and fragment."""

    sha256: str | None
    size: int | None
    metadata: bool | str | None
    """Whether there is a sidecar (PEP 658), or its sha256; None where the index does not say."""

    yanked: str | None
    uploaded: str | None
    rank: int
    """Less is better; ``SDIST`` for an sdist."""


class Entry(NamedTuple):
    """A version with its files, best first; without any, the rest says why."""

    version: str
    items: list[Item]
    python: str | None
    """A ``Requires-Python`` that rules this interpreter out."""

    foreign: str | None
    """Tags of wheels that are for others."""


Row = tuple[Any, ...]
"""An entry, or what it looks like as it is read."""


class Vulnerability(NamedTuple):
    """A known vulnerability of the version ``Digest.latest``."""

    id: str
    aliases: list[str]
    fixed_in: list[str]


@dataclass(slots=True, kw_only=True)
class Digest:
    """An index's answer for one project. Empty where the index lists the project, but no file of it."""

    head: Sequence[Row] = ()
    tail: bytes = b""
    """Further rows, compressed."""

    latest: str | None = None
    """The version that ``requires`` and ``vulnerabilities`` are about."""

    requires: list[str] | None = None
    vulnerabilities: list[Vulnerability] = field(default_factory=list)
    status: str | None = None
    reason: str | None = None
    """Why it has that status (PEP 792)."""

    def entries(self) -> Iterator[Entry]:
        """All of them, newest first."""
        yield from map(_entry, self.head)
        if self.tail:
            yield from map(_entry, json.loads(zlib.decompress(self.tail)))


class Listed(Protocol):
    """A file as an index lists it, with as much as is needed to judge it."""

    @property
    def filename(self) -> str:
        """Unquoted, without any folder."""

    @property
    def requires_python(self) -> str | None:
        """The specifier; None or "" where it does not matter."""


File = TypeVar("File", bound=Listed)


def encode(digest: Digest, entries: list[Entry]) -> bytes:
    """The bytes for the cache; ``entries`` take the place of the digest's own."""
    from msgspec.json import encode as dumps

    said = (digest.latest, digest.requires, digest.vulnerabilities, digest.status, digest.reason)
    rest = entries[_HEAD:]
    return dumps((entries[:_HEAD], said)) + b"\n" + (zlib.compress(dumps(rest), 1) if rest else b"")


def decode(body: bytes) -> Digest:
    """The digest that ``encode`` made these bytes of. Raises ValueError where it did not."""
    text, _, tail = body.partition(b"\n")
    head, (latest, requires, vulnerabilities, status, reason) = json.loads(text)
    return Digest(
        head=head,
        tail=tail,
        latest=latest,
        requires=requires,
        vulnerabilities=[Vulnerability(*each) for each in vulnerabilities],
        status=status,
        reason=reason,
    )


def _entry(row: Row) -> Entry:
    version, items, python, foreign = row
    return Entry(version, [Item(*each) for each in items], python, foreign)


def collect(
    project: str, files: Iterable[File], item: Callable[[File, int], Item], interpreter: Interpreter, *, sdists: bool
) -> list[Entry]:
    """The entries of a project, newest first, of all files that an index lists, in its order.

    ``item`` makes what is kept of a file, with its rank. Without ``sdists`` those are left out where a wheel fits.
    Whose name is malformed, or another project's, is skipped, as pip does.
    """
    shelf: _Shelf[File] = _Shelf(project, interpreter)
    for file in files:
        if file.filename.endswith(".whl"):
            shelf.add_wheel(file)
        else:
            shelf.add_sdist(file)
    slots = sorted(shelf.slots(), key=lambda slot: slot.key, reverse=True)
    return [_close(slot, item, sdists=sdists) for slot in slots]


class _Slot(Generic[File]):
    """The files of one version."""

    __slots__ = ("foreign", "key", "python", "sdists", "text", "wheels")

    def __init__(self, text: str, key: Key) -> None:
        self.text = text
        self.key = key
        self.wheels: list[tuple[int, Build, File]] = []
        self.sdists: list[File] = []
        self.python: str | None = None
        self.foreign: list[list[str]] = []


class _Shelf(Generic[File]):
    """Sorts files by their versions. Runs for every file of an index's answer: kept tight."""

    def __init__(self, project: str, interpreter: Interpreter) -> None:
        self._project = project
        self._interpreter = interpreter
        self._by_text: dict[str, _Slot[File] | None] = {}
        self._by_key: dict[Key, _Slot[File]] = {}

    def slots(self) -> Iterable[_Slot[File]]:
        """One for each version: ``1.0`` and ``1.0.0`` are the same one."""
        return self._by_key.values()

    def _slot(self, text: str) -> _Slot[File] | None:
        if text not in self._by_text:
            key = order_key(text)
            self._by_text[text] = None if key is None else self._by_key.setdefault(key, _Slot(text, key))
        return self._by_text[text]

    def add_wheel(self, file: File) -> None:
        parts = file.filename[:-4].split("-")
        build: Build | None = ()
        if len(parts) == 6:
            build = build_tag(parts.pop(2))
        if len(parts) != 5 or build is None or wheel_project(parts[0]) != self._project:
            return
        rank = self._interpreter.rank(parts[2], parts[3], parts[4])
        slot = self._slot(parts[1]) if rank != MALFORMED else None
        if slot is None:
            return
        if not self._interpreter.runs(file.requires_python):
            slot.python = slot.python or file.requires_python
        elif rank == FOREIGN:
            slot.foreign.append(parts)
        else:
            slot.wheels.append((rank, build, file))

    def add_sdist(self, file: File) -> None:
        version = sdist_version(file.filename, self._project, self._interpreter.short)
        slot = self._slot(version) if version else None
        if slot is None:
            return
        if not self._interpreter.runs(file.requires_python):
            slot.python = slot.python or file.requires_python
        else:
            slot.sdists.append(file)


def _close(slot: _Slot[File], item: Callable[[File, int], Item], *, sdists: bool) -> Entry:
    wheels = slot.wheels
    if len(wheels) > 1:
        wheels.sort(key=lambda each: each[1], reverse=True)
        wheels.sort(key=lambda each: each[0])
    items = _useful([item(file, rank) for rank, _, file in wheels])
    if sdists or not items:
        items += _useful([item(file, SDIST) for file in slot.sdists])
    fits = bool(wheels)
    return Entry(slot.text, items, None if items else slot.python, None if fits else _summary(slot.foreign))


def _useful(items: list[Item]) -> list[Item]:
    """Those that could ever be chosen: a lesser one counts only where the better is yanked or was uploaded later."""
    kept: list[Item] = []
    for item in items:
        if not any(_beats(better, item) for better in kept):
            kept.append(item)
    return kept


def _beats(better: Item, item: Item) -> bool:
    if better.yanked is not None and item.yanked is None:
        return False
    return better.uploaded is None or (item.uploaded is not None and better.uploaded <= item.uploaded)


def _summary(foreign: list[list[str]]) -> str | None:
    tags = sorted({"-".join(parts[2:]) for parts in foreign})
    more = f" and {len(tags) - 2} more" if len(tags) > 2 else ""
    return ", ".join(tags[:2]) + more if tags else None
