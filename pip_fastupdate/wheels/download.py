"""One wheel from its URL to a file: hashed as it arrives, resumed if the connection breaks."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ..core import busy_files
from ..core.busy_files import SHORT, Patience
from ..core.errors import PipUpdateError
from ..core.files import create, part_of
from ..core.hashes import Hasher, Hashes
from ..core.models import File
from ..core.protocols import DownloadFailed, Progress, Transport
from .workers import Stopped

if TYPE_CHECKING:
    from ..core.reasons import NotFetched

OVERLAP = 4096
"""Bytes requested again on resuming, to check that the server continues where we stopped.

The transport shows neither status nor ETag. A server that ignores the Range sends the file from its start, which the
overlap shows as well; the hash proves that both parts belong to one file.
"""

RESUME_FROM = 64 * 1024
"""Bytes below which resuming is not worth it."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Part:
    """A wheel while it arrives: a file with a name of its own next to its final place, hashed as it grows."""

    def __init__(self, final: Path, algorithms: Iterable[str] = ("sha256",)) -> None:
        """Create the file; its directory must exist. Raises OSError if it is not writable."""
        self.path = part_of(final)
        # Nobody else may write to it later: the hashed content is the content used.
        self._stream = open(create(os.fspath(self.path), 0o600, access=os.O_RDWR), "w+b")  # noqa: PTH123, SIM115 - a descriptor
        self._final = final
        self._algorithms = tuple(algorithms)
        self._hash = Hasher(self._algorithms)
        self.size = 0
        self.identity: tuple[int, int, int, int] | None = None
        """As ``files.identity`` of the finished file."""

    def restart(self) -> None:
        """Discard everything received so far. Raises DiskRefused: what was written may only now reach the disk."""
        with self._disk():
            self._stream.seek(0)
            self._stream.truncate()
        self._hash = Hasher(self._algorithms)
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append. Raises DiskRefused if the disk refuses: continuing here is pointless then."""
        with self._disk():
            self._stream.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def read(self, start: int, size: int) -> bytes:
        """Return ``size`` bytes received so far; later writes are still appended. Raises DiskRefused."""
        with self._disk():
            self._stream.seek(start)
            found = self._stream.read(size)
            self._stream.seek(self.size)
        return found

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DiskRefused(error, self._final) from error

    def differing(self, hashes: Hashes) -> tuple[str, str, str] | None:
        """Return ``Hasher.differing`` for what was received so far."""
        return self._hash.differing(hashes)

    def finish(self) -> Path:
        """Rename the file to its final name. Raises DiskRefused; DownloadFailed if another program has it open."""
        try:
            self._stream.flush()
            status = os.fstat(self._stream.fileno())
            self._stream.close()
            busy_files.replace(str(self.path), str(self._final), Patience(SHORT))
            self.identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        except OSError as error:
            # Windows does not replace an open file: another process was faster, with the same content.
            if not self._final.is_file():
                if busy_files.is_busy(error):  # others may have more luck
                    raise DownloadFailed("in-use", f"another program has {self._final.name} open") from error
                raise DiskRefused(error, self._final) from error
        return self._final

    def discard(self) -> None:
        """Close and remove the file; does nothing once it has its final name."""
        with suppress(OSError):  # a full disk shows again when the buffer is flushed; the file is removed anyway
            self._stream.close()
        self.abandon()

    def abandon(self) -> None:
        """Remove the file while another thread may still have it open, which Windows does not allow."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


class DiskRefused(Exception):
    """The disk refuses what arrived; there may be space elsewhere."""

    def __init__(self, error: OSError, final: Path) -> None:
        super().__init__(str(error))
        self.error = error
        self.final = final


@dataclass(frozen=True, slots=True, kw_only=True)
class _FailedAttempt:
    """Why an attempt failed; ``final`` if another would fail, too."""

    kind: NotFetched
    text: str
    final: bool


def disk_error(error: OSError, final: Path) -> PipUpdateError:
    """Return the user's error for a ``final`` that could not be written."""
    if error.errno in FULL:
        text = f"no space left for {final.name} in {final.parent}"
        return PipUpdateError(text, "free some space, or use a directory on a larger disk with --cache-dir")
    return PipUpdateError(f"could not write {final.name} to {final.parent}: {error.strerror or error}")


