"""The JSON API: one answer tells nearly everything of a project (``/pypi/NAME/json``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .digest import Digest, Entry, Item, Vulnerability, encode
from .filenames import Key, order_key
from .interpreter import Interpreter
from .shelf import Shelf
from .urls import Base

if TYPE_CHECKING:
    from msgspec import Raw
    from packaging.version import Version

    from .answers import Reply
    from .decoding import Hashes, WarehouseFile

_SPARE = 8
"""Releases that are kept at least: the cache serves other environments, too."""


class Warehouse:
    """The JSON API that stands beside a simple index."""

    accept = "application/json"

    def __init__(self, root: str, interpreter: Interpreter, *, sdists: bool) -> None:
        """``root`` ends in ``/pypi/``; ``sdists`` are kept beside wheels."""
        self._root = root
        self._interpreter = interpreter
        self._sdists = sdists

    @classmethod
    def beside(cls, index_url: str, interpreter: Interpreter, *, sdists: bool) -> Warehouse | None:
        """The JSON API of a simple index; None where the URL's shape tells of none."""
        root, simple, rest = index_url.rstrip("/").rpartition("/simple")
        if not simple or rest or not root.startswith(("http://", "https://")):
            return None
        return cls(f"{root}/pypi/", interpreter, sdists=sdists)

    def page(self, name: str) -> str:
        """The URL that describes the project."""
        return f"{self._root}{name}/json"

    def digest(self, name: str, reply: Reply, floor: Version | None = None) -> bytes:
        """What to keep of a successful answer: releases from ``floor`` on, and some more. Raises ValueError."""
        from msgspec import UnsetType

        from .decoding import warehouse

        body = warehouse(reply.body)
        shelf: Shelf[WarehouseFile] = Shelf(name, self._interpreter)
        skipped = _fill(shelf, body.releases or {}, order_key(str(floor)) if floor else None)
        base = Base(reply.url)
        entries = shelf.entries(lambda file, rank: _item(file, rank, base), sdists=self._sdists)
        version, requires = body.info.version, body.info.requires_dist
        said = Digest(
            latest=version if version and order_key(version) else None,
            requires=None if isinstance(requires, UnsetType) else requires,
            told=not isinstance(requires, UnsetType),
            announces=_announces(entries, reply.body),
            vulnerabilities=[Vulnerability(each.id, each.aliases, each.fixed_in) for each in body.vulnerabilities],
            skipped=skipped,
        )
        return encode(said, entries)


def _fill(shelf: Shelf[WarehouseFile], releases: Mapping[str, Raw], floor: Key | None) -> str | None:
    """Put the releases from ``floor`` on into the shelf, and some more; returns the first version left out, if any.

    Whether there is a final release that fits decides about pre-releases: until one is found, it goes on.
    """
    from .decoding import files

    keys = {version: order_key(version) for version in releases}
    odd = [version for version, key in keys.items() if key is None]
    ordered = sorted(((key, version) for version, key in keys.items() if key), reverse=True)
    for file in (file for version in odd for file in files(releases[version])):
        shelf.add(file)
    for count, (key, version) in enumerate(ordered):
        if floor is not None and count >= _SPARE and key < floor and shelf.final:
            return version
        for file in files(releases[version]):
            shelf.add(file)
    return None


def _announces(entries: Iterable[Entry], body: bytes) -> bool:
    """Whether the index says of any file that it has read its metadata; mostly it does of one that fits."""
    said = any(item.metadata is not None for entry in entries for item in entry.items)
    return said or b'"core-metadata"' in body


def _item(file: WarehouseFile, rank: int, base: Base) -> Item:
    return Item(
        file.filename,
        base.join(file.url),
        file.digests.sha256,
        file.size,
        sidecar(file.metadata),
        (file.yanked_reason or "") if file.yanked else None,
        file.uploaded,
        rank,
    )


def sidecar(said: Hashes | bool | None) -> bool | str | None:
    """What ``core-metadata`` (PEP 714) tells of the sidecar: its sha256, whether it is there, or None for nothing."""
    if said is None or isinstance(said, bool):
        return said
    return said.sha256 or True
