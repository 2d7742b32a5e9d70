"""Renames and removals that wait until other programs close what they have open.

On Windows neither a file that a program has open, nor a folder with such a file below it, can be renamed or removed.
Virus scanners, search indexers and synchronizers open new files just after these are written, for fractions of a
second. So a refusal there is tried again, with growing pauses. Elsewhere nothing waits: only Windows' errors have a
``winerror``.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable

from .files import reachable

SHORT, LONG = 10.0, 60.0
"""Seconds to wait for one file before an update gives up, and where giving up would leave it half done."""

CLEARING = 2.0
"""Seconds to wait for all files of something that may just as well be removed by a later run."""

_DENIED = 5
"""ERROR_ACCESS_DENIED: a folder with an open file below it, a read-only file, or really a lack of permission."""

_BUSY = frozenset({_DENIED, 32, 33})
"""And ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.01, 0.1, 1.5


class Patience:
    """The seconds that one call, or several that share this, may wait altogether."""

    __slots__ = ("_left",)

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def wait(self, seconds: float) -> bool:
        """Wait, or return False at once when none is left."""
        if self._left <= 0:
            return False
        self._left -= seconds
        time.sleep(seconds)
        return True


def is_busy(error: OSError) -> bool:
    """Return whether another program may have the file open, or one below the folder."""
    return getattr(error, "winerror", None) in _BUSY


def rename(source: str, target: str, patience: Patience) -> None:
    """``os.rename``. Raises OSError."""
    source, target = reachable(source), reachable(target)
    try:
        os.rename(source, target)
    except OSError as error:
        _again(lambda: os.rename(source, target), error, patience)


def replace(source: str, target: str, patience: Patience) -> None:
    """``os.replace``, also of a file that is read-only. Raises OSError."""
    source, target = reachable(source), reachable(target)
    try:
        os.replace(source, target)
    except OSError as error:
        _again(lambda: os.replace(source, target), error, patience, read_only=target)


def unlink(path: str, patience: Patience) -> None:
    """``os.unlink``, also of a file that is read-only. Raises OSError."""
    path = reachable(path)
    try:
        os.unlink(path)
    except OSError as error:
        _again(lambda: os.unlink(path), error, patience, read_only=path)


def rmdir(folder: str, patience: Patience) -> None:
    """``os.rmdir``, also of a folder that is read-only. Raises OSError."""
    folder = reachable(folder)
    try:
        os.rmdir(folder)
    except OSError as error:
        _again(lambda: os.rmdir(folder), error, patience, read_only=folder)


def _again(action: Callable[[], None], error: OSError, patience: Patience, read_only: str | None = None) -> None:
    """Try until it works, or nobody can be what prevents it, or patience is at its end."""
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
    """Whether ``path`` was read-only, which Windows takes for a reason not to remove it, and no longer is."""
    if getattr(error, "winerror", None) != _DENIED:
        return False
    try:
        mode = os.lstat(path).st_mode
        if mode & stat.S_IWRITE or stat.S_ISLNK(mode):
            return False
        os.chmod(path, stat.S_IMODE(mode) | stat.S_IWRITE)
    except OSError:  # then it is not what can be helped
        return False
    return True
