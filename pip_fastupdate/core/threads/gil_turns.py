"""Threads that take turns at Python's work, and let others run during work that needs little of it.

The interpreter's lock changes hands at every system call, which costs more than a small call is worth: two threads
staging wheels at the same time take half as long again as one. So each works alone, and is aside only while it unpacks
and writes all files of a wheel.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext


class Turns:
    """One thread at a time is at work, the others wait or are ``aside``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Take this thread's turn inside."""
        with self.lock:
            yield


class _Aside:
    """Lets others have their turn."""

    __slots__ = ("_lock",)

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.release()

    def __exit__(self, *_raised: object) -> None:
        self._lock.acquire()


_STAYING = nullcontext()


def aside(turns: Turns | None) -> AbstractContextManager[None]:
    """Let others have their turn inside.

    ``turns`` are those that this thread is at work in; None if it is in none, and has no turn to give away.
    """
    return _STAYING if turns is None else _Aside(turns.lock)