class Meter:
    """Brings the steps for one file to its size, wherever it comes from."""

    def __init__(self, file: File, progress: Progress) -> None:
        self._file = file
        self._left = file.size or 0
        self._progress = progress

    def advance(self, count: int) -> None:
        """Count bytes beyond the furthest point so far."""
        self._left -= count
        self._progress.step(self._file.filename, count)

    def finish(self) -> None:
        """Count what is missing: nothing more comes."""
        if self._left > 0:
            self._progress.step(self._file.filename, self._left)


class Download:
    """One download with its attempts. ``meter`` gets the number of bytes beyond the furthest point so far."""

    def __init__(self, file: File, part: Part, transport: Transport, *, limit: int, meter: Meter, stop: Event) -> None:
        self._file = file
        self._part = part
        self._transport = transport
        self._limit = limit if file.size is None else min(limit, file.size)
        self._meter = meter
        self._stop = stop
        self._seen = 0
        self._may_resume = bool(file.all_hashes)  # only a hash shows that two parts belong together
        self._resumed = False

    def run(self, *, retries: int, pause: float) -> Path:
        """Return the wheel in its final place, verified. Waits ``pause`` seconds before the first retry, then twice
        that …

        Raises DownloadFailed, DiskRefused, Stopped.
        """
        failed = self._attempt()
        for attempt in range(retries):
            if failed is None or failed.final:
                break
            if self._stop.wait(pause * 2**attempt):
                raise Stopped
            failed = self._attempt()
        if failed is not None:
            raise DownloadFailed(failed.kind, failed.text)
        return self._part.finish()

    def _attempt(self) -> _FailedAttempt | None:
        resuming = self._may_resume and self._part.size >= RESUME_FROM
        if not resuming:
            self._part.restart()
        headers = {"Range": f"bytes={self._part.size - OVERLAP}-"} if resuming else None
        started = False
        try:
            with self._transport.stream(self._file.url, headers) as body:
                started = True
                self._pour(self._continued(body) if resuming else body)
        except DownloadFailed as error:
            self._may_resume &= started  # a server may well refuse the Range
            # Up to the first byte, the transport has already retried.
            return _FailedAttempt(kind=error.kind, text=error.text, final=not started and not resuming)
        return self._verdict()

    def _pour(self, body: Iterable[bytes]) -> None:
        """Write the body, until it is longer than it should be."""
        for chunk in body:
            if self._stop.is_set():
                raise Stopped
            self._part.write(chunk)
            if self._part.size > self._seen:
                self._meter.advance(self._part.size - self._seen)
                self._seen = self._part.size
            if self._part.size > self._limit:
                break

    def _continued(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """Return the new part of the body; all of it, after discarding the rest, if the server starts again."""
        overlap = b""
        for chunk in body:
            overlap += chunk
            if len(overlap) >= OVERLAP:
                break
        if overlap[:OVERLAP] == self._part.read(self._part.size - OVERLAP, OVERLAP):
            self._resumed = True
            yield overlap[OVERLAP:]
        else:
            self._may_resume = False
            self._part.restart()
            yield overlap
        yield from body

    def _verdict(self) -> _FailedAttempt | None:
        name, size = self._file.filename, self._part.size
        if size > self._limit:
            return _FailedAttempt(
                kind="size", text=f"{name} is larger than the allowed {self._limit} bytes", final=True
            )
        if self._file.size is not None and size < self._file.size:
            text = f"{name} ended after {size} of {self._file.size} bytes"
            return _FailedAttempt(kind="size", text=text, final=False)
        differing = self._part.differing(self._file.all_hashes)
        if differing is None:
            return None
        mismatch = hash_mismatch(self._file, *differing)
        resumed, self._resumed, self._may_resume = self._resumed, False, False
        return _FailedAttempt(kind="hash", text=mismatch, final=not resumed)


def hash_mismatch(file: File, algorithm: str, expected: str, found: str) -> str:
    """Return the message for a file that does not match the index."""
    return f"{algorithm} of {file.filename} does not match the index: expected {expected[:12]}…, got {found[:12]}…"
