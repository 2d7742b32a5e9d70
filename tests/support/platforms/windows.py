"""Windows with NTFS, as it comes: no long paths, no developer mode."""

from __future__ import annotations

import errno
import os
import random
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType, SimpleNamespace
from typing import Any

with suppress(ImportError):  # this is such a system, and nothing has to be simulated
    import fcntl

from .rules import REAL, VERBATIM, Rules, Seen, exists, look

ERRORS = {
    2: (errno.ENOENT, "The system cannot find the file specified"),
    3: (errno.ENOENT, "The system cannot find the path specified"),
    5: (errno.EACCES, "Access is denied"),
    32: (errno.EACCES, "The process cannot access the file because it is being used by another process"),
    123: (errno.EINVAL, "The filename, directory name, or volume label syntax is incorrect"),
    145: (errno.ENOTEMPTY, "The directory is not empty"),
    183: (errno.EEXIST, "Cannot create a file when that file already exists"),
    206: (errno.ENOENT, "The filename or extension is too long"),
    267: (errno.ENOTDIR, "The directory name is invalid"),
}
"""Windows' error codes, with the errno that CPython gives them (PC/errmap.h)."""

LONGEST_PATH, LONGEST_FOLDER = 259, 247
"""MAX_PATH less its terminator, and room for an 8.3 name in a new folder ("Maximum Path Length Limitation")."""

RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in "123456789¹²³")}
INVALID = set('<>:"|?*') | {chr(code) for code in range(32)}

MISSING = (
    *("geteuid", "getegid", "getuid", "getgid", "sync", "uname", "fork", "mkfifo", "fchown", "chown", "posix_fadvise"),
    *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "sched_getaffinity", "confstr", "statvfs", "killpg"),
)


def refused(code: int, path: str, other: str | None = None) -> OSError:
    """The error that Python makes of one of Windows'."""
    number, text = ERRORS[code]
    error = OSError(number, text, path, None, other) if other else OSError(number, text, path)
    error.winerror = code
    return error


class Scanner:
    """Looks at some of the paths when they are first moved or removed, and keeps them open for a while."""

    def __init__(self, probability: float, seconds: float = 0.3, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._probability = probability
        self._seconds = seconds
        self._until: dict[str, float] = {}

    def has_open(self, path: str, now: float) -> bool:
        """Whether it looks at that path now."""
        if path not in self._until:
            self._until[path] = now + self._seconds if self._random.random() < self._probability else now
        return now < self._until[path]


class Windows(Rules):
    """Everything that this process has open is open as Python opens files there: nobody may move or remove it."""

    def __init__(self, *folders: str | os.PathLike[str], scanner: Scanner | None = None) -> None:
        super().__init__(*folders)
        self.scanner = scanner
        self.loaded: set[tuple[int, int]] = set()
        """(device, inode) of libraries in use: these may be moved, but not removed."""

        self.junctions: set[str] = set()
        """Real paths of folders that stand for junctions: what is in them is somebody else's."""

        self.late: dict[str, int] = {}
        """Modification times (ns) of paths that listings still tell, NTFS being late with its indexes."""

    def key(self, name: str) -> str:
        """NTFS compares letter by letter in upper case, where that is one letter."""
        return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in name)

    def modules(self) -> dict[ModuleType, Seen]:
        return {
            **super().modules(),
            os: Seen(os, MISSING, name="nt", O_BINARY=0),
            sys: Seen(sys, ("abiflags",), platform="win32"),
        }

    def extra_modules(self) -> dict[str, ModuleType]:
        made = ModuleType("msvcrt")
        made.__dict__.update(LK_NBLCK=2, locking=_locking)
        return {"msvcrt": made}

    def call(self, name: str, path: str, *args: Any, **options: Any) -> Any:
        check = getattr(self, f"check_{name}", None)
        if check is not None:
            check(path, *args, **options)
        if path in self.junctions and name == "unlink":  # RemoveDirectory, which leaves what it leads to
            self.junctions.remove(path)
            return REAL.rename(path, f"{path} led here")
        found = super().call(name, path, *args, **options)
        if name == "scandir":
            return _Listing(self, found)
        return _junction(found) if path in self.junctions and name == "lstat" else found

    def check_path(self, name: str, path: str) -> None:
        length = len(self.full(path))
        if path.startswith(VERBATIM):
            return
        if name == "mkdir" and length > LONGEST_FOLDER:
            raise refused(206, path)
        if length > LONGEST_PATH:
            raise _not_found(path) if name == "open" else refused(3, path)

    def check_open(self, path: str, flags: int, *args: Any, **options: Any) -> None:
        """The C library, through which Python opens files, knows no more than an errno."""
        mode, writing = _mode(path), bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if mode is None:
            if writing:
                _check_name(path)
        elif stat.S_ISDIR(mode) or (writing and not mode & stat.S_IWRITE):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)

    def check_mkdir(self, path: str, *args: Any, **options: Any) -> None:
        _check_name(path)
        if exists(path):
            raise refused(183, path)

    def check_unlink(self, path: str, **options: Any) -> None:
        mode = _mode(path)
        if mode is None:
            raise _absent(path)
        if path in self.junctions:
            return
        if stat.S_ISDIR(mode) or self._is_loaded(path) or not (mode & stat.S_IWRITE or stat.S_ISLNK(mode)):
            raise refused(5, path)
        if self._is_open(path):
            raise refused(32, path)

    def check_rmdir(self, path: str, **options: Any) -> None:
        mode = _mode(path)
        if mode is None:
            raise _absent(path)
        if not stat.S_ISDIR(mode):
            raise refused(267, path)
        with look():
            if REAL.listdir(path):
                raise refused(145, path)
        if not mode & stat.S_IWRITE:
            raise refused(5, path)
        if self._is_open(path):
            raise refused(32, path)

    def move(self, name: str, source: str, target: str) -> None:
        _check_name(target)
        mode, there = _mode(source), self.found(target)
        if mode is None:
            raise _absent(source, target)
        if name == "rename" and exists(there) and there != source:
            raise refused(183, source, target)
        if name == "replace" and there != source:
            self._check_replaced(source, there)
        if stat.S_ISDIR(mode) and any(self._is_open(each) for each in _all_below(source)):
            raise refused(5, source, target)
        if not stat.S_ISDIR(mode) and self._is_open(source):
            raise refused(32, source, target)
        if not exists(os.path.dirname(target)):
            raise refused(3, source, target)
        super().move(name, source, target)

    def _check_replaced(self, source: str, target: str) -> None:
        mode = _mode(target)
        if mode is not None and (stat.S_ISDIR(mode) or not mode & stat.S_IWRITE or self._is_open(target)):
            raise refused(5, source, target)

    def fsync(self, descriptor: int) -> None:
        """FlushFileBuffers wants a handle that may write."""
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        super().fsync(descriptor)

    def _is_open(self, path: str) -> bool:
        if self.scanner is not None and self.scanner.has_open(path, self.clock.now):
            return True
        return path in _open_paths() or path == REAL.getcwd()

    def _is_loaded(self, path: str) -> bool:
        found = REAL.lstat(path)
        return (found.st_dev, found.st_ino) in self.loaded


