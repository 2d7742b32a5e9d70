"""The layout of a zip archive (APPNOTE 4.3): nothing before, between or after its parts may be hidden."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ..core.models import Reason
from .refusal import Refused, about

END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
LOCAL = struct.Struct("<4s2B4HL2L2H")
END_SIGNATURE, END64_SIGNATURE, LOCATOR_SIGNATURE = b"PK\5\6", b"PK\6\6", b"PK\6\7"
LOCAL_SIGNATURE, DESCRIPTOR_SIGNATURE = b"PK\3\4", b"PK\7\b"
HAS_DESCRIPTOR = 0x8
UTF8 = 0x800
ZIP64 = 1
"""Extra field with the sizes that do not fit into the header."""

CENTRAL_SIGNATURE, CENTRAL_SIZE, LENGTHS = b"PK\1\2", 46, struct.Struct("<28x3H12x")
"""An entry of the directory: its signature, its fixed bytes, and the lengths of name, extra fields and comment."""

EXTRA = 4096
"""Bytes of extra fields of one entry. Parsing them takes ``zipfile`` time that grows with their square."""

COMPARED = 0x1 | 0x40 | 0x2000 | UTF8 | HAS_DESCRIPTOR
"""Flags in which a local header must match the directory: encryption, the name's encoding, descriptor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What the end of an archive says about its directory."""

    entries: int
    size: int
    """Bytes of the directory."""

    offset: int
    """Its offset."""


def find_end(stream: BinaryIO) -> End:
    """Return the end record of the archive, which must be the end of the file, too. Raises Refused."""
    size = stream.seek(0, 2)
    at = _locate(stream, size)
    stream.seek(max(at - END64.size - LOCATOR.size, 0))
    before = stream.read(at - stream.tell())
    _, disk, start_disk, here, entries, length, offset, comment = END.unpack(stream.read(END.size))
    if at + END.size + comment != size:
        raise Refused(Reason(kind="hidden-data", text="data after the end of the archive"))
    end = End(entries=entries, size=length, offset=offset)
    if disk or start_disk or here != entries:
        raise Refused(Reason(kind="zip-disagreement", text="it is one part of a multi-part archive"))
    if before[-LOCATOR.size :].startswith(LOCATOR_SIGNATURE):
        end, at = _large(before, end, at), at - len(before)
    _check_position(end, at)
    return end


def check_directory(stream: BinaryIO, end: End) -> None:
    """Raise Refused for a directory that does not match its end record, or whose extra fields take long to read."""
    stream.seek(end.offset)
    raw, at, found = stream.read(end.size), 0, 0
    while at < len(raw):
        if not raw.startswith(CENTRAL_SIGNATURE, at) or at + CENTRAL_SIZE > len(raw):
            raise Refused(Reason(kind="broken-zip", text="its central directory is damaged"))
        name, extra, comment = LENGTHS.unpack_from(raw, at)
        if extra > EXTRA:
            text = f"an entry has {extra} bytes of extra fields"
            raise Refused(Reason(kind="broken-zip", text=text))
        at += CENTRAL_SIZE + name + extra + comment
        found += 1
    if found != end.entries:
        text = f"its central directory lists {found} entries but declares {end.entries}"
        raise Refused(Reason(kind="zip-disagreement", text=text))


def _check_position(end: End, at: int) -> None:
    gap = at - end.offset - end.size
    if gap > 0:
        text = f"{gap} extra bytes before the archive or after its central directory"
        raise Refused(Reason(kind="zip-prefix", text=text))
    if gap < 0:
        raise Refused(Reason(kind="truncated", text="its central directory is beyond the end of the file (truncated)"))


def _locate(stream: BinaryIO, size: int) -> int:
    """Return the offset of the end record, found as ``zipfile`` does: the plain case first, then the last signature."""
    tail_at = max(size - END.size - 0x10000, 0)
    stream.seek(tail_at)
    tail = stream.read()
    plain = len(tail) - END.size
    at = plain if tail[plain : plain + 4] == END_SIGNATURE and tail.endswith(b"\0\0") else tail.rfind(END_SIGNATURE)
    if at >= 0 and plain >= at:
        return tail_at + at
    stream.seek(0)
    if stream.read(4) == LOCAL_SIGNATURE:
        raise Refused(Reason(kind="truncated", text="zip archive without its end record (truncated)"))
    raise Refused(Reason(kind="not-a-zip", text="not a zip archive"))


