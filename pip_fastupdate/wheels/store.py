"""The wheels of a run: from the cache, where each lies under its hash, or from the index into it."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..models import Failure, File, Release
from ..ports import DownloadFailed, Progress, Transport
from .download import FULL, Download, Part, disk_error, hash_mismatch
from .names import fault, shown
from .workers import work_off

LIMIT = 8 * 1024**3
"""Bytes at which a download of unknown size is given up."""

UNKNOWN_SIZE = 1024**2
"""Bytes that a file is taken for whose size the index does not tell."""

READ = 1024**2
"""Bytes that are hashed at a time."""

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class WheelStore:
    """Finds wheels in the cache, or downloads them into it.

    They lie at ``<directory>/wheels/<first two digits>/<sha256>/<file name>``; those for which the index gives no
    sha256 below ``url-<sha256 of the URL>``, to be used again only in the same run or offline, because what a URL
    gives may change. What is under way is called ``.<random>.part`` in the same folder. Files of ``file:`` URLs are
    used where they are. Several processes may fetch the same files at once.
    """

    def __init__(
        self,
        *,
        directory: Path | None,
        transport: Transport,
        offline: bool,
        temporary: Path,
        retries: int = 3,
        pause: float = 0.5,
    ) -> None:
        """``directory`` is the cache; without it, or when it cannot be written to, wheels go to ``temporary``.

        ``retries`` counts for connections that break in the middle; ``pause`` is the seconds before the first of them.
        """
        self._directory = directory
        self._transport = transport
        self._offline = offline
        self._temporary = temporary
        self._retries = retries
        self._pause = pause
        self._lock = threading.Lock()
        self._obtained: dict[str, Path] = {}
        self._parts: set[Part] = set()
        self._writable = True
        self._warnings: deque[tuple[str, str]] = deque()

    def fetch(
        self, releases: Sequence[Release], *, jobs: int, progress: Progress
    ) -> Iterator[tuple[Release, Path | Failure]]:
        """The file of each release, or why it could not be had, as soon as it is known; the largest are begun first.

        ``jobs`` threads work from the first ``next`` on. Steps of ``progress`` are bytes: ``File.size`` of them in the
        end for every file. Closing the iterator stops what is under way. Raises PipUpdateError when the disk is full.
        Every release must have a ``file``.
        """

        def work(release: Release, stop: threading.Event) -> tuple[Release, Path | Failure]:
            meter = _Meter(_file(release), progress)
            found = self._obtain(release, meter.advance, stop)
            meter.finish()
            return release, found

        largest_first = sorted(releases, key=_size, reverse=True)
        try:
            with closing(work_off(largest_first, work, threads=min(jobs, len(releases)))) as answers:
                for answer in answers:
                    self._pass_warnings(progress)
                    yield answer
        finally:
            for part in tuple(self._parts):  # of threads that hang in a read
                part.abandon()

    def _pass_warnings(self, progress: Progress) -> None:
        while self._warnings:
            progress.warn(*self._warnings.popleft())

    def _obtain(self, release: Release, advance: Callable[[int], None], stop: threading.Event) -> Path | Failure:
        """The file of one release. Raises PipUpdateError, Stopped."""
        file = _file(release)
        try:
            _check_names(file)
            if file.url.lower().startswith("file:"):
                return _local(file)
            path = self._cached(file) or self._download(file, advance, stop)
        except DownloadFailed as error:
            return Failure(name=release.name, kind=error.kind, text=error.text, version=str(release.version))
        self._obtained[file.url] = path
        return path

    def _cached(self, file: File) -> Path | None:
        if file.url in self._obtained:
            return self._obtained[file.url]
        if file.sha256 is None and not self._offline:
            return None
        for root in filter(None, (self._directory, self._temporary)):
            path = _place(root, file)
            if path.is_file():
                if _problem(path, file) is None:
                    with suppress(OSError):  # only brings its eviction forward
                        os.utime(path)
                    return path
                self._warnings.append((f"the cached {file.filename} is damaged: it is not used", ""))
        return None

    def _download(self, file: File, advance: Callable[[int], None], stop: threading.Event) -> Path:
        if self._offline:
            raise DownloadFailed("offline", f"{file.filename} is not in the cache")
        with self._part(file) as part:
            download = Download(file, part, self._transport, limit=LIMIT, advance=advance, stop=stop)
            return download.run(retries=self._retries, pause=self._pause)

    @contextmanager
    def _part(self, file: File) -> Iterator[Part]:
        part = self._open_part(file)
        self._parts.add(part)
        try:
            yield part
        finally:
            part.discard()
            self._parts.discard(part)

    def _open_part(self, file: File) -> Part:
        """The file to download into: in the cache, else in the temporary folder. Raises PipUpdateError."""
        if self._directory is not None and self._writable:
            place = _place(self._directory, file)
            try:
                return Part(place)
            except OSError as error:
                if error.errno in FULL:
                    raise disk_error(error, place) from error
                self._give_up_cache(error)
        place = _place(self._temporary, file)
        try:
            return Part(place)
        except OSError as error:
            raise disk_error(error, place) from error

    def _give_up_cache(self, error: OSError) -> None:
        with self._lock:
            if self._writable:
                self._writable = False
                text = f"the cache {self._directory} cannot be written to: {error.strerror or error}"
                self._warnings.append((text, "name another folder with --cache-dir"))


class _Meter:
    """Brings the steps for one file to its size, however it is had."""

    def __init__(self, file: File, progress: Progress) -> None:
        self._file = file
        self._left = file.size or 0
        self._progress = progress

    def advance(self, count: int) -> None:
        self._left -= count
        self._progress.step(self._file.filename, count)

    def finish(self) -> None:
        if self._left > 0:
            self._progress.step(self._file.filename, self._left)


def _file(release: Release) -> File:
    if release.file is None:
        raise ValueError(f"{release.name} {release.version} has no file")
    return release.file


def _size(release: Release) -> int:
    size = _file(release).size
    return UNKNOWN_SIZE if size is None else size


def _place(root: Path, file: File) -> Path:
    digest = file.sha256.lower() if file.sha256 is not None else hashlib.sha256(file.url.encode()).hexdigest()
    return root / "wheels" / digest[:2] / (digest if file.sha256 is not None else f"url-{digest}") / file.filename


def _check_names(file: File) -> None:
    """Name and hash become a path. Raises DownloadFailed when they cannot."""
    wrong = fault(file.filename, windows=os.name == "nt")
    if wrong is not None or "/" in file.filename or file.filename.startswith("."):
        raise DownloadFailed("garbage", f"the index gives it the file name {shown(file.filename)}")
    if file.sha256 is not None and not _SHA256.fullmatch(file.sha256):
        raise DownloadFailed("garbage", f"the index gives {file.filename} a sha256 that is none")


def _problem(path: Path, file: File) -> DownloadFailed | None:
    """Why the file on disk is not the one that the index means; None when it is."""
    try:
        size = path.stat().st_size
        if file.size is not None and size != file.size:
            return DownloadFailed("size", f"{file.filename} has {size} bytes, the index announces {file.size}")
        mismatch = None if file.sha256 is None else hash_mismatch(file, _sha256(path))
    except OSError as error:
        return DownloadFailed("download", f"{path} cannot be read: {error.strerror or error}")
    return None if mismatch is None else DownloadFailed("hash", mismatch)


def _sha256(path: Path) -> str:
    """The hash of a file: 1 to 2 GB a second, so cached wheels are hashed again at every use."""
    machine, buffer = hashlib.sha256(), memoryview(bytearray(READ))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            machine.update(buffer[:count])
    return machine.hexdigest()


def _local(file: File) -> Path:
    """The path of a ``file:`` URL, whose content is checked where the index gives a hash. Raises DownloadFailed."""
    from urllib.request import url2pathname  # brings http.client with it, and is rarely needed

    parts = urlsplit(file.url)
    host = "" if parts.netloc == "localhost" else parts.netloc
    if host and os.name != "nt":
        raise DownloadFailed("download", f"{file.url} is on another machine")
    path = Path(url2pathname(f"//{host}{parts.path}" if host else parts.path))
    problem = _problem(path, file)
    if problem is not None:
        raise problem
    return path
