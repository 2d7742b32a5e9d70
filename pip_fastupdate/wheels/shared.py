"""Wheels that many machines share: looked for by their sha256 before an index is asked for the file.

The hashes that the index gives decide, whatever the store says. What fails there is told once, and does no harm.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from ..core.models import File
from ..core.text import redact
from .download import DiskRefused, Part
from .workers import Stopped

Result = TypeVar("Result")

PATIENCE = 5.0
"""Seconds for which the store is waited for; indexes are asked after that."""

PUTTING = 60.0
"""Seconds that putting one file may take."""

LIMIT = 8 * 1024**3
"""Bytes of a file whose size the index does not tell."""


class Place(Protocol):
    """Files by relative paths with slashes. Safe to use from many threads; raises whatever its library does."""

    def read(self, path: str) -> Iterator[bytes] | None:
        """What the file has in it; None where there is none."""

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        """Put the file at ``source`` there, if there is none, or with ``replace``; False where none are taken."""


class SharedWheels:
    """The wheels at ``<place>/<first two digits>/<sha256>/<file name>``, as in a cache.

    Safe to use from many threads.
    """

    def __init__(self, at: Place, name: str, *, patience: float = PATIENCE) -> None:
        """``name`` is for people; ``patience`` are the seconds until an answer begins."""
        self._place, self._name, self._patience = at, name, patience
        self._down, self._writable = False, True
        self._damaged: set[str] = set()
        self._lock = threading.Lock()
        self.warnings: deque[tuple[str, str]] = deque()
        """What is to be told, with hints."""

    def fill(self, part: Part, file: File, stop: threading.Event) -> bool:
        """Whether ``part`` has the file now, as the index says it is; otherwise it is empty.

        Raises DiskRefused, Stopped.
        """
        path = _path(file)
        if self._down or path is None:
            return False
        try:
            found = self._pour(path, part, file, stop)
        except (DiskRefused, Stopped):
            raise
        except Exception as error:  # each store's library has exceptions of its own
            self._fail(error, "could not read from")
        else:
            if found and _is_right(part, file):
                return True
            if found:
                self._damaged.add(path)
                said = f"{file.filename} in {self._name} is not the file of the index: it is not used"
                self.warnings.append((said, ""))
        part.restart()
        return False

    def offer(self, file: File, source: Path) -> None:
        """Put a file there that was checked, for others; if that is not possible, it is not tried again."""
        path = _path(file)
        if self._down or not self._writable or path is None:
            return
        try:
            put = _within(PUTTING, lambda: self._place.write(path, source, replace=path in self._damaged))
        except Exception as error:  # as above
            self._fail(error, "could not write to")
        else:
            self._writable = self._writable and put

    def _pour(self, path: str, part: Part, file: File, stop: threading.Event) -> bool:
        """Whether the file is there, whatever it has in it."""
        limit = LIMIT if file.size is None else file.size
        chunks = _within(self._patience, lambda: self._place.read(path))
        for chunk in chunks or ():
            if stop.is_set():
                raise Stopped
            part.write(chunk)
            if part.size > limit:
                break
        return chunks is not None

    def _fail(self, error: Exception, what: str) -> None:
        with self._lock:
            first, self._down = not self._down, True
        if first:
            cause = redact(str(error)) or type(error).__name__
            self.warnings.append((f"{what} {self._name}: {cause[:200]}; it is not used any more", ""))


def _path(file: File) -> str | None:
    """None for a file that cannot be told from others."""
    digest = file.sha256
    return None if digest is None else f"{digest[:2].lower()}/{digest.lower()}/{file.filename}"


def _is_right(part: Part, file: File) -> bool:
    return file.size in (None, part.size) and part.differing(file.all_hashes) is None


def _within(seconds: float, work: Callable[[], Result]) -> Result:
    """What ``work`` returns, or raises; TimeoutError if that takes longer: it is left behind then."""
    done: SimpleQueue[tuple[Result | None, Exception | None]] = SimpleQueue()

    def labour() -> None:
        try:
            done.put((work(), None))
        except Exception as error:  # raised again below
            done.put((None, error))

    threading.Thread(target=labour, name="shared-wheels", daemon=True).start()
    try:
        result, error = done.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value] # there was no error
