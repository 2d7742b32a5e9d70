"""A wheel as a zip archive, read strictly so that every program that unpacks it sees the same files.

The entries are those of ``zipfile``, which pip's installer uses; anything else that it tolerates (other data between
the entries, headers that contradict the directory) is refused here.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..core.models import Reason
from ..core.text import size
from . import zip_structure
from .entry_names import collisions, name_fault
from .refusal import Refused, about, shown

WHOLE = 4 * 1024**2
"""Bytes up to which an archive is read at once: tens of thousands of small reads take longer."""

PIECE = 64 * 1024
"""Bytes in memory at a time, compressed or not.

They stay in the processor's cache, and need no new page each: 12,300 files, 400 MB, are unpacked in 1.4 to 1.8 s, with
pieces of 1 MiB in 1.9 to 2.0 s.
"""

ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of an entry: encrypted, strongly encrypted, encrypted directory."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods allowed by the binary distribution format; indexes accept no others."""

UNICODE_PATH = 0x7075
"""Extra field with another name for the entry; versions of Python treat it differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits that no honest wheel exceeds."""

    entries: int = 100_000
    directory: int = 32 * 1024**2
    """Bytes of the archive's directory."""

    total: int = 8 * 1024**3
    """Bytes of all entries, unpacked."""

    ratio: int = 1000
    """Unpacked to packed size of an entry, for those above ``ratio_from`` bytes: nothing but one repeated byte reaches
    it.
    """

    ratio_from: int = 64 * 1024**2
    """Smaller files of zeros are found in honest wheels; PyPI's own check begins at this size."""

    sum_ratio: int = 200
    """The same for the whole wheel, if it unpacks to more than ``sum_from`` bytes."""

    sum_from: int = 64 * 1024**2
    name: int = 1024
    """Characters of a name; more do not fit below any environment."""

    depth: int = 64
    """Directories above a file."""

    metadata: int = 16 * 1024**2
    """Bytes of METADATA, WHEEL or entry_points.txt; RECORD may have four times as many."""

    windows: bool = os.name == "nt"
    """True if names that are illegal on Windows are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """One entry; the name of a directory ends with a slash."""

    name: str
    size: int
    """Bytes, unpacked."""

    packed: int
    crc: int
    start: int
    """Offset of its data in the file."""

    deflated: bool

    @property
    def is_folder(self) -> bool:
        """True if it only names a directory."""
        return self.name.endswith("/")


class Archive:
    """An open wheel with a sound structure: a context manager. Raises Refused, or OSError if it cannot be read."""

    def __init__(self, source: Path | BinaryIO, limits: Limits) -> None:
        """``source`` is not closed if it is an open file."""
        self._own = isinstance(source, Path)
        self._stream: BinaryIO = source.open("rb") if isinstance(source, Path) else source
        try:
            if os.fstat(self._stream.fileno()).st_size <= WHOLE:
                content = io.BytesIO(self._stream.read())
                self._close()
                self._stream, self._own = content, False
            self.entries = _entries(self._stream, limits)
        except BaseException:
            self._close()
            raise
        self._by_name = {each.name: each for each in self.entries}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._own:
            self._stream.close()

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def read(self, name: str, limit: int) -> bytes:
        """Return the content of the entry. Raises KeyError if there is none, Refused if it is above ``limit`` bytes."""
        entry = self._by_name[name]
        if entry.size > limit:
            raise Refused(about("too-large", f"{{}} has {entry.size} bytes", name))
        return b"".join(self.chunks(entry))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Return the content of the entry as by ``chunks``, as long as the file is open. Raises KeyError, Refused."""
        return self.chunks(self._by_name[name])

    def chunks(self, entry: ArchiveEntry) -> Iterator[bytes]:
        """Yield the content in pieces of at most 64 KiB; size and CRC are checked at the end. Raises Refused."""
        size = crc = 0
        for piece in self._inflated(entry) if entry.deflated else self._raw(entry):
            size += len(piece)
            if size > entry.size:
                break
            crc = zlib.crc32(piece, crc)
            yield piece
        if size != entry.size:
            raise Refused(about("lying-size", f"{{}} is not {entry.size} bytes long, as declared", entry.name))
        if crc != entry.crc:
            raise Refused(about("bad-crc", "checksum mismatch in {}", entry.name))

    def _raw(self, entry: ArchiveEntry) -> Iterator[bytes]:
        position, end = entry.start, entry.start + entry.packed
        while position < end:
            self._stream.seek(position)
            piece = self._stream.read(min(PIECE, end - position))
            if not piece:
                raise OSError(f"{shown(entry.name)} ends early: the file changed while it was read")
            position += len(piece)
            yield piece

    def _inflated(self, entry: ArchiveEntry) -> Iterator[bytes]:
        if not entry.packed and not entry.size:  # some archivers omit even the end mark of an empty file
            return
        machine = zlib.decompressobj(-zlib.MAX_WBITS)
        left = entry.packed
        try:
            for packed in self._raw(entry):
                left -= len(packed)
                yield machine.decompress(packed, PIECE)
                while machine.unconsumed_tail and not machine.eof:
                    yield machine.decompress(machine.unconsumed_tail, PIECE)
                if machine.eof:
                    break
            while not machine.eof and (piece := machine.decompress(b"", PIECE)):  # what no input is left for
                yield piece
        except zlib.error:
            raise Refused(about("broken-entry", "the data of {} is damaged", entry.name)) from None
        if not machine.eof or left or machine.unused_data:
            raise Refused(about("broken-entry", "the data of {} does not end where it should", entry.name))


