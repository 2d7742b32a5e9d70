"""Whether what lies in the cache may be believed: asked once for each folder, and the same for all that is in it.

Settings, answers of indexes, downloaded wheels: each could be used to have something else installed by whoever can
write there. So a folder that others can write to, that somebody else made, or that is a link to elsewhere is no cache:
nothing in it is read, written or deleted. pip's ``check_path_owner`` asks the first half of that.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

PARTS = ("settings", "settled", "wheels")
"""Our folders in it."""

DATABASE = "answers-"
"""What the names of our files in it begin with."""

PRIVATE = 0o700
"""The mode of the folders that we make."""


@cache
def distrust(directory: Path) -> str | None:
    """Why the cache must not be used, a phrase for people; None where nobody but its user can have written to it.

    Where the system does not tell owners (Windows) only links are looked for. A folder that does not exist may be made
    below any but, for root, another user's.
    """
    try:
        status = directory.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return _parents(directory)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if stat.S_ISREG(status.st_mode):  # no folder at all: writing to it will fail, and be told
        return None
    return _wrong(status) or _inside(directory)


def belongs_elsewhere(path: Path) -> str | None:
    """Why emptying it would touch what is not its user's, a phrase for people: a link, or another user's."""
    try:
        status = path.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return "is a link"
    return "belongs to another user" if hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0) else None


def _inside(directory: Path) -> str | None:
    """The same of its parts."""
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name in PARTS or entry.name.startswith(DATABASE):
                    wrong = _wrong(entry.stat(follow_symlinks=False))
                    if wrong is not None:
                        return f"has a part, {entry.name}, that {wrong}"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
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
    """Whether only its owner and root can write to it, or a group that has no one else in it."""
    if status.st_mode & stat.S_IWOTH:
        return False
    return not status.st_mode & stat.S_IWGRP or _is_own_group(status.st_gid)


@cache
def _is_own_group(number: int) -> bool:
    """Whether this is the group that systems make for one user alone: umask 002 goes with that."""
    if number == 0 and os.geteuid() == 0:
        return True
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:  # neither is known here, as in many containers: the numbers have to do
        return number == os.geteuid() == os.getegid()
    return group.gr_name == user.pw_name and user.pw_gid == number and set(group.gr_mem) <= {user.pw_name}


def _parents(directory: Path) -> str | None:
    """Whether root would leave files of its own in another user's folder, as with ``sudo`` without ``-H``."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    for folder in directory.parents:
        with suppress(FileNotFoundError, NotADirectoryError):
            return None if folder.stat().st_uid == 0 else "belongs to another user"
    return None


def make(folder: Path, directory: Path) -> None:
    """Make ``folder``, which is the cache ``directory`` or in it, for its user alone. Raises OSError."""
    if not folder.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        for each in (*reversed(folder.relative_to(directory).parents), folder.relative_to(directory)):
            with suppress(FileExistsError):
                (directory / each).mkdir(mode=PRIVATE)


def touch(path: Path) -> None:
    """Note that the file was of use; a link is not followed where the system can help it."""
    follow = os.utime not in os.supports_follow_symlinks  # Windows
    with suppress(OSError):  # only brings its eviction forward
        os.utime(path, follow_symlinks=follow)


def is_trusted_file(status: os.stat_result) -> bool:
    """Whether an open file is a plain one that only its user, or root, can have written."""
    return stat.S_ISREG(status.st_mode) and _wrong(status) is None
