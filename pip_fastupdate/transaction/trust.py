"""How far what lies in the folder of the transactions is believed: only as far as it can do no harm.

Who can write there can write in the environment, so a secret seal would keep nobody out, and would be lost in another
container. Instead nothing is obeyed that the program would not have written: folders and files of the environment's
own user, or of root, that nobody else may write to and that are no links; steps between the transaction's own folder
and places inside the environment, after all links are resolved; never its interpreter, or a folder that others need.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..core.errors import TransactionError
from .filesystem import kind_of_status


def check_folder(path: str, prefix: str) -> None:
    """Raises TransactionError unless ``path`` is a folder, no link, of who owns the environment at ``prefix``."""
    _check(path, prefix, "folder")


def check_file(path: str, prefix: str) -> None:
    """The same for a file."""
    _check(path, prefix, "file")


def _check(path: str, prefix: str, kind: str) -> None:
    found = os.lstat(path)
    if kind_of_status(found) != kind:  # of one look: it may just be removed by another run
        what = "a link" if stat.S_ISLNK(found.st_mode) else f"not a {kind}"
        raise TransactionError(
            f"{path} is {what}: pip-update has not made it, and does not follow it.",
            hint="Find out who did, then remove it.",
        )
    if kind == "file" and not stat.S_ISREG(found.st_mode):
        raise TransactionError(f"{path} is not a regular file.", hint="Find out who made it, then remove it.")
    if hasattr(os, "geteuid") and not _is_trusted(found, os.stat(prefix)):
        raise TransactionError(
            f"{path} could have been written by somebody who may not change this environment.",
            hint="Look at its owner and mode; remove it, or give both as the environment has them.",
        )


def _is_trusted(found: os.stat_result, prefix: os.stat_result) -> bool:
    """Whether nobody can write there who cannot write in the environment itself."""
    shared = prefix.st_mode & stat.S_IWGRP and found.st_gid == prefix.st_gid
    anybody = prefix.st_mode & stat.S_IWOTH
    if found.st_uid not in (prefix.st_uid, 0, os.geteuid()) and not shared and not anybody:
        return False
    wider = stat.S_IMODE(found.st_mode) & ~prefix.st_mode
    private = found.st_gid == found.st_uid  # the group of one user alone, as many systems make them
    return not wider & stat.S_IWOTH and (not wider & stat.S_IWGRP or private)


def as_owner(path: str, prefix: str) -> bool:
    """Whether root, who can do anything, should do as the owner of ``path`` in somebody else's environment."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    return os.lstat(path).st_uid != 0 and os.stat(prefix).st_uid != 0


@contextmanager
def acting_for(path: str, prefix: str) -> Iterator[None]:
    """Root does inside what the owner of ``path`` could do himself, and no more.

    So whatever that user has planted, or puts in the way at this very moment, gains him nothing.
    """
    if not as_owner(path, prefix):
        yield
        return
    found, group, groups = os.lstat(path), os.getegid(), os.getgroups()
    os.setgroups([found.st_gid])
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def make_folder(path: str, prefix: str) -> None:
    """A new folder in which nobody can write who cannot write in the environment. Raises OSError."""
    os.mkdir(path)
    os.chmod(path, stat.S_IMODE(os.stat(prefix).st_mode) & 0o777 | 0o700)


def make_home(path: str, prefix: str) -> None:
    """The folder of the transactions, unless it is there. Raises OSError, and TransactionError as ``check_folder``."""
    try:
        make_folder(path, prefix)
    except FileNotFoundError:  # a user who has no packages of his own yet
        os.makedirs(prefix, exist_ok=True)  # or it was just removed by another run, and has to be made once more
        make_folder(path, prefix)
    except FileExistsError:
        with suppress(FileNotFoundError):  # just being removed by another run
            check_folder(path, prefix)


_DIGITS = 18


def is_id(name: str) -> bool:
    """Whether that is the name of a transaction's folder: a number from 1 on, as the program counts."""
    return name.isascii() and name.isdecimal() and not name.startswith("0") and len(name) <= _DIGITS
