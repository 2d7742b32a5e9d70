"""Work that may hang, in a thread of its own: after a deadline it is abandoned, and ends when it notices that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")

AHEAD = 2
"""Chunks that are read before they are wanted."""


class Stalled(Exception):
    """A file was opened, but a chunk of it did not arrive in time."""


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Return or raise what ``work`` does; TimeoutError if that takes longer."""
    done: SimpleQueue[tuple[Result | None, Exception | None]] = SimpleQueue()

    def labor() -> None:
        try:
            done.put((work(), None))
        except Exception as error:  # raised again below
            done.put((None, error))

    _start(labor)
    try:
        result, error = done.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value] # there was no error


@contextmanager
def reading(
    open_file: Callable[[], Generator[bytes, None, None] | None], *, patience: float, lull: float
) -> Iterator[Iterator[bytes] | None]:
    """Yield the chunks of what ``open_file`` returns, or None if it does; both are raised, too, as they come.

    ``patience`` are the seconds for opening it, after which TimeoutError is raised; ``lull`` those for each chunk,
    after which the iterator raises Stalled.
    """
    reader = _Reader(open_file)
    try:
        yield reader.chunks(lull) if reader.is_there(patience) else None
    finally:
        reader.leave()


class _Reader:
    """Reads a file ahead, and closes it."""

    def __init__(self, open_file: Callable[[], Generator[bytes, None, None] | None]) -> None:
        self._open = open_file
        self._room = threading.Semaphore(AHEAD)
        self._left = threading.Event()
        self._opened: SimpleQueue[bool | Exception] = SimpleQueue()
        self._arrived: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        _start(self._work)

    def is_there(self, seconds: float) -> bool:
        """Return whether the file exists. Raises TimeoutError, and whatever opening it does."""
        return _arrival(self._opened, seconds, TimeoutError(f"no answer within {seconds:g} seconds"))

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """Yield the content. Raises Stalled, and whatever reading it does."""
        late = Stalled(f"no data within {seconds:g} seconds")
        while (chunk := _arrival(self._arrived, seconds, late)) is not None:
            self._room.release()
            yield chunk

    def leave(self) -> None:
        """Have the file closed as soon as its library returns."""
        self._left.set()
        self._room.release()

    def _work(self) -> None:
        try:
            opened = self._open()
        except Exception as error:  # raised again by ``is_there``
            self._opened.put(error)
            return
        self._opened.put(opened is not None)
        if opened is None:
            return
        try:
            with closing(opened):
                self._pass_on(opened)
            self._arrived.put(None)
        except Exception as error:  # raised again by ``chunks``
            self._arrived.put(error)

    def _pass_on(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            self._arrived.put(chunk)
            self._room.acquire()
            if self._left.is_set():
                return


def _arrival(queue: SimpleQueue[Result | Exception], seconds: float, late: Exception) -> Result:
    """Return what arrives, or raise it if it is an exception; raise ``late`` if nothing does."""
    try:
        found = queue.get(timeout=seconds)
    except Empty:
        raise late from None
    if isinstance(found, Exception):
        raise found
    return found


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="shared-wheels", daemon=True).start()
