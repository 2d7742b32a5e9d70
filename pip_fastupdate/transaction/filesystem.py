"""Disk operations of a transaction other than renames, and their error messages."""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from ..core import busy_files
from ..core.busy_files import CLEARING, Patience
from ..core.errors import EnvironmentChanged, TransactionError
from ..core.files import leads_elsewhere, plain, reachable, too_long, write_all

Kind = Literal["file", "link", "folder"]

_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})

_INTERRUPTIONS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Signals that ask a program to end; no system has all of them."""

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space, then rerun pip-update"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then rerun pip-update"),
    errno.EROFS: ("the file system is read-only", "make it writable, then rerun pip-update"),
    errno.EACCES: ("permission denied", "run pip-update as the owner of the environment"),
    errno.EPERM: ("permission denied", "run pip-update as the owner of the environment"),
    errno.EXDEV: (
        "it is on a different file system from the rest of the environment",
        "unmount it for the update, or skip its package with --exclude NAME",
    ),
    errno.EBUSY: ("it is in use, or a file system is mounted on it", "unmount it, or stop the program that uses it"),
}
_WINDOWS_REASONS = {
    5: (
        "another program uses it, or permission denied",
        "close the programs running in this environment, or run pip-update as its owner",
    ),
    19: ("the disk is write-protected", "make it writable, then rerun pip-update"),
    32: ("another program uses it", "close the programs running in this environment"),
    33: ("another program has locked a part of it", "close the programs running in this environment"),
}
"""By Windows' own codes, several of which share an errno."""

_LONG_PATHS = (
    "enable long paths (https://pip.pypa.io/warnings/enable-long-paths), or move the environment to a shorter one"
)

_CHANGED = frozenset({errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})
"""Errors of a planned rename that mean another program changed the environment."""


