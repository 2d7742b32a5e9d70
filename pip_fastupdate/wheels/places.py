"""Where shared wheels are: a file system supported by fsspec, or a web server to read from."""

from __future__ import annotations

import errno
import secrets
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ..core.protocols import DownloadFailed, Transport

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

CHUNK = 1024**2
"""Bytes read at a time."""

BLOCK = 4 * CHUNK
"""Bytes requested from an object store at a time: each thread keeps them in memory, and has to get them in time."""

FORBIDDEN = 403

ABSENT = frozenset({FORBIDDEN, 404, 410})
"""Statuses of missing files; 403 from object stores that do not let everybody list them."""

PART = ".part"
"""End of the names of files that are being written to a disk."""

LEFT = 24 * 3600
"""Seconds after which nobody writes to such a file any more."""


def place(url: str, transport: Transport) -> WebServer | Files:
    """Return the place at a URL. Raises ImportError for a missing library, and ValueError for an invalid URL."""
    if url.startswith(("https://", "http://")):
        return WebServer(url, transport)
    return Files(url)


BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss"})
"""Places without directories: a missing one is a bucket, which is not ours to create."""


class WebServer:
    """A directory of a web server, requested like indexes: with the same certificates, proxies and credentials."""

    def __init__(self, url: str, transport: Transport) -> None:
        """A query in the URL is sent with each request."""
        self._parts, self._transport = urlsplit(url), transport

    def read(self, path: str) -> Generator[bytes, None, None] | None:
        """Yield the content of the file; None if there is none. Raises DownloadFailed."""
        with ExitStack() as stack:
            try:
                body = stack.enter_context(self._transport.stream(self._url(path)))
            except DownloadFailed as error:
                if error.status in ABSENT:
                    return None
                raise
            return _closing(body, stack.pop_all())

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        """Return False: the server's administrator adds files there."""
        return False

    def _url(self, path: str) -> str:
        return self._parts._replace(path=f"{self._parts.path.rstrip('/')}/{quote(path)}", fragment="").geturl()


class Files:
    """A directory on a file system of fsspec: ``file://``, ``s3://``, ``gs://`` …"""

    def __init__(self, url: str) -> None:
        """Open it. Raises ImportError, ValueError."""
        from fsspec.core import url_to_fs

        system, root = url_to_fs(url)
        self._system: AbstractFileSystem = system
        self._root = str(root).rstrip("/")
        self._protocols = {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)

    def read(self, path: str) -> Generator[bytes, None, None] | None:
        """Yield the content of the file; None if there is none.

        Raises PermissionError for one that is forbidden: without permission to list them, also for a missing one.
        """
        try:
            opened = self._system.open(f"{self._root}/{path}", "rb", block_size=BLOCK)
        except FileNotFoundError:
            return None
        except Exception as error:  # as in ``_forbids``
            if _forbids(error):
                raise PermissionError(str(error)) from error
            raise
        return _closing(iter(lambda: opened.read(CHUNK), b""), opened)

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        """Store the file at ``source`` there, unless one exists that need not be replaced; on a disk, atomically.

        Returns whether files are taken from this machine.
        """
        final = f"{self._root}/{path}"
        try:
            if replace or not self._has(final):
                self._put_whole(source, final)
        except Exception as error:  # as in ``_forbids``
            if _forbids(error) or (isinstance(error, OSError) and error.errno == errno.EROFS):
                return False
            raise
        return True

    def _has(self, final: str) -> bool:
        """Return whether the file exists; False if that is forbidden: then it may be missing."""
        try:
            return bool(self._system.exists(final))
        except Exception as error:  # as in ``_forbids``
            if _forbids(error):
                return False
            raise

    def _put_whole(self, source: Path, final: str) -> None:
        """Store the file; leave no part of it behind. Objects of buckets are there whole or not at all."""
        local = "file" in self._protocols
        target = f"{final.rpartition('/')[0]}/.{secrets.token_hex(8)}{PART}" if local else final
        try:
            if local:
                _sweep(Path(final).parent)
            self._put(source, target)
            if local:
                Path(target).replace(final)
        except BaseException:
            if BUCKETS.isdisjoint(self._protocols):
                with suppress(Exception):  # what failed before is reported
                    self._system.rm_file(target)
            raise

    def _put(self, source: Path, target: str) -> None:
        try:
            self._system.put_file(str(source), target)
        except FileNotFoundError:
            if not BUCKETS.isdisjoint(self._protocols):
                raise
            self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(source), target)


def _closing(chunks: Iterator[bytes], opened: AbstractContextManager[object]) -> Generator[bytes, None, None]:
    with opened:
        yield from chunks


def _sweep(folder: Path) -> None:
    """Remove partial files of programs that were killed in the meantime. Raises OSError."""
    for each in folder.glob(f".*{PART}"):
        if time.time() - each.stat().st_mtime > LEFT:
            each.unlink(missing_ok=True)


def _forbids(error: Exception) -> bool:
    """Return whether an error means that access is forbidden, in the words of any library.

    s3fs, ossfs and local disks raise PermissionError, gcsfs an OSError that begins so, Azure's errors have a status.
    """
    return (
        isinstance(error, PermissionError)
        or getattr(error, "status_code", None) == FORBIDDEN
        or str(error).startswith("Forbidden:")
    )
