"""Files that appear a second time without being written again: clones, which share their blocks until one is changed,
and hard links.

Clones: Linux's FICLONE (ioctl_ficlone(2): btrfs, XFS, bcachefs, ZFS) and macOS's clonefile(2) (APFS).
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .files import create_below, in_folder
from .options import LinkMode

Link: TypeAlias = Callable[[int, str, str], None]
"""Make an open file, at that path, appear at another one, which must not exist. Raises OSError."""

_FICLONE = 0x40049409
"""``_IOW(0x94, 9, int)`` of linux/fs.h; systems that number it otherwise refuse this one, and files are unpacked."""

_CLONE_NOOWNERCOPY = 2
_AT_FDCWD = -2
"""Of macOS's sys/clonefile.h and fcntl.h."""


def clone(descriptor: int, path: str, target: str) -> None:
    """Clone the file, with the permissions of a new one. Raises OSError where the file system cannot."""
    if sys.platform == "darwin":
        _clonefile(descriptor, target)
    elif sys.platform == "linux":
        _ficlone(descriptor, target)
    else:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), path)


def _ficlone(descriptor: int, target: str) -> None:
    import fcntl

    made = create_below(target)
    try:
        fcntl.ioctl(made, _FICLONE, descriptor)
    except OSError:
        os.unlink(target)  # noqa: PTH108 - text
        raise
    finally:
        os.close(made)


def _clonefile(descriptor: int, target: str) -> None:
    """Clone on macOS; the clone gets the permissions of its original."""
    import ctypes

    function: Any = ctypes.CDLL(None, use_errno=True).fclonefileat

    def call() -> None:
        if function(descriptor, _AT_FDCWD, os.fsencode(target), _CLONE_NOOWNERCOPY) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), target)

    in_folder(target, call)


def hardlink(descriptor: int, path: str, target: str) -> None:
    """Link the file. Raises OSError, also if ``path`` is another file by now."""
    in_folder(target, lambda: os.link(path, target))
    if not os.path.samestat(os.fstat(descriptor), os.lstat(target)):
        os.unlink(target)  # noqa: PTH108 - text
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)


LINKS: Mapping[LinkMode, Link] = {"clone": clone, "hardlink": hardlink}
