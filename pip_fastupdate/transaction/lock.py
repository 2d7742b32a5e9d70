"""The lock on an environment: held by a living process or not at all, whatever becomes of that process.

It is on a file that only users who may change the environment can open: a directory, or a file readable by others,
could be locked by them forever.
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
"""Seconds between two attempts."""

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_BUSY = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""Errors for a lock held by another process, different on each system."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EIO})
"""Errors of file systems without locks: NFS without its daemon, Lustre without an option, some others."""


class Lock(Protocol):
    """A lock that can be tried repeatedly."""

    def acquire(self) -> bool:
        """Return whether it is now held. Raises OSError if such a lock does not work at all."""

    def release(self) -> None:
        """Release it, or stop trying."""

    def holder(self) -> str | None:
        """Return which process holds it, if that is easily known."""


class FileLock:
    """A locked file in a directory; both are created if missing, and removed in the end unless others need them."""

    def __init__(self, folder: str, prefix: str | None = None) -> None:
        self._folder = folder
        self._prefix = os.path.dirname(folder) if prefix is None else prefix
        self._path = os.path.join(folder, "lock")
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Try to take the lock."""
        if self._descriptor is not None:
            return True
        try:
            self._make_folder()
        except (FileNotFoundError, FileExistsError):  # others create and remove it at this very moment
            return False
        try:
            descriptor = self._open()
        except FileNotFoundError:  # the former holder has just removed the directory
            return False
        except PermissionError:  # or, on Windows, the file, which exists while anybody has it open
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
        """Create the directory again if Windows refuses because the old one is just being removed."""
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
        """Open it so that nobody else may even read it; a group may if it may change the environment."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._path, flags, 0o600)
        writing = stat.S_IMODE(os.stat(self._prefix).st_mode) & 0o022
        wanted = 0o600 | writing | writing << 1
        if os.name != "nt" and stat.S_IMODE(os.fstat(descriptor).st_mode) != wanted:
            with suppress(PermissionError):  # another of the group has created it, and did the same
                os.fchmod(descriptor, wanted)
        return descriptor

    def _is_current(self, descriptor: int) -> bool:
        """Return whether the locked file is the one that others will try."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file before unlocking it, or after that on Windows, where an open file cannot be removed."""
        if self._descriptor is not None:
            if os.name != "nt":
                unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = None
            if os.name == "nt":
                unlink(self._path, Patience(0))
        remove_empty(self._folder)

    def discard(self) -> None:
        """Leave nothing behind if nothing can be locked."""
        unlink(self._path)

    def holder(self) -> str | None:
        """Return what the holder wrote into the file; Windows does not let others read it."""
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
    """Hold the environment's lock. ``waiting`` is called once if another process has it.

    ``warn`` is called if the file system has no locks: then a file naming the process replaces it. Raises
    EnvironmentLocked after ``timeout`` seconds, TransactionError if nothing can be locked at all.
    """
    lock: Lock = FileLock(os.fspath(home), os.fspath(prefix))
    try:
        lock.acquire()
    except OSError as error:
        lock.release()
        if error.errno not in _NO_LOCKS:
            with raising_transaction_errors("could not lock the environment"):
                raise
        assert isinstance(lock, FileLock), "that is what it was made as"
        from .claim import Claim  # few file systems have no locks

        make_home(os.fspath(home), os.fspath(prefix))
        lock.discard()
        lock = Claim(os.fspath(home))
        warn(f"could not lock {home} ({os.strerror(error.errno or 0)}); using a lock file in it")
    with held(lock, timeout, waiting):
        yield


@contextmanager
def held(lock: Lock, timeout: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold one lock, as ``hold`` does."""
    try:
        with raising_transaction_errors("could not lock the environment"):
            _wait_for(lock, timeout, waiting)
        yield
    finally:
        lock.release()


def _wait_for(lock: Lock, timeout: float, waiting: Callable[[], None]) -> None:
    if lock.acquire() or lock.acquire():  # twice: the first attempt may hit another's very last moment
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
    further = f"; if that run no longer exists, remove {lock.path}" if isinstance(lock, Claim) else ""
    raise EnvironmentLocked(
        f"another pip-update run is changing this environment{f' ({holder})' if holder else ''}",
        hint=f"wait for it to finish, or use --lock-timeout SECONDS{further}",
    )
