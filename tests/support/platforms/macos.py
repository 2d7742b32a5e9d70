"""macOS with APFS as it comes, which keeps a name's spelling but not heed it, or with HFS+, which decomposes it."""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from contextlib import suppress
from types import ModuleType
from typing import Any

with suppress(ImportError):  # Windows, where nothing is simulated
    import fcntl

from .rules import Rules, Seen, missing

MISSING = ("sched_getaffinity", "posix_fadvise", "O_DIRECT", "memfd_create", "fdatasync")

F_FULLFSYNC = 51
"""From <sys/fcntl.h>."""


class Mac(Rules):
    """``flushed`` counts the calls that really bring data onto the disk: fsync alone does not (fsync(2))."""

    def __init__(self, *folders: str | os.PathLike[str], decomposes: bool = False, full_sync: bool = True) -> None:
        super().__init__(*folders)
        self._decomposes = decomposes
        self._full_sync = full_sync
        self.flushed = 0

    def key(self, name: str) -> str:
        """APFS is insensitive to case and to normal forms."""
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())

    def stored(self, name: str) -> str:
        """As it was given; in normal form D on HFS+."""
        return unicodedata.normalize("NFD", name) if self._decomposes else name

    def modules(self) -> dict[ModuleType, Seen]:
        linux = [name for name in dir(fcntl) if name.startswith(("F_OFD_", "F_SETPIPE", "F_GETPIPE", "F_ADD_SEALS"))]
        return {
            **super().modules(),
            os: Seen(os, MISSING),
            sys: Seen(sys, platform="darwin"),
            fcntl: Seen(fcntl, linux, F_FULLFSYNC=F_FULLFSYNC, fcntl=self._fcntl),
        }

    def extra_modules(self) -> dict[str, ModuleType]:
        return {"fcntl": self.modules()[fcntl]}

    def _fcntl(self, descriptor: int, command: int, argument: Any = 0) -> Any:
        if command != F_FULLFSYNC:
            return fcntl.fcntl(descriptor, command, argument)
        if not self._full_sync:  # SMB, and some FUSE file systems
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        os.fstat(descriptor)
        self.flushed += 1
        return 0

    def holds_for(self, path: object) -> bool:
        return super().holds_for(path) or (isinstance(path, str) and path.startswith("/proc/"))

    def found(self, path: str) -> str:
        if os.fspath(path).startswith("/proc/"):
            raise missing(os.fspath(path))
        return super().found(path)
