"""What is kept of an index's answer: per version the files that fit this interpreter, newest version first.

Written with msgspec and read with the standard library: a run that finds everything in the cache imports
neither. The newest versions are text, the rest is compressed and read only where it is asked for.
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
"""Part of every key of the cache: raise it with each change of what ``encode`` writes."""

SDIST = 1 << 20
"""The rank of an sdist: behind every wheel that fits."""

_HEAD = 12
"""Versions that are kept uncompressed: environments are rarely further behind."""


class CompatibleFile(NamedTuple):
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

    hashes: str = ""
    """Other hashes than the sha256: ``sha512=… md5=…``."""

    provenance: str | None = None
    """Where its attestations are (PEP 740)."""


def joined(hashes: Hashes) -> str:
    """The text for ``CompatibleFile.hashes``."""
    return " ".join(f"{''.join(name.split())}={''.join(value.split())}" for name, value in hashes)


def split(text: str) -> Hashes:
    """The hashes that ``joined`` made this text of."""
    pairs = (each.rpartition("=") for each in text.split()) if text else ()
    return tuple((name, value) for name, _, value in pairs)


class VersionRecord(NamedTuple):
    """A version with its files, best first; without any, the rest says why."""

    version: str
    files: list[CompatibleFile]
    python: str | None
    """A ``Requires-Python`` that rules this interpreter out."""

    foreign: str | None
    """Tags of wheels that are for others."""


RawVersion = tuple[Any, ...]
"""An entry, or what it looks like as it is read."""


@dataclass(slots=True, kw_only=True)
class ProjectRecord:
    """An index's answer for one project. Empty where none of the files it lists is one that could be installed."""

    head: Sequence[RawVersion] = ()
    tail: bytes = b""
    """Further rows, compressed."""

    status: ProjectStatus | None = None
    reason: str | None = None
    """Why it has that status (PEP 792)."""

    skipped: str | None = None
    """The newest version that was left out, with all below it; None where all are there."""

    def covers(self, floor: Version | None) -> bool:
        """Whether everything from ``floor`` on is there; None for all versions."""
        return self.skipped is None or (floor is not None and version_of(self.skipped) < floor)

    def entries(self) -> Iterator[VersionRecord]:
        """All of them, newest first."""
        yield from map(_version_record, self.head)
        if self.tail:
            yield from map(_version_record, json.loads(zlib.decompress(self.tail)))


def encode(record: ProjectRecord, entries: list[VersionRecord]) -> bytes:
    """The bytes for the cache; ``entries`` take the place of its own."""
    from msgspec.json import encode as dumps

    said = (record.status, record.reason, record.skipped)
    rest = entries[_HEAD:]
    return dumps((entries[:_HEAD], said)) + b"\n" + (zlib.compress(dumps(rest), 1) if rest else b"")


def decode(body: bytes) -> ProjectRecord:
    """The record that ``encode`` made these bytes of. Raises ValueError where it did not."""
    text, _, tail = body.partition(b"\n")
    head, (status, reason, skipped) = json.loads(text)
    return ProjectRecord(head=head, tail=tail, status=status, reason=reason, skipped=skipped)


def _version_record(row: RawVersion) -> VersionRecord:
    version, files, python, foreign = row
    return VersionRecord(version, [CompatibleFile(*each) for each in files], python, foreign)
