"""Reads METADATA from wheels and PKG-INFO from sdists, with as few bytes as possible."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..core.models import File
from ..core.names import normalize
from ..core.protocols import DownloadFailed
from ..core.reasons import no_longer_exists
from ..core.urls import file_path

if TYPE_CHECKING:
    from ..network.session import Session

_TAIL = 32 * 1024
"""Bytes requested first: wheels have their metadata, and a zip its directory, at the end."""

_LONGEST_TAIL = 1024 * 1024
"""Bytes requested first for wheels with thousands of members, if another version showed that they are needed."""

_LIMIT = 16 * 1024 * 1024
"""Maximum size of credible metadata in bytes."""

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def metadata_of(file: File, session: Session) -> bytes:
    """Return METADATA or PKG-INFO from a whole file, which is not cached. Raises DownloadFailed."""
    read = _from_wheel if file.is_wheel else _from_sdist
    try:
        path = file_path(file.url)
        if path is not None:
            if path.exists() and not path.is_file():  # reading a pipe would wait
                raise DownloadFailed("garbage", f"{file.filename} is not a regular file")
            with path.open("rb") as stream:
                return read(stream, file)
        with session.stream(file.url) as chunks, _downloaded(chunks) as stream:
            return read(stream, file)
    except FileNotFoundError:
        raise DownloadFailed("missing-file", no_longer_exists(file.filename)) from None
    except _BROKEN as error:
        raise DownloadFailed("garbage", f"{file.filename} is damaged: {error}") from error


class WheelEnd(NamedTuple):
    """The result of reading the end of a wheel behind HTTP."""

    metadata: bytes | None
    """METADATA; None if the end cannot be read alone."""

    length: int
    """How much of the end was needed, in bytes; 0 if the server does not support range requests."""


def metadata_by_ranges(file: File, session: Session, length: int = 0) -> WheelEnd:
    """Read the end of a wheel, first ``length`` bytes of it if that is known to be needed. Raises DownloadFailed.

    Some servers send other ranges than they say: what looks damaged may be a sound wheel, to be read whole.
    """
    try:
        with closing(Window(file, session, min(max(length, _TAIL), _LONGEST_TAIL))) as window:
            window.open()
            return WheelEnd(_from_wheel(window, file), window.length)
    except (*_BROKEN, RangesRefused):
        return WheelEnd(None, 0)


def _downloaded(chunks: Iterator[bytes]) -> IO[bytes]:
    stream = TemporaryFile()  # noqa: SIM115 - the caller closes it
    for chunk in chunks:
        stream.write(chunk)
    stream.seek(0)
    return stream


def _from_wheel(stream: IO[bytes] | io.RawIOBase, file: File) -> bytes:
    with zipfile.ZipFile(stream) as archive:
        name, version = file.filename.split("-")[:2]
        ours = [each for each in archive.infolist() if _is_metadata(each.filename, name)]
        if len(ours) != 1:
            raise DownloadFailed("garbage", f"{file.filename} contains {len(ours)} METADATA files for {name} {version}")
        return _credible(archive.open(ours[0]).read(_LIMIT + 1), file)


def _is_metadata(member: str, name: str) -> bool:
    folder, _, rest = member.partition("/")
    return rest == "METADATA" and folder.endswith(".dist-info") and normalize(folder.split("-")[0]) == normalize(name)


def _from_sdist(stream: IO[bytes], file: File) -> bytes:
    """Return PKG-INFO from the sdist's single directory."""
    if file.filename.endswith(".zip"):
        with zipfile.ZipFile(stream) as archive:
            member = next((each for each in archive.namelist() if _is_pkg_info(each)), None)
            body = archive.open(member).read(_LIMIT + 1) if member else b""
    else:
        with tarfile.open(fileobj=stream, mode="r|*") as tar:
            entry = next((each for each in tar if _is_pkg_info(each.name) and each.isfile()), None)
            content = tar.extractfile(entry) if entry else None
            body = content.read(_LIMIT + 1) if content else b""
    return _credible(body, file)


def _is_pkg_info(member: str) -> bool:
    return member.count("/") == 1 and member.endswith("/PKG-INFO")


def _credible(body: bytes, file: File) -> bytes:
    if not body or len(body) > _LIMIT:
        raise DownloadFailed("garbage", f"{file.filename} contains no metadata")
    return body


class RangesRefused(Exception):
    """The server does not support range requests, or no longer; whatever it sent instead."""


class Window(io.RawIOBase):
    """A file behind HTTP that fetches only what is read, for ``zipfile``, which begins at the end."""

    def __init__(self, file: File, session: Session, tail: int = _TAIL) -> None:
        """``tail``: bytes to fetch at first."""
        super().__init__()
        self.length = 0
        """Bytes from the first fetched one to the end; 0 until the server has sent a range."""

        self._file = file
        self._session = session
        self._tail = tail
        self._size = 0
        self._position = 0
        self._start = 0
        self._bytes = b""
        """What is known, from ``_start`` on."""

    def open(self) -> None:
        """Fetch the end. Raises DownloadFailed, RangesRefused."""
        size = self._file.size
        self._fetch(f"bytes={max(0, size - self._tail)}-{size - 1}" if size else f"bytes=-{self._tail}")

    def _fetch(self, asked: str) -> None:
        try:
            answer = self._session.fetch(self._file.url, {"Range": asked, "Accept-Encoding": "identity"})
        except DownloadFailed as failed:
            if failed.kind in ("http", "garbage"):
                raise RangesRefused from failed
            raise
        if answer.status == 404:
            raise DownloadFailed("missing-file", no_longer_exists(self._file.filename))
        said = {key.lower(): value for key, value in answer.headers.items()}.get("content-range", "")
        match = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", said.strip())
        if answer.status == 200 and len(answer.body) == (self._file.size or len(answer.body)):
            self._start, self._bytes, self._size = 0, answer.body, len(answer.body)
            return
        if answer.status != 206 or match is None:
            raise RangesRefused
        self._start, self._bytes, self._size = int(match[1]), answer.body, int(match[3])
        if len(self._bytes) != int(match[2]) - self._start + 1:
            raise RangesRefused
        self.length = max(self.length, self._size - self._start)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from here on, at most to the end of the file."""
        end = min(self._position + len(buffer), self._size)
        if self._position >= end:
            return 0
        if not self._start <= self._position <= end <= self._start + len(self._bytes):
            self._extend(self._position, end)
        found = self._bytes[self._position - self._start : end - self._start]
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _extend(self, begin: int, end: int) -> None:
        """Fetch from ``begin`` on, and more than needed now: reads come in small portions."""
        last = min(max(end, begin + _TAIL), self._size) - 1
        if begin < self._start:
            last = max(end - 1, min(last, self._start - 1))
        self._fetch(f"bytes={begin}-{last}")
        if self._start != begin or len(self._bytes) < end - begin:
            raise RangesRefused