def kind_of(path: str) -> Kind | None:
    """Return the kind of what is at ``path``, without following links; None for nothing."""
    try:
        found = os.lstat(reachable(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return kind_of_status(found)


def is_there(path: str) -> bool:
    """Return ``os.path.lexists``, however long the path is."""
    return os.path.lexists(reachable(path))


def kind_of_status(found: os.stat_result) -> Kind:
    """Return the kind from a result of ``os.lstat``."""
    return "link" if leads_elsewhere(found) else "folder" if stat.S_ISDIR(found.st_mode) else "file"


def kind_of_entry(entry: os.DirEntry[str]) -> Kind:
    """Return the kind of an entry of a listed directory."""
    if entry.is_symlink():
        return "link"
    if not entry.is_dir(follow_symlinks=False):
        return "file"
    return "link" if os.name == "nt" and leads_elsewhere(entry.stat(follow_symlinks=False)) else "folder"


def identical(one: str, other: str) -> bool:
    """Return whether two files have the same content, or two links the same target."""
    kinds = (kind_of(one), kind_of(other))
    if kinds == ("link", "link"):
        return os.readlink(reachable(one)) == os.readlink(reachable(other))
    if kinds != ("file", "file"):
        return False
    from filecmp import cmp

    return cmp(reachable(one), reachable(other), shallow=False)


def make(folder: str, mode: int) -> None:
    """Create a directory, however long its path is, with exactly this mode. Raises OSError."""
    made = reachable(folder)
    os.mkdir(made)
    os.chmod(made, mode)  # after mkdir, which masks it


def holds_no_file(folder: str) -> bool:
    """Return whether ``folder`` contains nothing but directories."""
    with os.scandir(reachable(folder)) as entries:
        return all(kind_of_entry(entry) == "folder" and holds_no_file(entry.path) for entry in entries)


def folding(folder: str) -> Callable[[str], str]:
    """Return a function that makes names equal if the file system of ``folder`` does; the last part must have a
    letter.
    """
    if os.name == "nt":
        return _by_letter
    folds = folds_case(folder)
    if sys.platform == "darwin":
        return _decomposed if folds else _normal
    return str.casefold if folds else str


def _by_letter(text: str) -> str:
    """Fold a name as NTFS compares: each letter by itself, if its capital is one letter. ASCII letters become lower
    case.
    """
    if text.isascii():
        return text.lower()
    return "".join(each.upper() if len(each.upper()) == 1 else each for each in text).lower()


def _normal(text: str) -> str:
    """Normalize a name as APFS compares and HFS+ stores: in normal form D."""
    return text if text.isascii() else unicodedata.normalize("NFD", text)


def _decomposed(text: str) -> str:
    """Do the same, ignoring case."""
    return _normal(_normal(text).casefold())


def folds_case(folder: str) -> bool:
    """Return whether the file system treats ``NAME`` as ``name``. The last part of ``folder`` must have a letter."""
    head, tail = os.path.split(folder)
    return os.path.exists(os.path.join(head, tail.swapcase()))


def sync_folder(folder: str, *, medium: bool = False) -> None:
    """Sync the names in ``folder`` to disk. Does nothing if directories cannot be opened (Windows).

    With ``medium``, everything synced before is also safe from the disk's own cache (macOS).
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor, medium=medium)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:  # a file system without this promises nothing
            raise
    finally:
        os.close(descriptor)


def _sync(descriptor: int, *, medium: bool) -> None:
    """Sync a file to disk. On macOS, that leaves it in the disk's cache without ``medium``."""
    if medium and sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # a network disk has no such operation
            pass
        else:
            return
    os.fsync(descriptor)


def write(path: str, content: bytes) -> None:
    """Write a new file and sync it to disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
    try:
        write_all(descriptor, content)
        _sync(descriptor, medium=True)
    finally:
        os.close(descriptor)


def remove(path: str, patience: Patience | None = None) -> bool:
    """Remove a file, or a directory with its content, as far as possible. Returns whether nothing is left.

    Windows does not remove files that a program has open: what is left after some ``patience`` with all of them waits
    for a later run.
    """
    patience = patience or Patience(CLEARING)
    if kind_of(path) != "folder":
        return unlink(path, patience)
    try:
        with os.scandir(reachable(path)) as listing:
            entries = list(listing)
    except OSError:
        return False
    gone = [
        remove(each.path, patience) if kind_of_entry(each) == "folder" else unlink(each.path, patience)
        for each in entries
    ]
    return all(gone) and remove_empty(path, patience)


def unlink(path: str, patience: Patience | None = None) -> bool:
    """Remove a file if possible. Returns whether it is gone."""
    return _attempt(busy_files.unlink, path, patience)


def remove_empty(folder: str, patience: Patience | None = None) -> bool:
    """Remove a directory if it is empty. Returns whether it is gone."""
    return _attempt(busy_files.rmdir, folder, patience)


def _attempt(action: Callable[[str, Patience], None], path: str, patience: Patience | None) -> bool:
    try:
        action(path, patience or Patience(CLEARING))
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and requests to end inside: a few more renames are quicker, and safer, than stopping."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is ever interrupted
        return
    names = [name for name in _INTERRUPTIONS if hasattr(signal, name)]
    former = {name: signal.signal(getattr(signal, name), signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in former.items():
            signal.signal(getattr(signal, name), signal.SIG_DFL if handler is None else handler)


@contextmanager
def raising_transaction_errors(doing: str, *, planned: bool = False) -> Iterator[None]:
    """Convert OSError into TransactionError (see ``transaction_error``)."""
    try:
        yield
    except OSError as error:
        raise transaction_error(doing, error, planned=planned) from error


def transaction_error(doing: str, error: OSError, *, planned: bool = False) -> TransactionError:
    """Return a TransactionError for an OSError: ``doing``, the cause and the path.

    If a step was ``planned`` from the environment and finds it different, that is EnvironmentChanged.
    """
    path = error.filename2 if error.errno == errno.EEXIST and error.filename2 else error.filename
    where = f" ({plain(str(path))})" if path else ""
    long = too_long(error)
    if long is not None:
        return TransactionError(f"{doing}: {long}{where}", hint=_LONG_PATHS)
    if planned and error.errno in _CHANGED:
        return EnvironmentChanged(
            f"{doing}: another program changed the environment{where}",
            hint="rerun pip-update when it has finished",
        )
    unknown = (error.strerror or str(error), "")
    reason, hint = _WINDOWS_REASONS.get(getattr(error, "winerror", 0)) or _REASONS.get(error.errno or 0, unknown)
    return TransactionError(f"{doing}: {reason}{where}", hint=hint)
