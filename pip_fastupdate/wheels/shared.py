"""Wheels shared by many machines: looked up by their sha256 before an index is asked for the file.

The index's hashes decide, whatever the store says. Its failures are reported once, and do no harm.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

from ..core.models import File
from ..core.text import redact
from .deadlines import Stalled, reading, within
from .download import DiskRefused, Part
from .workers import Stopped

PATIENCE = 5.0
"""Seconds to wait for the store; after that, the index is used."""

LULL = 30.0
"""Seconds to wait for more of a file: on a slow line, a block of an object store takes long."""

STALLS = 2
"""Files that may stall before the store is not used any more."""

PUTTING = 60.0
"""Seconds that storing one file may take."""

LIMIT = 8 * 1024**3
"""Maximum bytes of a file whose size the index does not give."""


class Place(Protocol):
    """Files by relative paths with slashes. Thread-safe; raises whatever its library does."""

    def read(self, path: str) -> Generator[bytes, None, None] | None:
        """Yield the content of the file; None if there is none.

        Raises PermissionError if it is forbidden, which may mean that it is missing.
        """

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        """Store the file at ``source`` there, if there is none, or with ``replace``; return False if it takes none."""


class SharedWheels:
    """The wheels at ``<place>/<first two digits>/<sha256>/<file name>``, as in a cache.

    Thread-safe.
    """

    def __init__(self, at: Place, name: str, *, patience: float = PATIENCE, lull: float = LULL) -> None:
        """``name`` is for display; ``patience`` are the seconds to wait for a response, ``lull`` for more of a file."""
        self._place, self._name, self._patience, self._lull = at, name, patience, lull
        self._down, self._writable = False, True
        self._damaged: set[str] = set()
        self._stalled: set[str] = set()
        self._forbidden = ""
        self._answered = False
        self._lock = threading.Lock()
        self.warnings: deque[tuple[str, str]] = deque()
        """Warnings with their hints."""

    def fill(self, part: Part, file: File, stop: threading.Event) -> bool:
        """Return whether ``part`` now has the file, matching the index; otherwise it is empty.

        Raises DiskRefused, Stopped.
        """
        path = _path(file)
        if self._down or path is None:
            return False
        try:
            found = self._pour(path, part, file, stop)
        except (DiskRefused, Stopped):
            raise
        except Stalled as error:
            self._give_up(path, file, error)
        except PermissionError as error:  # it may as well be missing
            self._forbidden = self._forbidden or _cause(error)
        except Exception as error:  # each store's library has its own exceptions
            self._fail(error, "could not read from")
        else:
            self._answered = True
            if found and _is_right(part, file):
                return True
            if found:
                self._damaged.add(path)
                said = f"{file.filename} in {self._name} does not match the index; using the index's file"
                self.warnings.append((said, ""))
        part.restart()
        return False

    def offer(self, file: File, source: Path) -> None:
        """Store a verified file for others; after a failure, it is not tried again."""
        path = _path(file)
        if self._down or not self._writable or path is None or path in self._stalled:
            return
        try:
            put = within(PUTTING, lambda: self._place.write(path, source, replace=path in self._damaged))
        except Exception as error:  # as above
            self._fail(error, "could not write to")
        else:
            if not put:
                self._only_read(file)

    def _pour(self, path: str, part: Part, file: File, stop: threading.Event) -> bool:
        """Return whether the file exists, whatever its content."""
        limit = LIMIT if file.size is None else file.size
        with reading(lambda: self._place.read(path), patience=self._patience, lull=self._lull) as chunks:
            for chunk in chunks or ():
                if stop.is_set():
                    raise Stopped
                part.write(chunk)
                if part.size > limit:
                    break
            return chunks is not None

    def _give_up(self, path: str, file: File, error: Stalled) -> None:
        """Do without the store for this file; after ``STALLS``, for all."""
        with self._lock:
            first = not self._stalled and not self._down
            self._stalled.add(path)
            self._down = self._down or len(self._stalled) >= STALLS
        if first:
            said = f"{self._name} stopped sending {file.filename}: {error}; using the index's file"
            self.warnings.append((said, ""))

    def _only_read(self, file: File) -> None:
        """Offer it nothing more. If it has let nothing be read, either, that may be a mistake."""
        with self._lock:
            first, self._writable = self._writable, False
        if first and self._forbidden and not self._answered:
            said = f"{self._name} allowed neither reading nor writing {file.filename}: {self._forbidden}"
            self.warnings.append(
                (said, "check its credentials, or allow listing it, to tell missing files from forbidden ones")
            )

    def _fail(self, error: Exception, what: str) -> None:
        with self._lock:
            first, self._down = not self._down, True
        if first:
            self.warnings.append((f"{what} {self._name}: {_cause(error)}; using the index alone", ""))


def _cause(error: Exception) -> str:
    return (redact(str(error)) or type(error).__name__)[:200]


def _path(file: File) -> str | None:
    """Return its path; None for a file without an unforgeable hash."""
    digest = file.sha256
    return None if digest is None else f"{digest[:2].lower()}/{digest.lower()}/{file.filename}"


def _is_right(part: Part, file: File) -> bool:
    return file.size in (None, part.size) and part.differing(file.all_hashes) is None
