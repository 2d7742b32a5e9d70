"""Renames and removals that wait until other programs close their files.

Windows refuses to rename or remove a file that a program has open, or a directory with such a file below it. Virus
scanners, search indexers and synchronizers open new files just after these are written, for fractions of a second. So a
refusal there is retried, with growing pauses. Elsewhere nothing waits: only Windows' errors have a ``winerror``.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable

from .files import reachable

SHORT, LONG = 10.0, 60.0
"""Seconds to wait for one file before an update gives up, if giving up would leave it half done."""

CLEARING = 2.0
"""Seconds to wait for all files of something that a later run can remove as well."""

_DENIED = 5
"""ERROR_ACCESS_DENIED: a directory with an open file below it, a read-only file, or really no permission."""

_BUSY = frozenset({_DENIED, 32, 33})
"""And ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.01, 0.1, 1.5


class Patience:
    """The seconds that one call, or several that share this, may wait in total."""

    __slots__ = ("_left",)

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def wait(self, seconds: float) -> bool:
        """Wait, or return False at once if none is left."""
        if self._left <= 0:
            return False
        self._left -= seconds
        time.sleep(seconds)
        return True


def is_busy(error: OSError) -> bool:
    """Return whether another program may have the file, or one below the directory, open."""
    return getattr(error, "winerror", None) in _BUSY


def rename(source: str, target: str, patience: Patience) -> None:
    """``os.rename``. Raises OSError."""
    source, target = reachable(source), reachable(target)
    try:
        os.rename(source, target)
    except OSError as error:
        _again(lambda: os.rename(source, target), error, patience)


def replace(source: str, target: str, patience: Patience) -> None:
    """``os.replace``, also for a read-only file. Raises OSError."""
    source, target = reachable(source), reachable(target)
    try:
        os.replace(source, target)
    except OSError as error:
        _again(lambda: os.replace(source, target), error, patience, read_only=target)


def unlink(path: str, patience: Patience) -> None:
    """``os.unlink``, also for a read-only file. Raises OSError."""
    path = reachable(path)
    try:
        os.unlink(path)
    except OSError as error:
        _again(lambda: os.unlink(path), error, patience, read_only=path)


def rmdir(folder: str, patience: Patience) -> None:
    """``os.rmdir``, also for a read-only directory. Raises OSError."""
    folder = reachable(folder)
    try:
        os.rmdir(folder)
    except OSError as error:
        _again(lambda: os.rmdir(folder), error, patience, read_only=folder)


def _again(action: Callable[[], None], error: OSError, patience: Patience, read_only: str | None = None) -> None:
    """Retry until it works, the cause is no other program, or patience is exhausted."""
    pause = _FIRST_PAUSE
    while is_busy(error):
        if read_only is not None and _made_writable(error, read_only):
            read_only = None
        elif not patience.wait(pause):
            break
        else:
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        try:
            action()
        except OSError as latest:
            error = latest
        else:
            return
    raise error


def _made_writable(error: OSError, path: str) -> bool:
    """Return whether ``path`` was read-only, which makes Windows refuse its removal, and no longer is."""
    if getattr(error, "winerror", None) != _DENIED:
        return False
    try:
        mode = os.lstat(path).st_mode
        if mode & stat.S_IWRITE or stat.S_ISLNK(mode):
            return False
        os.chmod(path, stat.S_IMODE(mode) | stat.S_IWRITE)
    except OSError:  # then that cannot be helped
        return False
    return True
