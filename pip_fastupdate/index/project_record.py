"""The cached form of an index response: compatible files per version, newest version first.

Written with msgspec and read with the standard library: a run that finds everything cached imports neither. The newest
versions are text, the rest is compressed and read only if needed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import Version

from ..core.hashes import Hashes
from .filenames import version_of

if TYPE_CHECKING:
    from ..core.models import ProjectStatus

SCHEMA = 3
"""Part of every cache key: increment it with each change of what ``encode`` writes."""

SDIST = 1 << 20
"""The rank of an sdist: after every compatible wheel."""

_HEAD = 12
"""Versions kept uncompressed: environments are rarely further behind."""


class CompatibleFile(NamedTuple):
    """A file that this interpreter could install."""

    filename: str
    url: str
    """Absolute, without credentials and fragment."""

    sha256: str | None
    size: int | None
    metadata: bool | str | None
    """Whether there is a sidecar (PEP 658), or its sha256; None if the index does not say."""

    yanked: str | None
    uploaded: str | None
    rank: int
    """Less is better; ``SDIST`` for an sdist."""

    hashes: str = ""
    """Hashes other than the sha256: ``sha512=… md5=…``."""

    provenance: str | None = None
    """The URL of its attestations (PEP 740)."""


def joined(hashes: Hashes) -> str:
    """Return the text for ``CompatibleFile.hashes``."""
    return " ".join(f"{''.join(name.split())}={''.join(value.split())}" for name, value in hashes)


def split(text: str) -> Hashes:
    """Return the hashes from which ``joined`` made this text."""
    pairs = (each.rpartition("=") for each in text.split()) if text else ()
    return tuple((name, value) for name, _, value in pairs)


class VersionRecord(NamedTuple):
    """A version with its files, best first; if there are none, the other fields say why."""

    version: str
    files: list[CompatibleFile]
    python: str | None
    """A ``Requires-Python`` that excludes this interpreter."""

    foreign: str | None
    """Tags of wheels for others."""


RawVersion = tuple[Any, ...]
"""An entry as it is read."""


@dataclass(slots=True, kw_only=True)
class ProjectRecord:
    """An index response for one project. Empty if it lists no installable file."""

    head: Sequence[RawVersion] = ()
    tail: bytes = b""
    """Further rows, compressed."""

    status: ProjectStatus | None = None
    reason: str | None = None
    """Why it has that status (PEP 792)."""

    skipped: str | None = None
    """The newest version dropped, with all below it; None if all are included."""

    def covers(self, floor: Version | None) -> bool:
        """Return whether everything from ``floor`` on is included; None for all versions."""
        return self.skipped is None or (floor is not None and version_of(self.skipped) < floor)

    def entries(self) -> Iterator[VersionRecord]:
        """Return all of them, newest first."""
        yield from map(_version_record, self.head)
        if self.tail:
            yield from map(_version_record, json.loads(zlib.decompress(self.tail)))


def encode(record: ProjectRecord, entries: list[VersionRecord]) -> bytes:
    """Return the bytes for the cache; ``entries`` replace its own."""
    from msgspec.json import encode as dumps

    said = (record.status, record.reason, record.skipped)
    rest = entries[_HEAD:]
    return dumps((entries[:_HEAD], said)) + b"\n" + (zlib.compress(dumps(rest), 1) if rest else b"")


def decode(body: bytes) -> ProjectRecord:
    """Return the record from which ``encode`` made these bytes. Raises ValueError otherwise."""
    text, _, tail = body.partition(b"\n")
    head, (status, reason, skipped) = json.loads(text)
    return ProjectRecord(head=head, tail=tail, status=status, reason=reason, skipped=skipped)


def _version_record(row: RawVersion) -> VersionRecord:
    version, files, python, foreign = row
    return VersionRecord(version, [CompatibleFile(*each) for each in files], python, foreign)
