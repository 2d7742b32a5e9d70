"""Where shared wheels are: a file system supported by fsspec, or a web server to read from."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
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

ABSENT = frozenset({403, 404, 410})
"""Statuses of missing files; 403 from object stores that do not let everybody list them."""


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
        """Yield the content of the file; None if there is none."""
        try:
            opened = self._system.open(f"{self._root}/{path}", "rb", block_size=BLOCK)
        except FileNotFoundError:
            return None
        return _closing(iter(lambda: opened.read(CHUNK), b""), opened)

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        """Store the file at ``source`` there, unless one exists that need not be replaced; on a disk, atomically.

        Returns whether files are taken from this machine.
        """
        final = f"{self._root}/{path}"
        if not replace and self._system.exists(final):
            return True
        local = "file" in self._protocols
        target = f"{final.rpartition('/')[0]}/.{secrets.token_hex(8)}.part" if local else final
        try:
            self._put(source, target)
            if local:
                Path(target).replace(final)
        except OSError as error:
            if isinstance(error, PermissionError) or error.errno == errno.EROFS:
                return False
            raise
        return True

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
