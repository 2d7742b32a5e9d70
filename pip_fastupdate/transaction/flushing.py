"""Has what is staged on the disk before anything is renamed, lest a power cut leave empty files."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable

_REFUSED = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL})
"""What says that the call cannot be made here at all: old kernels, sandboxes."""


def flush(folders: Iterable[str]) -> None:
    """Have everything written so far to the file systems of these folders on the disk. Raises OSError.

    On Linux that is syncfs(2): sync(2) waits for all that other programs have written, to whatever disk, and tells of
    no error; fsync(2) of each file takes ten times as long. Elsewhere it is sync(2), where there is one.
    """
    syncfs = _syncfs()
    if syncfs is None or not all(_flushed(each, syncfs) for each in _one_each(folders)):
        _sync_all()


def _one_each(folders: Iterable[str]) -> list[str]:
    """One folder of each file system."""
    return list({os.stat(folder).st_dev: folder for folder in folders}.values())


def _flushed(folder: str, syncfs: Callable[[int], int]) -> bool:
    """Whether the system could be asked for that. Raises OSError where it says that something is not on the disk."""
    import ctypes

    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        if syncfs(descriptor) == 0:
            return True
        code = ctypes.get_errno()
    finally:
        os.close(descriptor)
    if code in _REFUSED:
        return False
    raise OSError(code, os.strerror(code), folder)


def _syncfs() -> Callable[[int], int] | None:
    """The C library's function, which sets ``errno``; None where it has none."""
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        found: Callable[[int], int] = ctypes.CDLL(None, use_errno=True).syncfs
    except (ImportError, OSError, AttributeError):  # a Python without ctypes, or another C library
        return None
    return found


def _sync_all() -> None:
    if hasattr(os, "sync"):
        os.sync()
