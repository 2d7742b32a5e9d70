"""Wheels written byte by byte, so that every field of the archive can be made to lie."""

from __future__ import annotations

import base64
import hashlib
import stat
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

STORED, DEFLATED = 0, 8
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: other>=2\nRequires-Python: >=3.8\n\nText\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
INFO = "demo-1.0.dist-info"
FILENAME = "demo-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class Member:
    """One entry. What is None follows from the content; the rest is written as it stands."""

    name: str
    content: bytes = b""
    method: int = DEFLATED
    mode: int = stat.S_IFREG | 0o644
    flags: int = 0
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    extra: bytes = b""
    local_name: str | None = None
    local_method: int | None = None
    local_size: int | None = None
    local_extra: bytes = b""
    at: int | None = None
    """Offset of its local header instead of one of its own."""

    before: bytes = b""
    """Bytes in front of its local header."""

    after: bytes = b""
    """Bytes behind its data, such as a descriptor."""


def demo(
    extra: Mapping[str, bytes] | None = None,
    *,
    drop: Iterable[str] = (),
    record: bytes | None = None,
    info: str = INFO,
    **files: bytes,
) -> list[Member]:
    """The members of a sound wheel of ``demo`` 1.0 with ``extra`` ones.

    ``metadata`` and ``wheel`` replace these files, ``record`` RECORD, ``drop`` leaves members out.
    """
    content = {
        "demo/__init__.py": b"__version__ = '1.0'\n",
        **(extra or {}),
        f"{info}/METADATA": files.get("metadata", METADATA),
        f"{info}/WHEEL": files.get("wheel", WHEEL),
    }
    members = [Member(name, data) for name, data in content.items()]
    members.append(Member(f"{info}/RECORD", record_of(members, f"{info}/RECORD") if record is None else record))
    return [member for member in members if member.name not in set(drop)]


def record_of(members: Iterable[Member], own: str) -> bytes:
    """The RECORD of these members, with itself (``own``) at the end."""
    rows = [record_row(member.name, member.content) for member in members if not member.name.endswith("/")]
    return ("".join(rows) + f"{own},,\n").encode()


def record_row(name: str, content: bytes, algorithm: str = "sha256") -> str:
    """One line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
    quoted = '"' + name.replace('"', '""') + '"' if set(name) & set(',"\r\n') else name
    return f"{quoted},{algorithm}={digest},{len(content)}\n"


def with_record(members: Iterable[Member]) -> list[Member]:
    """The members, RECORD made anew."""
    others = [member for member in members if member.name != f"{INFO}/RECORD"]
    return [*others, Member(f"{INFO}/RECORD", record_of(others, f"{INFO}/RECORD"))]


def changed(members: Iterable[Member], name: str, **fields: object) -> list[Member]:
    """The members, with fields of one of them changed."""
    return [replace(member, **fields) if member.name == name else member for member in members]  # type: ignore[arg-type]


def descriptor(content: bytes, *, signed: bool = True, large: bool = False) -> bytes:
    """The data descriptor of deflated content."""
    values = struct.pack("<LQQ" if large else "<LLL", zlib.crc32(content), len(deflate(content)), len(content))
    return (b"PK\7\b" if signed else b"") + values


def deflate(content: bytes) -> bytes:
    """A raw deflate stream."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return machine.compress(content) + machine.flush()


def pack(
    members: Iterable[Member],
    *,
    shift: int = 0,
    gap: bytes = b"",
    comment: bytes = b"",
    entries: int | None = None,
    disk: int = 0,
    zip64: bool = False,
    entries64: int | None = None,
    record64: bytes = b"PK\6\6",
) -> bytes:
    """The archive. ``shift`` is added to all offsets, ``gap`` stands before the directory.

    ``entries`` and ``entries64`` are announced instead of the real number, ``disk`` as number of the disk;
    ``record64`` is the signature of the end record of zip64.
    """
    body, directory, count = b"", b"", 0
    for member in members:
        body += member.before
        offset = len(body) if member.at is None else member.at
        if member.at is None:
            body += _local(member) + _packed(member) + member.after
        directory += _central(member, offset + shift)
        count += 1
    body += gap
    start, told = len(body) + shift, count if entries is None else entries
    end = directory
    if zip64:
        many = count if entries64 is None else entries64
        end += struct.pack("<4sQ2H2L4Q", record64, 44, 45, 45, 0, 0, many, many, len(directory), start)
        end += struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
    end += struct.pack("<4s4H2LH", b"PK\5\6", disk, disk, told, told, len(directory), start, len(comment))
    return body + end + comment


def _packed(member: Member) -> bytes:
    if member.packed is not None:
        return member.packed
    return deflate(member.content) if member.method == DEFLATED else member.content


def _values(member: Member) -> tuple[int, int, int]:
    crc = zlib.crc32(member.content) if member.crc is None else member.crc
    return crc, len(_packed(member)), len(member.content) if member.size is None else member.size


def _local(member: Member) -> bytes:
    crc, packed, size = _values(member)
    if member.flags & 8:
        crc = packed = size = 0
    name = (member.name if member.local_name is None else member.local_name).encode()
    method = member.method if member.local_method is None else member.local_method
    size = size if member.local_size is None else member.local_size
    flags = _flags(member)
    fields = (b"PK\3\4", 20, 0, flags, method, 0, 0x21, crc, packed, size, len(name), len(member.local_extra))
    return struct.pack("<4s2B4HL2L2H", *fields) + name + member.local_extra


def _central(member: Member, offset: int) -> bytes:
    name = member.name.encode()
    head = struct.pack("<4s4B4H", b"PK\1\2", 20, 3, 20, 0, _flags(member), member.method, 0, 0x21)
    sizes = struct.pack("<3L3H", *_values(member), len(name), len(member.extra), 0)
    return head + sizes + struct.pack("<2H2L", 0, 0, member.mode << 16, offset) + name + member.extra


def _flags(member: Member) -> int:
    return member.flags | (0 if member.name.isascii() else 0x800)
