"""The wheels of a run: cached under their hashes, or downloaded from the index into the cache."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..core.cache_folder import distrust, make, touch
from ..core.hashes import WEAK, problem
from ..core.models import Failure, File, Release
from ..core.protocols import Counting, DownloadFailed, Progress, Transport
from ..core.reasons import OUTDATED_URL, not_cached
from ..core.urls import file_path
from . import files
from .download import DiskRefused, Download, Meter, Part, disk_error
from .entry_names import name_fault
from .files import Identity, OpenWheel
from .refusal import shown
from .workers import work_off

if TYPE_CHECKING:
    from .shared import SharedWheels

LIMIT = 8 * 1024**3
"""Bytes at which a download of unknown size is given up."""

UNKNOWN_SIZE = 1024**2
"""Assumed size in bytes of a file whose size the index does not give."""


class WheelStore:
    """Finds wheels in the cache, or downloads them into it.

    They are at ``<directory>/wheels/<first two digits>/<sha256>/<file name>``; if the index gives another hash instead,
    below ``<its name>-<hash>``; without an unforgeable one, below ``url-<sha256 of the URL>``, to be used again only in
    the same run or offline, because what a URL returns may change. Unfinished files are called ``.<random>.part`` in
    the same directory. Files of ``file:`` URLs are used in place. Several processes may fetch the same files at once.
    All hashes given by the index must match.
    """

    def __init__(
        self,
        *,
        directory: Path | None,
        transport: Transport,
        counters: Counting,
        offline: bool,
        temporary: Path,
        shared: SharedWheels | None = None,
        renewed: Callable[[Release], Release | None] = lambda _: None,
        retries: int = 3,
        pause: float = 0.5,
    ) -> None:
        """``directory`` is the cache; without it, or when it cannot be written to, wheels go to ``temporary``.

        Nor is it used where others may have put things into it. ``retries`` counts for connections that break in the
        middle; ``pause`` is the seconds before the first of them. ``shared`` is asked before an index is.
        ``renewed`` returns a release that cannot be downloaded with another URL, if its index gives one now.
        """
        self._directory = directory if directory is None or distrust(directory) is None else None
        self._transport = transport
        self._counters = counters
        self._offline = offline
        self._temporary = temporary
        self._retries = retries
        self._pause = pause
        self._lock = threading.Lock()
        self._obtained: dict[str, Path] = {}
        self._seen: dict[Path, Identity] = {}
        self._parts: set[Part] = set()
        self._writable = True
        self._shared, self._renewed = shared, renewed
        self._warnings: deque[tuple[str, str]] = shared.warnings if shared else deque()

    def fetch(
        self, releases: Sequence[Release], *, jobs: int, progress: Progress
    ) -> Iterator[tuple[Release, Path | Failure]]:
        """Yield the file of each release, or why it failed, as soon as it is known; the largest are begun first.

        ``jobs`` threads work from the first ``next`` on. Steps of ``progress`` are bytes: ``File.size`` in total for
        every file. Closing the iterator stops unfinished downloads. Raises PipUpdateError if the disk of the temporary
        directory is full; if the cache has no space, downloads continue there. Every release must have a ``file``.
        """
        largest_first = sorted(releases, key=_size, reverse=True)
        work = partial(self._fetch_one, progress)
        try:
            with closing(work_off(largest_first, work, threads=min(jobs, len(releases)))) as answers:
                for answer in answers:
                    self._pass_warnings(progress)
                    yield answer
        finally:
            for part in tuple(self._parts):  # of threads that hang in a read
                part.abandon()

    def _fetch_one(self, progress: Progress, release: Release, stop: threading.Event) -> tuple[Release, Path | Failure]:
        """Return the release and its file, with the steps of ``progress``. Raises PipUpdateError, Stopped."""
        meter = Meter(_file(release), progress)
        found = self._obtain(release, meter, stop)
        meter.finish()
        return release, found

    def opened(self, path: Path, release: Release) -> AbstractContextManager[OpenWheel]:
        """Open the file at ``path``, which ``fetch`` returned for the release, as verified. Raises DownloadFailed,
        OSError.
        """
        file = _file(release)
        return files.opened(path, file, self._seen.get(path), own=not _is_local(file))

    def _pass_warnings(self, progress: Progress) -> None:
        while self._warnings:
            progress.warn(*self._warnings.popleft())

    def _obtain(self, release: Release, meter: Meter, stop: threading.Event) -> Path | Failure:
        """Return the file of one release. Raises PipUpdateError, Stopped."""
        try:
            return self._path(_file(release), meter, stop)
        except DownloadFailed as error:
            failed = error
        again = self._renewed(release) if failed.kind in OUTDATED_URL else None
        try:
            if again is not None:
                return self._path(_file(again), meter, stop)
        except DownloadFailed as error:
            failed = error
        return Failure(name=release.name, kind=failed.kind, text=failed.text, version=str(release.version))

    def _path(self, file: File, meter: Meter, stop: threading.Event) -> Path:
        """Return the file. Raises DownloadFailed, PipUpdateError, Stopped."""
        _check_names(file)
        if _is_local(file):
            return self._local(file)
        path = self._obtained[file.url] = self._cached(file) or self._download(file, meter, stop)
        return path

    def _cached(self, file: File) -> Path | None:
        if file.url in self._obtained:
            return self._obtained[file.url]
        if not _strong(file) and not self._offline:
            return None
        for root in filter(None, (self._directory, self._temporary)):
            path = _place(root, file)
            if os.path.lexists(path):
                touch(path)
                try:
                    self._seen[path] = files.check(path, file, own=True)
                except DownloadFailed:
                    self._warnings.append((f"ignoring damaged cached file {file.filename}", ""))
                else:
                    self._counters.add(bytes_cached=self._seen[path][2])
                    return path
        return None

    def _local(self, file: File) -> Path:
        """Return the path of a ``file:`` URL; its content is checked if the index gives a hash. Raises
        DownloadFailed.
        """
        path = _path_of(file)
        self._seen[path] = files.check(path, file, own=False)
        return path

    def _download(self, file: File, meter: Meter, stop: threading.Event) -> Path:
        if self._offline:
            raise DownloadFailed("offline", not_cached(file.filename))
        try:
            return self._download_into(file, meter, stop)
        except DiskRefused as refused:
            if self._directory is None or not refused.final.is_relative_to(self._directory):
                raise disk_error(refused.error, refused.final) from refused
            self._give_up_cache(refused.error)
        try:
            return self._download_into(file, meter, stop)
        except DiskRefused as refused:
            raise disk_error(refused.error, refused.final) from refused

    def _download_into(self, file: File, meter: Meter, stop: threading.Event) -> Path:
        """Download and return the path. Raises DownloadFailed, DiskRefused, PipUpdateError, Stopped."""
        with self._part(file) as part:
            if self._shared is not None and self._shared.fill(part, file, stop):
                self._counters.add(bytes_shared=part.size)
                return self._seen_as(part.finish(), part)
            download = Download(file, part, self._transport, limit=LIMIT, meter=meter, stop=stop)
            path = self._seen_as(download.run(retries=self._retries, pause=self._pause), part)
        if self._shared is not None:
            self._shared.offer(file, path)
        return path

    def _seen_as(self, path: Path, part: Part) -> Path:
        if part.identity is not None:
            self._seen[path] = part.identity
        return path

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
        """Open the file to download into: in the cache, else in the temporary directory. Raises PipUpdateError."""
        algorithms = [name for name, _ in file.all_hashes]
        if self._directory is not None and self._writable:
            place = _place(self._directory, file)
            try:
                make(place.parent, self._directory)
                return Part(place, algorithms)
            except OSError as error:
                self._give_up_cache(error)
        place = _place(self._temporary, file)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            return Part(place, algorithms)
        except OSError as error:
            raise disk_error(error, place) from error

    def _give_up_cache(self, error: OSError) -> None:
        with self._lock:
            if self._writable:
                self._writable = False
                text = f"could not write to the cache in {self._directory}: {error.strerror or error}"
                self._warnings.append((text, "use another directory with --cache-dir"))


def _file(release: Release) -> File:
    if release.file is None:
        raise ValueError(f"{release.name} {release.version} has no file")
    return release.file


def _size(release: Release) -> int:
    size = _file(release).size
    return UNKNOWN_SIZE if size is None else size


def _strong(file: File) -> tuple[str, str] | None:
    """Return the unforgeable hash that identifies it."""
    return next(((name, value) for name, value in file.all_hashes if name not in WEAK), None)


def _place(root: Path, file: File) -> Path:
    strong = ("sha256", file.sha256.lower()) if file.sha256 is not None else _strong(file)
    name, digest = strong or ("url", hashlib.sha256(file.url.encode()).hexdigest())
    return root / "wheels" / digest[:2] / (digest if name == "sha256" else f"{name}-{digest}") / file.filename


def _check_names(file: File) -> None:
    """Check name and hash, which become a path. Raises DownloadFailed if they cannot."""
    wrong = name_fault(file.filename, windows=os.name == "nt")
    if wrong is not None or "/" in file.filename or file.filename.startswith("."):
        raise DownloadFailed("garbage", f"the index gives it an invalid file name: {shown(file.filename)}")
    text = problem(file.all_hashes)
    if text is not None:
        raise DownloadFailed("hash" if text.startswith("two") else "garbage", f"the index gives {file.filename} {text}")


def _is_local(file: File) -> bool:
    return file.url.lower().startswith("file:")


def _path_of(file: File) -> Path:
    """Return the path of a ``file:`` URL. Raises DownloadFailed."""
    path = file_path(file.url)
    if path is None or (urlsplit(file.url).netloc not in ("", "localhost") and os.name != "nt"):
        raise DownloadFailed("download", f"{file.url} is on another machine")
    if path.exists() and not path.is_file():  # reading a pipe would wait
        raise DownloadFailed("garbage", f"{file.filename} is not a regular file")
    return path
