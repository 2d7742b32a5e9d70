"""Wheels on disk: verified against the index, and then used through the very file that was verified."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from ..core.cache_folder import is_trusted_file
from ..core.hashes import Hasher
from ..core.models import File
from ..core.protocols import DownloadFailed
from .download import hash_mismatch

READ = 1024**2
"""Bytes hashed at a time."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_DESCRIPTORS = Path("/proc/self/fd")

Identity = tuple[int, int, int, int]
"""Device, number, size and time of a file; a replacement has others.

The number alone is not enough: systems reuse it for the next new file.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWheel:
    """A verified wheel, open while it is used."""

    stream: BinaryIO
    path: Path
    """A path by which others open the same file, even if it was replaced (Linux; elsewhere, its path)."""


def identity(status: os.stat_result) -> Identity:
    """Return the identity of a file."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def check(path: Path, file: File, *, own: bool) -> Identity:
    """Check a file on disk against what the index says. Raises DownloadFailed.

    ``own``: it is in our cache, and must be a regular file that nobody else can write to.
    """
    try:
        with _open(path, own=own) as stream:
            return _check(stream, file)
    except OSError as error:
        raise DownloadFailed("download", f"could not read {path}: {error.strerror or error}") from error


@contextmanager
def opened(path: Path, file: File, seen: Identity | None, *, own: bool) -> Iterator[OpenWheel]:
    """Open the file that ``check`` saw, or another that passes the same check now. Raises DownloadFailed, OSError."""
    with _open(path, own=own) as stream:
        found = identity(os.fstat(stream.fileno()))
        if found != seen:
            # File servers may round a time later; without a hash that looks like a change.
            if seen is not None and not file.all_hashes and found[:3] != seen[:3]:
                raise _changed(file)
            seen = _check(stream, file)
        stream.seek(0)
        descriptor = _DESCRIPTORS / str(stream.fileno())
        pinned = descriptor.exists()
        yield OpenWheel(stream=stream, path=descriptor if pinned else path)
        # Windows does not let anyone replace an open file. If neither holds, it shows by now.
        if not pinned and identity(path.stat()) != seen:
            raise _changed(file)


def _changed(file: File) -> DownloadFailed:
    return DownloadFailed("changed", f"{file.filename} was replaced during the run")


@contextmanager
def _open(path: Path, *, own: bool) -> Iterator[BufferedReader]:
    flags = _FLAGS | (getattr(os, "O_NOFOLLOW", 0) if own else 0)
    with open(os.open(path, flags), "rb") as stream:  # noqa: PTH123 - a descriptor
        if own and not is_trusted_file(os.fstat(stream.fileno())):
            raise PermissionError(None, "it is not a file of yours alone")
        yield stream


def _check(stream: BufferedReader, file: File) -> Identity:
    """Check content and hashes: 1 to 2 GB a second, so cached wheels are hashed again at every use."""
    found = identity(os.fstat(stream.fileno()))
    size = found[2]
    if file.size is not None and size != file.size:
        raise DownloadFailed("size", f"{file.filename} has {size} bytes, but the index says {file.size}")
    hashes = file.all_hashes
    if hashes:
        hasher, buffer = Hasher(name for name, _ in hashes), memoryview(bytearray(min(READ, size) or 1))
        while count := stream.readinto(buffer):
            hasher.update(buffer[:count])
        differing = hasher.differing(hashes)
        if differing is not None:
            raise DownloadFailed("hash", hash_mismatch(file, *differing))
    return found