def _entries(stream: BinaryIO, limits: Limits) -> tuple[ArchiveEntry, ...]:
    infos, directory = _directory(stream, limits)
    _raise([each for info in infos for each in _faults(info, limits)])
    _check_sum(infos, limits)
    starts = zip_structure.data_offsets(stream, infos, directory)
    entries = _without_repeats([_entry(info, start) for info, start in zip(infos, starts, strict=True)])
    _raise(list(collisions(each.name for each in entries)))
    return entries


def _without_repeats(entries: list[ArchiveEntry]) -> tuple[ArchiveEntry, ...]:
    """Return the last of identical files that some build tools add twice: pip reads that one."""
    last = {(each.name, each.size, each.crc): each for each in entries}
    return tuple(last.values()) if len(last) < len(entries) else tuple(entries)


def _check_sum(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if unpacked > limits.total:
        raise Refused(Reason(kind="too-large", text=f"it unpacks to more than {size(limits.total)}"))
    if unpacked > limits.sum_from and unpacked > limits.sum_ratio * packed:
        text = f"it grows from {packed} to {unpacked} bytes: a decompression bomb"
        raise Refused(Reason(kind="bomb", text=text))


def _entry(info: zipfile.ZipInfo, start: int) -> ArchiveEntry:
    return ArchiveEntry(
        name=info.filename,
        size=info.file_size,
        packed=info.compress_size,
        crc=info.CRC,
        start=start,
        deflated=info.compress_type == zipfile.ZIP_DEFLATED,
    )


def _directory(stream: BinaryIO, limits: Limits) -> tuple[list[zipfile.ZipInfo], int]:
    """Return the entries as ``zipfile`` reads them, and the offset of the directory."""
    end = zip_structure.find_end(stream)
    if end.entries > limits.entries or end.size > limits.directory:
        raise Refused(Reason(kind="too-many-entries", text=f"it has {end.entries} entries"))
    zip_structure.check_directory(stream, end)
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, EOFError, struct.error) as error:
        raise Refused(Reason(kind="broken-zip", text=f"its central directory is damaged: {error}")) from None
    if len(infos) != end.entries:
        text = f"its central directory lists {len(infos)} entries but declares {end.entries}"
        raise Refused(Reason(kind="zip-disagreement", text=text))
    return infos, end.offset


def _raise(reasons: list[Reason]) -> None:
    if reasons:
        raise Refused(*reasons)


def _faults(info: zipfile.ZipInfo, limits: Limits) -> Iterator[Reason]:
    """Yield what is wrong with a single entry."""
    name = info.orig_filename
    wrong = name_fault(name, windows=limits.windows)
    if len(name) > limits.name or name.count("/") > limits.depth:
        yield about("long-path", "the path {} is too long", name)
    elif wrong:
        yield wrong
    elif info.filename != name or UNICODE_PATH in dict(zip_structure.extra_fields(info.extra)):
        yield about("zip-disagreement", "{} has two names", name)
    if info.flag_bits & ENCRYPTED:
        yield about("encrypted", "{} is encrypted", name)
    if info.compress_type not in METHODS:
        yield about("compression", f"{{}} is compressed by method {info.compress_type}, which wheels do not use", name)
    yield from _kind_faults(info)
    if info.file_size > limits.ratio_from and info.file_size > limits.ratio * info.compress_size:
        text = f"{{}} grows from {info.compress_size} to {info.file_size} bytes: a decompression bomb"
        yield about("bomb", text, name)


def _kind_faults(info: zipfile.ZipInfo) -> Iterator[Reason]:
    kind, name = stat.S_IFMT(info.external_attr >> 16), info.orig_filename
    if kind == stat.S_IFLNK:
        yield about("symlink", "{} is a symbolic link", name)
    elif kind not in (0, stat.S_IFREG, *([stat.S_IFDIR] if name.endswith("/") else [])):  # the slash marks a directory
        yield about("special-file", "{} is neither a file nor a directory", name)
    if name.endswith("/") and info.file_size:
        yield about("hidden-data", "the directory entry {} has content", name)
