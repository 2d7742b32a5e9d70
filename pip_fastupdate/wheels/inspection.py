"""Inspects a wheel before anything is unpacked: reasons to refuse it, and things the user should know.

The ``kind`` of a reason says why a wheel is refused (``core.reasons``: ``Refusal``; ``News`` are warnings). Each is
found in its module:

- ``zip_structure``: what is not a zip archive, contradicts itself or hides data
- ``archive``: size, compression, kinds of entries, checksums
- ``entry_names.name_fault``: names of files in the archive, and of commands; ``collisions`` there: names that clash
- ``metadata``: the .dist-info directory; ``entry_points``: the commands that it declares
- ``destinations``: where files and commands go
- ``record``: RECORD compared with the archive
- ``warnings``: what is new to the environment
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..core.cache_folder import CAREFUL, is_trusted_file, touch
from ..core.files import create, part_of
from ..core.hashes import WEAK
from ..core.models import Reason, Release
from ..core.threads.gil_turns import Turns
from . import record
from .archive import Archive, Limits
from .destinations import Destination, destinations
from .metadata import WheelMetadata, read
from .refusal import Refused, several
from .warnings import Commands, InstalledFiles, Owners, news, system_command

__all__ = ["Inspection", "InstalledFiles", "Limits", "inspect"]

CONTENT_SCHEMA = 1
"""Increment it whenever content (``record.read_content``) is checked more strictly: earlier results become invalid.

Names, metadata and destinations are checked every time.
"""

MOST = 20
"""Maximum number of reasons given; a hostile wheel may have one per entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of an inspection. With ``refusals`` the wheel must not be installed, and the other fields are
    empty.
    """

    refusals: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    requires: tuple[str, ...]
    """The raw ``Requires-Dist`` fields."""

    requires_python: str | None
    version: str
    rows: Mapping[str, record.RecordRow] = field(default_factory=dict, repr=False, compare=False)
    """RECORD by file name, without the rows that the files do not match."""

    unpack: Callable[[str], Iterable[bytes]] | None = field(default=None, repr=False, compare=False)
    """The content of a file by its name in the wheel, in pieces; only while the inspected stream is open.

    What was kept of it in memory is given away: asked once more, it is unpacked.
    """


def inspect(
    path: Path,
    release: Release,
    *,
    before: InstalledFiles | None,
    owners: Owners,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    commands: Commands = system_command,
    stream: BinaryIO | None = None,
    turns: Turns | None = None,
) -> Inspection:
    """Inspect the wheel at ``path``, which should be ``release``. Never raises for what the wheel contains.

    ``before`` is the installed version that it would replace, None for an addition. ``owners`` returns the installed
    distribution that owns a script, ``commands`` the path of a command outside the environment. Reads the whole wheel,
    at most once for one cached under its hash. ``stream`` is the same file, open; ``turns`` are those that the thread
    is at work in. May be called from many threads.
    """
    try:
        with Archive(stream or path, limits) as archive:
            checked = _checked(archive, path, release, limits, turns)
    except Refused as refusal:
        return _refusal(release, *refusal.reasons[:MOST])
    except OSError as error:
        return _refusal(release, Reason(kind="unreadable", text=f"could not read {path}: {error.strerror or error}"))
    metadata = checked.metadata
    arriving = news(
        checked.destinations, metadata.scripts, name=release.name, before=before, owners=owners, commands=commands
    )
    return Inspection(
        refusals=(),
        warnings=(*_unverified(release), *checked.oddities, *arriving),
        requires=metadata.requires,
        requires_python=metadata.requires_python,
        version=metadata.version,
        rows=checked.rows,
        unpack=None if stream is None else partial(_unpacked, archive, checked.contents),
    )


def _unpacked(archive: Archive, contents: dict[str, Sequence[bytes]], name: str) -> Iterable[bytes]:
    """Return the content, as it was read for verification if it is kept. Raises KeyError, OSError, Refused."""
    content = contents.pop(name, None)
    return archive.pieces(name) if content is None else content


def _refusal(release: Release, *reasons: Reason) -> Inspection:
    return Inspection(refusals=reasons, warnings=(), requires=(), requires_python=None, version=str(release.version))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A wheel that may be installed."""

    metadata: WheelMetadata
    destinations: tuple[Destination, ...]
    oddities: Sequence[Reason]
    """Of its RECORD."""

    rows: Mapping[str, record.RecordRow]
    """RECORD's, without those that the files do not match."""

    contents: dict[str, Sequence[bytes]]
    """What was read of its files and kept."""


