"""The lock on an environment: held by a living process or not at all, whatever becomes of that process."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..errors import EnvironmentLocked
from .disk import remove_empty, told, unlink

_PAUSE = 0.05
"""Seconds between two tries."""

if sys.platform == "win32":
    import msvcrt

    def _try_file(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_file(descriptor: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_BUSY = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What a lock that another process holds answers with, each system in its own way."""


class Lock(Protocol):
    """A lock that may be tried again and again."""

    def acquire(self) -> bool:
        """Whether it is now held. Raises OSError where such a lock does not work at all."""

    def release(self) -> None:
        """Give it back, or give up trying."""

    def holder(self) -> int | None:
        """Id of the process that holds it, where that is easily known."""


class FolderLock:
    """``flock`` on the environment's own folder: leaves no file behind. Not on Windows, nor on some network disks."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Try."""
        if sys.platform == "win32":
            raise OSError(errno.ENOTSUP, "folders cannot be locked", self._folder)
        if self._descriptor is None:
            self._descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Close the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """From the kernel's list of locks (Linux), by inode."""
        try:
            inode = f":{os.stat(self._folder).st_ino}"
            with open("/proc/locks", encoding="ascii") as locks:
                rows = [line.split() for line in locks]
        except OSError:
            return None
        pids = [row[4] for row in rows if len(row) > 5 and row[1] == "FLOCK" and row[5].endswith(inode)]
        return int(pids[0]) if pids and pids[0].isdecimal() and pids[0] != "0" else None


class FileLock:
    """A locked file in a folder; both are made where missing, and removed in the end unless others need them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._path = os.path.join(folder, "lock")
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Try."""
        os.makedirs(self._folder, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _try_file(descriptor)
            if not self._is_current(descriptor):
                raise BlockingIOError(errno.EAGAIN, "removed by the process that held it", self._path)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _BUSY:
                raise
            return False
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"%8d" % os.getpid())
        return True

    def _is_current(self, descriptor: int) -> bool:
        """Whether the file that is locked is the one that others will try."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file before it is unlocked, or after that on Windows, where an open file cannot be removed."""
        if self._descriptor is not None:
            unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = None
            if os.name == "nt":
                unlink(self._path)
        remove_empty(self._folder)

    def holder(self) -> int | None:
        """What the holder wrote into the file; Windows does not let others read it."""
        try:
            with open(self._path, "rb") as file:
                return int(file.read(20))
        except (OSError, ValueError):
            return None


@contextmanager
def hold(prefix: Path, home: Path, timeout: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the environment's lock. ``waiting`` is called once when another process has it.

    Raises EnvironmentLocked after ``timeout`` seconds of that, TransactionError where nothing can be locked at all.
    """
    with told("The environment cannot be locked"):
        lock = _first_working(FolderLock(os.fspath(prefix)), FileLock(os.fspath(home)))
    with held(lock, timeout, waiting):
        yield


def _first_working(lock: Lock, other: Lock) -> Lock:
    try:
        lock.acquire()
    except OSError:
        lock.release()
        return other
    return lock


@contextmanager
def held(lock: Lock, timeout: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold one lock; as ``hold``."""
    try:
        with told("The environment cannot be locked"):
            _wait_for(lock, timeout, waiting)
        yield
    finally:
        lock.release()


def _wait_for(lock: Lock, timeout: float, waiting: Callable[[], None]) -> None:
    if lock.acquire():
        return
    end = time.monotonic() + timeout
    if timeout > 0:
        waiting()
    while time.monotonic() < end:
        time.sleep(min(_PAUSE, timeout))
        if lock.acquire():
            return
    pid = lock.holder()
    raise EnvironmentLocked(
        f"Another run is changing this environment{f' (process {pid})' if pid else ''}.",
        hint="Wait for it to end, or let this run wait with --lock-timeout SECONDS.",
    )
