"""Whether the content of the cache can be trusted: checked once per directory, for everything in it.

Settings, index responses, downloaded wheels: whoever can write there could use each of them to have something else
installed. So a directory that others can write to, that another user created, or that is a link is not a cache: nothing
in it is read, written or deleted. pip's ``check_path_owner`` checks the first half of that.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PARTS = ("settings", "settled", "wheels")
"""Our directories in it."""

DATABASE = "answers-"
"""Prefix of the names of our files in it."""

PRIVATE = 0o700
"""The mode of the directories we create."""

CAREFUL = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
"""Flags for opening what is in it: nothing is read through links."""

UNPACKED = ".files"
"""Suffix of the directories with the unpacked files of a wheel, next to it."""


@cache
def distrust(directory: Path) -> str | None:
    """Return why the cache must not be used, a phrase for display; None if only its user can have written to it.

    If the system has no owners (Windows), only links are checked. A missing directory may be created anywhere except,
    for root, in another user's.
    """
    try:
        status = directory.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return _parents(directory)
    except OSError as error:
        return f"could not be read ({error.strerror or error})"
    if stat.S_ISREG(status.st_mode):  # not a directory: writing to it will fail, and be reported
        return None
    return _wrong(status) or _inside(directory)


def belongs_elsewhere(path: Path) -> str | None:
    """Return why emptying it would affect another user, a phrase for display: it is a link, or another user's."""
    try:
        status = path.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return "is a link"
    return "belongs to another user" if hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0) else None


def _inside(directory: Path) -> str | None:
    """Return the same for its parts."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name in PARTS or entry.name.startswith(DATABASE):
                    wrong = _wrong(entry.stat(follow_symlinks=False))
                    if wrong is not None:
                        return f"contains {entry.name}, which {wrong}"
    except OSError as error:
        return f"could not be read ({error.strerror or error})"
    return None


def _wrong(status: os.stat_result) -> str | None:
    if stat.S_ISLNK(status.st_mode) or not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        return "is a link" if stat.S_ISLNK(status.st_mode) else "is not a directory"
    if hasattr(os, "geteuid"):
        if status.st_uid not in (os.geteuid(), 0):
            return "belongs to another user"
        if not is_private(status):
            return "can be written by others"
    return None


def is_private(status: os.stat_result) -> bool:
    """Return whether only its owner and root can write to it, or a group without other members."""
    if status.st_mode & stat.S_IWOTH:
        return False
    return not status.st_mode & stat.S_IWGRP or _is_own_group(status.st_gid)


@cache
def _is_own_group(number: int) -> bool:
    """Return whether this is a user's private group, as systems with umask 002 create it."""
    if number == 0 and os.geteuid() == 0:
        return True
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:  # neither is known here, as in many containers: the numbers must do
        return number == os.geteuid() == os.getegid()
    return group.gr_name == user.pw_name and user.pw_gid == number and set(group.gr_mem) <= {user.pw_name}


def _parents(directory: Path) -> str | None:
    """Return whether root would leave its own files in another user's directory, as with ``sudo`` without ``-H``."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    for folder in directory.parents:
        with suppress(FileNotFoundError, NotADirectoryError):
            return None if folder.stat().st_uid == 0 else "belongs to another user"
    return None


def make(folder: Path, directory: Path) -> None:
    """Create ``folder``, the cache ``directory`` or one in it, for its user only. Raises OSError."""
    if not folder.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        for each in (*reversed(folder.relative_to(directory).parents), folder.relative_to(directory)):
            with suppress(FileExistsError):
                (directory / each).mkdir(mode=PRIVATE)


def touch(path: Path) -> None:
    """Record that the file was used; a link is not followed if the system can avoid it."""
    follow = os.utime not in os.supports_follow_symlinks  # Windows
    with suppress(OSError):  # only brings its eviction forward
        os.utime(path, follow_symlinks=follow)


def is_trusted_file(status: os.stat_result) -> bool:
    """Return whether an open file is a regular one that only its user, or root, can have written."""
    return stat.S_ISREG(status.st_mode) and _wrong(status) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """The result of ``--cache-info``."""

    path: Path
    """The cache directory."""

    entries: int
    """The number of cached responses."""

    bytes: int
    """Their database on disk, including damaged ones that were set aside."""

    oldest: float | None
    """Last use of the least recently used response, in seconds since the epoch, to the day."""

    newest: float | None
    """When the most recently used response was last used."""

    wheels: int
    """The number of downloaded files."""

    wheel_bytes: int
    """Bytes of the wheels on disk, and of their bytecode."""

    unpacked_bytes: int = 0
    """Bytes of their unpacked files, which may share blocks with environments."""