def _checked(archive: Archive, path: Path, release: Release, limits: Limits, turns: Turns | None) -> _Checked:
    """Read the wheel, its files too unless it is known that they passed. Raises Refused."""
    filename = release.file.filename if release.file and release.file.is_wheel else path.name  # built from an sdist
    metadata = read(archive, filename, release.name, release.version, limits)
    found, faults = destinations(archive, metadata.stem, metadata.scripts, windows=limits.windows)
    if faults:
        raise Refused(*faults)
    rows = record.parse(archive.read(f"{metadata.stem}.dist-info/RECORD", 4 * limits.metadata))
    notes = _check_record(archive, rows, f"{metadata.stem}.dist-info/RECORD", verified=_is_verified(release))
    marker = _marker(path, release)
    content = record.Content(faults=(), read={}) if _is_marked(marker) else record.read_content(archive, rows, turns)
    if content.faults and not _is_verified(release):
        raise Refused(*content.faults)
    if not content.faults:
        _mark(marker)
    wrong = {each.data["file"] for each in content.faults}
    right = {path: row for path, row in rows.items() if path not in wrong} if wrong else rows
    return _Checked(
        metadata=metadata,
        destinations=found,
        oddities=[*notes, *record.differing(content.faults)],
        rows=right,
        contents=content.read,
    )


def _check_record(archive: Archive, rows: Mapping[str, record.RecordRow], own: str, *, verified: bool) -> list[Reason]:
    """Return what is odd about RECORD (called ``own``). Raises Refused if that is too much."""
    listing = record.listing(archive, rows, own, verified=verified)
    if listing.faults:
        raise Refused(*listing.faults)
    unhashed = record.unhashed(archive, rows, own)
    found = [several("record-no-hash", "RECORD has no hash for {}", unhashed)] if unhashed else []
    return [*found, *listing.warnings]


def _is_verified(release: Release) -> bool:
    """Return whether an unforgeable hash proves that this is the published archive, or it is the user's own file."""
    file = release.file
    if file is None or not file.is_wheel:  # just built from an sdist
        return True
    return file.url.lower().startswith("file:") or any(name not in WEAK for name, _ in file.all_hashes)


def _marker(path: Path, release: Release) -> Path | None:
    """Return the file recording that this content passed inspection; None for a wheel not cached under its hash."""
    sha256 = release.file.sha256 if release.file else None
    return path.with_name(f"{path.name}.ok") if sha256 is not None and path.parent.name == sha256 else None


def _is_marked(marker: Path | None) -> bool:
    if marker is None:
        return False
    try:
        with open(os.open(marker, os.O_RDONLY | CAREFUL), "rb") as file:  # noqa: PTH123 - a descriptor
            found = file.read(200) if is_trusted_file(os.fstat(file.fileno())) else b""
    except OSError:
        return False
    touch(marker)
    return found == _mark_of(marker)


def _mark(marker: Path | None) -> None:
    if marker is not None and not _is_marked(marker):
        temporary = part_of(marker)
        with suppress(OSError):  # a cache that is not writable costs time, nothing else
            with open(create(os.fspath(temporary), 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(_mark_of(marker))
            temporary.replace(marker)  # in place of a link, should there be one


def _mark_of(marker: Path) -> bytes:
    return f"{CONTENT_SCHEMA} {marker.parent.name}\n".encode()


def _unverified(release: Release) -> Iterator[Reason]:
    hashes = release.file.all_hashes if release.file else ()
    if not hashes:
        yield Reason(kind="no-hash", text="the index gives no hash for its file, so it could not be verified")
    elif hashes[0][0] in WEAK:
        text = f"the index gives only a {hashes[0][0]} hash for its file, which detects damage but not tampering"
        yield Reason(kind="weak-hash", text=text)
