"""RECORD, the list of a wheel's files with their hashes (binary distribution format; PEP 376, PEP 427)."""

from __future__ import annotations

import csv
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.models import Reason
from ..core.threads.gil_turns import Turns, aside
from .archive import Archive, ArchiveEntry
from .entry_names import name_fault
from .refusal import Refused, about, several

if TYPE_CHECKING:
    from ..core.reasons import News, Refusal

ALGORITHMS = ("sha256", "sha384", "sha512")
"""The format excludes anything weaker than sha256; md5 and sha1 by name."""

KEPT = 4 * 1024**2
"""Bytes of a wheel's content kept in memory, so that they need not be read again; several wheels are read at a time."""

SIGNATURES = (".jws", ".p7s")
"""RECORD's signatures, made after it and so not listed in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """What RECORD says about one file."""

    algorithm: str
    """Empty without a hash."""

    digest: str
    """URL-safe base64 without padding."""

    size: int | None


def parse(content: bytes) -> dict[str, RecordRow]:
    """Return the rows by file name, read as leniently as pip does. Raises Refused."""
    rows: dict[str, RecordRow] = {}
    beginnings: list[str] = []
    try:
        for fields in csv.reader(content.decode().splitlines()):
            path, digest, size = _columns(fields)
            row = _row(digest, size)
            if rows.setdefault(path, row) != row:
                raise Refused(about("record-duplicate", "RECORD lists {} twice with different values", path))
            if fields and path != (beginning := _with_slashes(fields[0])):
                beginnings.append(beginning)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise Refused(Reason(kind="record-broken", text=f"could not read RECORD: {error}")) from None
    for each in beginnings:  # that is what pip lists as installed
        rows.setdefault(each, _row("", ""))
    return rows


def _columns(fields: Sequence[str]) -> tuple[str, str, str]:
    """Return path, hash and size of a row, which may have fewer or more columns.

    Some build tools wrote names with commas without quotes (wheel 0.32, Poetry 1.0, hatchling until 1.10), others wrote
    the separators of Windows.
    """
    if len(fields) > 3 and _algorithm(fields[-2]) in ALGORITHMS and _algorithm(fields[1]) not in ALGORITHMS:
        fields = (",".join(fields[:-2]), *fields[-2:])
    path, digest, size = (*fields, "", "", "")[:3]
    return _with_slashes(path), digest, size


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def _algorithm(digest: str) -> str:
    return digest.partition("=")[0].lower()


def _row(digest: str, size: str) -> RecordRow:
    value = digest.partition("=")[2].rstrip("=")
    return RecordRow(algorithm=_algorithm(digest), digest=value, size=int(size) if size.strip() else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The differences between RECORD and the archive in the files they list."""

    faults: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    """Differences that pip ignores: it adds what is missing to the installed RECORD, and keeps the rest."""


def listing(archive: Archive, rows: Mapping[str, RecordRow], own: str, *, verified: bool) -> Listing:
    """Compare RECORD (called ``own``) with the archive.

    ``verified``: the archive is known to be the published one, so a build tool forgot a file that RECORD lacks.
    Otherwise another person may have added it since.
    """
    exempt = {own, *(own + suffix for suffix in SIGNATURES)}
    unlisted = [
        each.name for each in archive.entries if not (each.is_folder or each.name in rows or each.name in exempt)
    ]
    absent = [path for path in rows if path not in archive or path.endswith("/")]
    folders, absent = _folders(archive, absent) if absent else ([], [])
    tops = {each.name.partition("/")[0] for each in archive.entries} if absent else set()
    phantoms = [
        path
        for path in absent
        if verified and path.partition("/")[0] in tops and name_fault(path, windows=False) is None
    ]
    faults = [
        about("record-algorithm", f"RECORD has no supported hash for {{}}, only {row.algorithm[:20]!r}", path)
        for path, row in rows.items()
        if row.algorithm not in ("", *ALGORITHMS) and path not in exempt and path not in folders
    ]
    # Not harmless: whoever uninstalls the wheel later removes what RECORD lists.
    outside = [path for path in absent if path not in set(phantoms)]
    faults += [about("record-absent", "RECORD lists {}, which is not in the wheel", path) for path in outside]
    if not verified:
        faults += [about("not-in-record", "RECORD does not list {}", name) for name in unlisted]
        unlisted = []
    noted: tuple[tuple[News | Refusal, str, list[str]], ...] = (
        ("record-incomplete", "RECORD does not list {}", unlisted),
        ("record-folder", "RECORD lists the directory {}", folders),
        ("record-absent", "RECORD lists {}, which is not in the wheel", phantoms),
    )
    return Listing(faults=tuple(faults), warnings=tuple(several(*each) for each in noted if each[2]))


def _folders(archive: Archive, paths: list[str]) -> tuple[list[str], list[str]]:
    """Return which of the paths are directories in the archive, and which do not exist in it."""
    known: set[str] = set()
    for entry in archive.entries:
        parent = entry.name.removesuffix("/") if entry.is_folder else entry.name.rpartition("/")[0]
        while parent and parent not in known:
            known.add(parent)
            parent = parent.rpartition("/")[0]
    folders = [path for path in paths if path.removesuffix("/") in known]
    return folders, [path for path in paths if path.removesuffix("/") not in known]


def unhashed(archive: Archive, rows: Mapping[str, RecordRow], own: str) -> list[str]:
    """Return files that RECORD lists without a hash: against the format, but installed by pip and found in old
    wheels.
    """
    bare = (path for path, row in rows.items() if not row.algorithm and not path.startswith(own))
    return [path for path in bare if path in archive and not path.endswith("/")]


def differing(faults: Sequence[Reason]) -> list[Reason]:
    """Return what to report if the archive is known to be the published one: its builder changed files late."""
    files = [each.data["file"] for each in faults]
    return [several("record-differs", "the content of {} does not match RECORD", files)] if files else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The result of reading the whole archive."""

    faults: tuple[Reason, ...]
    """Files whose content does not match RECORD."""

    read: dict[str, Sequence[bytes]]
    """Contents by name, in pieces, ``KEPT`` bytes at most."""


def read_content(archive: Archive, rows: Mapping[str, RecordRow], turns: Turns | None = None) -> Content:
    """Read the whole archive, and compare it with RECORD. Raises Refused if it is damaged.

    ``turns`` are those that the thread is at work in.
    """
    read: dict[str, Sequence[bytes]] = {}
    faults: list[Reason] = []
    room = KEPT
    with aside(turns):
        for entry in archive.entries:
            if not entry.is_folder:
                keep = entry.size <= room
                content, found = _read(archive, entry, rows.get(entry.name), keep=keep)
                faults += found
                if keep:
                    read[entry.name] = content
                    room -= entry.size
    return Content(faults=tuple(faults), read=read)


def _read(
    archive: Archive, entry: ArchiveEntry, row: RecordRow | None, *, keep: bool
) -> tuple[Sequence[bytes], list[Reason]]:
    """Return the content, if it is kept, and what is wrong with it."""
    machine = getattr(hashlib, row.algorithm)() if row and row.algorithm in ALGORITHMS else None
    pieces: list[bytes] = []
    for piece in archive.chunks(entry):
        if machine:
            machine.update(piece)
        if keep:
            pieces.append(piece)
    found = []
    if row and row.size not in (None, entry.size):
        found.append(about("record-size", f"{{}} has {entry.size} bytes, but RECORD says {row.size}", entry.name))
    elif row and machine and urlsafe_b64encode(machine.digest()).decode().rstrip("=") != row.digest:
        found.append(about("record-hash", "the content of {} does not match RECORD", entry.name))
    return pieces, found
