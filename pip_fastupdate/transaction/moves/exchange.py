"""Exchange two paths in one call, so that neither is ever empty.

Linux has ``renameat2`` for that, macOS ``renamex_np``. If neither works (Windows, some network disks, some sandboxes),
the caller does it in two steps.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache

_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.ENOTTY})
"""Errors of such a call if the system, the file system or a sandbox does not know it."""

_AT_FDCWD, _RENAME_EXCHANGE, _RENAME_SWAP = -100, 2, 2
_NUMBERS = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "ppc64le": 357, "s390x": 347}
"""Numbers of the system call, for C libraries without a function for it (musl)."""


def exchange(one: str, other: str) -> bool:
    """Exchange both paths, which exist. Returns False, with nothing done, if the system cannot.

    Raises OSError.
    """
    call = _call()
    if call is None:
        return False
    sys.audit("os.rename", one, other, -1, -1)  # so that observers of renames see this one
    number = call(os.fsencode(one), os.fsencode(other))
    if number in _UNSUPPORTED:
        return False
    if number:
        raise OSError(number, os.strerror(number), one, None, other)
    return True


@cache
def _call() -> Callable[[bytes, bytes], int] | None:
    """Return a function that returns an error number, 0 for none; None if there is no such call."""
    try:
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError, TypeError):  # a Python without it; Windows
        return None
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return lambda one, other: ctypes.get_errno() if library.renamex_np(one, other, _RENAME_SWAP) else 0
    if not sys.platform.startswith("linux"):
        return None
    where = ctypes.c_int(_AT_FDCWD)
    if hasattr(library, "renameat2"):
        rename = library.renameat2
        return lambda one, other: ctypes.get_errno() if rename(where, one, where, other, _RENAME_EXCHANGE) else 0
    number = _NUMBERS.get(os.uname().machine)
    if number is None or sys.maxsize < 2**32:
        return None
    return lambda one, other: (
        ctypes.get_errno() if library.syscall(number, where, one, where, other, _RENAME_EXCHANGE) else 0
    )
