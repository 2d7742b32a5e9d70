"""How far the content of the transactions' directory is trusted: only as far as it can do no harm.

Whoever can write there can write in the environment, so a secret signature would keep nobody out, and would be lost in
another container. Instead, nothing is obeyed that the program would not have written: directories and files of the
environment's own user, or of root, that nobody else may write to and that are not links; steps between the
transaction's own directory and places inside the environment, after all links are resolved; never its interpreter, or a
directory that others need.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..core.errors import TransactionError
from .filesystem import kind_of_status


def check_folder(path: str, prefix: str) -> None:
    """Raise TransactionError unless ``path`` is a directory, not a link, of the owner of the environment at
    ``prefix``.
    """
    _check(path, prefix, "folder")


def check_file(path: str, prefix: str) -> None:
    """Do the same for a file."""
    _check(path, prefix, "file")


def _check(path: str, prefix: str, kind: str) -> None:
    found = os.lstat(path)
    if kind_of_status(found) != kind:  # from one call: another run may be removing it
        what = "a link" if stat.S_ISLNK(found.st_mode) else f"not a {kind}"
        raise TransactionError(
            f"cannot use {path}: it is {what}, which pip-update did not create",
            hint="find out what created it, then remove it",
        )
    if kind == "file" and not stat.S_ISREG(found.st_mode):
        raise TransactionError(f"{path} is not a regular file", hint="find out what created it, then remove it")
    if hasattr(os, "geteuid") and not _is_trusted(found, os.stat(prefix)):
        raise TransactionError(
            f"cannot trust {path}: a user who may not change this environment can write it",
            hint="check its owner and mode; remove it, or make both those of the environment",
        )


def _is_trusted(found: os.stat_result, prefix: os.stat_result) -> bool:
    """Return whether nobody can write there who cannot write in the environment itself."""
    shared = prefix.st_mode & stat.S_IWGRP and found.st_gid == prefix.st_gid
    anybody = prefix.st_mode & stat.S_IWOTH
    if found.st_uid not in (prefix.st_uid, 0, os.geteuid()) and not shared and not anybody:
        return False
    wider = stat.S_IMODE(found.st_mode) & ~prefix.st_mode
    private = found.st_gid == found.st_uid  # the group of a single user, as many systems create them
    return not wider & stat.S_IWOTH and (not wider & stat.S_IWGRP or private)


def as_owner(path: str, prefix: str) -> bool:
    """Return whether root, who can do anything, should act as the owner of ``path`` in another user's environment."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    return os.lstat(path).st_uid != 0 and os.stat(prefix).st_uid != 0


@contextmanager
def acting_for(path: str, prefix: str) -> Iterator[None]:
    """Give root inside only the rights of the owner of ``path``.

    So whatever that user has planted, or swaps in at this very moment, gains them nothing.
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
    """Create a directory in which nobody can write who cannot write in the environment. Raises OSError.

    If the environment's directory passes its group on to everything new in it, so does this one: what is staged there
    comes into the environment, and the others of the group must be able to replace it.
    """
    os.mkdir(path)
    os.chmod(path, stat.S_IMODE(os.stat(prefix).st_mode) & (0o777 | stat.S_ISGID) | 0o700)


def make_home(path: str, prefix: str) -> None:
    """Create the directory of the transactions if it is missing. Raises OSError, and TransactionError as
    ``check_folder``.
    """
    try:
        make_folder(path, prefix)
    except FileNotFoundError:  # a user without packages of their own so far
        os.makedirs(prefix, exist_ok=True)  # or another run has just removed it, and it must be created once more
        make_folder(path, prefix)
    except FileExistsError:
        with suppress(FileNotFoundError):  # another run is just removing it
            check_folder(path, prefix)


_DIGITS = 18


def is_id(name: str) -> bool:
    """Return whether that is the name of a transaction's directory: a number from 1 on, as the program counts."""
    return name.isascii() and name.isdecimal() and not name.startswith("0") and len(name) <= _DIGITS