def _large(before: bytes, small: End, at: int) -> End:
    """Return the end record of a zip64 archive, which must not contradict the ordinary one."""
    wrong = Refused(Reason(kind="zip-disagreement", text="its two end records contradict each other"))
    if not before.startswith(END64_SIGNATURE) or len(before) != END64.size + LOCATOR.size:
        raise wrong
    _, _, _, _, _, _, here, entries, size, offset = END64.unpack(before[: END64.size])
    _, disk, record_at, disks = LOCATOR.unpack(before[END64.size :])
    agree = (
        small.entries in (entries, 0xFFFF) and small.size in (size, 0xFFFFFFFF) and small.offset in (offset, 0xFFFFFFFF)
    )
    if not agree or here != entries or disk or disks != 1 or record_at != at - len(before):
        raise wrong
    return End(entries=entries, size=size, offset=offset)


def data_offsets(stream: BinaryIO, infos: Sequence[zipfile.ZipInfo], directory: int) -> list[int]:
    """Return where the data of each entry starts, in the order of ``infos``.

    Raises Refused unless the local headers match the directory, and headers, data and descriptors fill the file from
    its first byte up to ``directory``, one after the other.
    """
    starts: dict[int, int] = {}
    position, previous = 0, None
    for info in sorted(infos, key=lambda each: each.header_offset):
        _check_gap(stream, position, info.header_offset, previous)
        starts[id(info)], previous = _check_header(stream, info), info
        position = starts[id(info)] + info.compress_size
    _check_gap(stream, position, directory, previous)
    return [starts[id(info)] for info in infos]


def _check_gap(stream: BinaryIO, position: int, following: int, previous: zipfile.ZipInfo | None) -> None:
    """Raise Refused unless there is only a descriptor between an entry's data and the next entry."""
    if following < position:
        name = previous.filename if previous else ""
        raise Refused(about("overlap", "{} shares its data with another entry", name))
    stream.seek(position)
    if following == position or (following - position <= 24 and _is_descriptor(stream, following - position, previous)):
        return
    if previous is None:
        raise Refused(Reason(kind="zip-prefix", text=f"{following} extra bytes before its first entry"))
    text = f"{following - position} bytes after {{}} do not belong to any entry"
    raise Refused(about("hidden-data", text, previous.filename))


def _is_descriptor(stream: BinaryIO, size: int, info: zipfile.ZipInfo | None) -> bool:
    if info is None or not info.flag_bits & HAS_DESCRIPTOR:
        return False
    values = (info.CRC, info.compress_size, info.file_size)
    forms = [struct.pack("<L2Q", *values)]
    if max(values) <= 0xFFFFFFFF:
        forms.append(struct.pack("<3L", *values))
    found = stream.read(size)
    return found in forms or found in [DESCRIPTOR_SIGNATURE + each for each in forms]


def _check_header(stream: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Return the offset of the entry's data. Raises Refused if its local header contradicts the directory."""
    stream.seek(info.header_offset)
    raw = stream.read(LOCAL.size)
    if len(raw) == LOCAL.size and raw.startswith(LOCAL_SIGNATURE):
        _, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(raw)
        name, extra = stream.read(name_length), stream.read(extra_length)
        stated = (crc, *_sizes(packed, size, extra))
        if (
            name == _raw_name(info)
            and method == info.compress_type
            and not (flags ^ info.flag_bits) & COMPARED
            and (
                stated == (info.CRC, info.compress_size, info.file_size) or (flags & HAS_DESCRIPTOR and not any(stated))
            )
        ):
            return info.header_offset + len(raw) + len(name) + len(extra)
    raise Refused(about("zip-disagreement", "the header of {} contradicts the central directory", info.filename))


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    name = info.orig_filename
    return name.encode("utf-8" if info.flag_bits & UTF8 or name.isascii() else "cp437")


def _sizes(packed: int, size: int, extra: bytes) -> tuple[int, int]:
    """Return packed and unpacked size, from the zip64 field if the header points there."""
    if 0xFFFFFFFF in (packed, size):
        for number, field in extra_fields(extra):
            if number == ZIP64 and len(field) >= 16:
                large, large_packed = struct.unpack_from("<2Q", field)
                return large_packed if packed == 0xFFFFFFFF else packed, large if size == 0xFFFFFFFF else size
    return packed, size


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Return number and content of each extra field of an entry."""
    at = 0
    while len(extra) >= at + 4:
        number, length = struct.unpack_from("<HH", extra, at)
        yield number, extra[at + 4 : at + 4 + length]
        at += 4 + length
