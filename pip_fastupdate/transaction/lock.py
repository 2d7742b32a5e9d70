"""The lock on an environment: held by a living process or not at all, whatever becomes of that process.

It is on a file that only those can open who may change the environment: on a folder, or a file that others can read,
these could hold it for ever.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from ..core.busy_files import CLEARING, Patience, is_busy
from ..core.errors import EnvironmentLocked
from .filesystem import raising_transaction_errors, remove_empty, unlink
from .trust import make_home

_PAUSE = 0.05
"""Seconds between two tries."""

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_BUSY = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What a lock that another process holds answers with, each system in its own way."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EIO})
"""What a file system without locks answers with: NFS without its daemon, Lustre without an option, some others."""


class Lock(Protocol):
    """A lock that may be tried again and again."""

    def acquire(self) -> bool:
        """Whether it is now held. Raises OSError where such a lock does not work at all."""

    def release(self) -> None:
        """Give it back, or give up trying."""

    def holder(self) -> str | None:
        """Which process holds it, where that is easily known."""


class FileLock:
    """A locked file in a folder; both are made where missing, and removed in the end unless others need them."""

    def __init__(self, folder: str, prefix: str | None = None) -> None:
        self._folder = folder
        self._prefix = os.path.dirname(folder) if prefix is None else prefix
        self._path = os.path.join(folder, "lock")
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Try."""
        if self._descriptor is not None:
            return True
        try:
            self._make_folder()
        except (FileNotFoundError, FileExistsError):  # others make and remove it at this very moment
            return False
        try:
            descriptor = self._open()
        except FileNotFoundError:  # who held it until now has just removed the folder
            return False
        except PermissionError:  # or, on Windows, the file, which is there for as long as anybody has it open
            if os.name != "nt":
                raise
            return False
        try:
            _try(descriptor)
            if not self._is_current(descriptor):
                raise BlockingIOError(errno.EAGAIN, "removed by the process that held it", self._path)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in _BUSY:
                raise OSError(error.errno, error.strerror, self._path) from error
            return False
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"%8d" % os.getpid())
        return True

    def _make_folder(self) -> None:
        """Windows refuses to make a folder that is just being removed, as it does where one may not make any."""
        patience = Patience(CLEARING)
        while True:
            try:
                make_home(self._folder, self._prefix)
            except PermissionError as error:
                if not (is_busy(error) and patience.wait(_PAUSE)):
                    raise
            else:
                return

    def _open(self) -> int:
        """Nobody else may so much as read it; where a group may change the environment, that group may."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._path, flags, 0o600)
        writing = stat.S_IMODE(os.stat(self._prefix).st_mode) & 0o022
        wanted = 0o600 | writing | writing << 1
        if os.name != "nt" and stat.S_IMODE(os.fstat(descriptor).st_mode) != wanted:
            with suppress(PermissionError):  # another of the group has made it, and did the same
                os.fchmod(descriptor, wanted)
        return descriptor

    def _is_current(self, descriptor: int) -> bool:
        """Whether the file that is locked is the one that others will try."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file before it is unlocked, or after that on Windows, where an open file cannot be removed."""
        if self._descriptor is not None:
            if os.name != "nt":
                unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = None
            if os.name == "nt":
                unlink(self._path, Patience(0))
        remove_empty(self._folder)

    def discard(self) -> None:
        """Leave nothing where it turned out that nothing can be locked."""
        unlink(self._path)

    def holder(self) -> str | None:
        """What the holder wrote into the file; Windows does not let others read it."""
        try:
            with open(self._path, "rb") as file:
                return f"process {int(file.read(20))}"
        except (OSError, ValueError):
            return None


@contextmanager
def hold(
    prefix: Path,
    home: Path,
    timeout: float,
    waiting: Callable[[], None],
    warn: Callable[[str], object] = lambda text: None,
) -> Iterator[None]:
    """Hold the environment's lock. ``waiting`` is called once when another process has it.

    ``warn`` is told where the file system has no locks: then a file that says who is at work has to do. Raises
    EnvironmentLocked after ``timeout`` seconds, TransactionError where nothing can be locked at all.
    """
    lock: Lock = FileLock(os.fspath(home), os.fspath(prefix))
    try:
        lock.acquire()
    except OSError as error:
        lock.release()
        if error.errno not in _NO_LOCKS:
            with raising_transaction_errors("The environment cannot be locked"):
                raise
        assert isinstance(lock, FileLock), "that is what it was made as"
        from .claim import Claim  # few file systems have no locks

        make_home(os.fspath(home), os.fspath(prefix))
        lock.discard()
        lock = Claim(os.fspath(home))
        warn(f"{home} cannot be locked ({os.strerror(error.errno or 0)}): a file there says that this run is at work")
    with held(lock, timeout, waiting):
        yield


@contextmanager
def held(lock: Lock, timeout: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold one lock; as ``hold``."""
    try:
        with raising_transaction_errors("The environment cannot be locked"):
            _wait_for(lock, timeout, waiting)
        yield
    finally:
        lock.release()


def _wait_for(lock: Lock, timeout: float, waiting: Callable[[], None]) -> None:
    if lock.acquire() or lock.acquire():  # twice: the first one may meet another's very last moment
        return
    end = time.monotonic() + timeout
    if timeout > 0:
        waiting()
    while time.monotonic() < end:
        time.sleep(min(_PAUSE, timeout))
        if lock.acquire():
            return
    from .claim import Claim

    holder = lock.holder()
    further = f" If that run is no more, remove {lock.path}." if isinstance(lock, Claim) else ""
    raise EnvironmentLocked(
        f"Another run is changing this environment{f' ({holder})' if holder else ''}.",
        hint=f"Wait for it to end, or let this run wait with --lock-timeout SECONDS.{further}",
    )