class _Listing:
    """``os.scandir``."""

    def __init__(self, rules: Windows, found: Any) -> None:
        self._rules, self._found = rules, found

    def __enter__(self) -> _Listing:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def __iter__(self) -> _Listing:
        return self

    def __next__(self) -> _Entry:
        return _Entry(self._rules, next(self._found))

    def close(self) -> None:
        self._found.close()


class _Entry:
    """``os.DirEntry``: what it tells without following links is from the listing (documentation of ``stat``)."""

    def __init__(self, rules: Windows, entry: os.DirEntry[str]) -> None:
        self._rules, self._entry = rules, entry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> str:
        return self._entry.path

    def stat(self, *, follow_symlinks: bool = True) -> Any:
        found = self._entry.stat(follow_symlinks=follow_symlinks)
        if follow_symlinks and self._entry.is_symlink():
            return found
        fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        fields |= {"st_ino": 0, "st_dev": 0, "st_nlink": 0}
        if self._entry.path in self._rules.late:
            fields["st_mtime_ns"] = self._rules.late[self._entry.path]
        tag = 0xA0000003 if self._entry.path in self._rules.junctions else 0
        return SimpleNamespace(**fields, st_reparse_tag=tag)


def _junction(found: os.stat_result) -> SimpleNamespace:
    """What ``os.lstat`` tells of one (PC/pyconfig.h: a folder with a tag; CPython gh-156707)."""
    fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
    return SimpleNamespace(**fields, st_reparse_tag=0xA0000003)


def _open_paths() -> Iterator[str]:
    with look():
        for each in REAL.listdir("/proc/self/fd"):
            try:
                yield REAL.readlink(f"/proc/self/fd/{each}")
            except OSError:  # the one by which they were listed
                continue


def _all_below(folder: str) -> Iterator[str]:
    yield folder
    with look(), REAL.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _all_below(entry.path)
        else:
            yield entry.path


def _mode(path: str) -> int | None:
    try:
        mode: int = REAL.lstat(path).st_mode
    except OSError:
        return None
    return mode


def _absent(path: str, other: str | None = None) -> OSError:
    return refused(2 if exists(os.path.dirname(path)) else 3, path, other)


def _not_found(path: str) -> OSError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _check_name(path: str) -> None:
    """Raises OSError for a name that no new file can have ("Naming Files, Paths, and Namespaces")."""
    name = os.path.basename(path)
    if INVALID & set(name) or name.partition(".")[0].rstrip().lower() in RESERVED:
        raise refused(123, path)


def _locking(descriptor: int, mode: int, size: int) -> None:
    """``msvcrt.locking`` with LK_NBLCK."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES)) from error
