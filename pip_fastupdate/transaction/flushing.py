"""Syncs staged files to disk before anything is renamed: otherwise a power cut could leave empty files."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable

_REFUSED = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL})
"""Errors that mean that the call does not work here at all: old kernels, sandboxes."""


def flush(folders: Iterable[str]) -> None:
    """Sync everything written so far to the file systems of these directories. Raises OSError.

    On Linux that is syncfs(2): sync(2) waits for all that other programs have written, to any disk, and reports no
    error; fsync(2) of each file takes ten times as long. Elsewhere it is sync(2), if there is one.
    """
    syncfs = _syncfs()
    if syncfs is None or not all(_flushed(each, syncfs) for each in _one_each(folders)):
        _sync_all()


def _one_each(folders: Iterable[str]) -> list[str]:
    """Return one directory of each file system."""
    return list({os.stat(folder).st_dev: folder for folder in folders}.values())


def _flushed(folder: str, syncfs: Callable[[int], int]) -> bool:
    """Return whether the system supports the call. Raises OSError if something is not on disk."""
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
    """Return the C library's function, which sets ``errno``; None if it has none."""
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
