"""The bytecode of a wheel's modules, cached next to the wheel for the next environment.

One file per wheel and kind of bytecode: the entries one after the other, their index (JSON), and ``_END``. Each entry
has its sha256 in the index, the index has its own at the end: what is damaged or truncated is a miss. Files are trusted
like the wheels.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..core.cache_folder import CAREFUL, is_trusted_file, touch
from ..core.files import create, part_of, write_all

_END = struct.Struct(">Q32s")
"""Bytes of the index, and its sha256."""

_MOST = 32 * 1024**2
"""Maximum bytes of an index and of an entry: no honest one is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    start: int
    size: int
    sha256: str
    source_size: int


class KeptBytecode:
    """Bytecode cached by an earlier run, open until closed."""

    def __init__(self, stream: BinaryIO, entries: dict[str, _Entry]) -> None:
        self._stream = stream
        self._entries = entries

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def take(self, name: str, source_size: int) -> bytes | None:
        """Return the entry of a module with a source of that size; None if there is none, or a damaged one."""
        entry = self._entries.get(name)
        if entry is None or entry.source_size != source_size or not 0 <= entry.size <= _MOST or entry.start < 0:
            return None
        try:
            self._stream.seek(entry.start)
            content = self._stream.read(entry.size)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == entry.sha256 else None


def open_kept(path: Path) -> KeptBytecode | None:
    """Open what is cached at ``path``; None if there is nothing trusted."""
    try:
        stream = open(os.open(path, os.O_RDONLY | CAREFUL), "rb")  # noqa: PTH123, SIM115 - a descriptor, and kept open
    except OSError:
        return None
    try:
        entries = _index(stream)
    except (OSError, ValueError, TypeError, struct.error):  # whatever damage makes of it
        entries = None
    if entries is None:
        stream.close()
        return None
    touch(path)
    return KeptBytecode(stream, entries)


def _index(stream: BinaryIO) -> dict[str, _Entry] | None:
    """Read the index. Raises OSError, ValueError, TypeError, struct.error."""
    status = os.fstat(stream.fileno())
    if not is_trusted_file(status):
        return None
    stream.seek(max(0, status.st_size - _END.size))
    size, digest = _END.unpack(stream.read(_END.size))
    start = status.st_size - _END.size - size
    if start < 0 or size > _MOST:
        return None
    stream.seek(start)
    content = stream.read(size)
    if hashlib.sha256(content).digest() != digest:
        return None
    return {
        str(name): _Entry(start=int(at), size=int(length), sha256=str(sha256), source_size=int(source))
        for name, (at, length, sha256, source) in dict(json.loads(content)).items()
    }


@dataclass(slots=True, kw_only=True)
class Keeping:
    """Bytecode on its way to ``path``, where it appears as a whole with ``finish``.

    A full disk, or any other refusal, ends it silently: a cache only saves time.
    """

    path: Path
    _part: Path | None = None
    _descriptor: int = -1
    _at: int = 0
    _entries: dict[str, tuple[int, int, str, int]] = field(default_factory=dict)
    _failed: bool = False

    def add(self, name: str, content: bytes, source_size: int) -> None:
        """Add the bytecode of a module."""
        if self._failed or len(content) > _MOST:
            return
        self._entries[name] = (self._at, len(content), hashlib.sha256(content).hexdigest(), source_size)
        self._write(content)

    def finish(self) -> None:
        """Rename it into place, replacing whatever is there."""
        if not self._entries or self._failed:
            return
        index = json.dumps(self._entries, separators=(",", ":")).encode()
        self._write(index + _END.pack(len(index), hashlib.sha256(index).digest()))
        self._close()
        if self._part is not None:
            with suppress(OSError):
                self._part.replace(self.path)
                self._part = None

    def discard(self) -> None:
        """Remove it unless it is in place; does nothing after ``finish``."""
        self._close()
        part, self._part = self._part, None
        if part is not None:
            with suppress(OSError):
                part.unlink()

    def _write(self, content: bytes) -> None:
        try:
            if self._part is None:
                part = part_of(self.path)
                self._descriptor = create(os.fspath(part), 0o600)
                self._part = part
            write_all(self._descriptor, content)
            self._at += len(content)
        except OSError:
            self._failed = True
            self.discard()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
