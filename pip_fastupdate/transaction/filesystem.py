"""What a transaction does to the disk besides renaming, and what it says when the disk refuses."""

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
    errno.ENOSPC: ("the disk is full", "Free some space, then run pip-update again."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, then run pip-update again."),
    errno.EROFS: ("the file system is read-only", "Make it writable, then run pip-update again."),
    errno.EACCES: ("permission was denied", "Run pip-update as the user who owns the environment."),
    errno.EPERM: ("permission was denied", "Run pip-update as the user who owns the environment."),
    errno.EXDEV: (
        "it lies on another file system than the rest of the environment",
        "Unmount it for the update, or leave its package as it is with --exclude NAME.",
    ),
    errno.EBUSY: ("it is in use, or a file system is mounted on it", "Unmount it, or stop the program that uses it."),
}
_WINDOWS_REASONS = {
    5: (
        "another program uses it, or permission was denied",
        "Close the programs that run in this environment, or run pip-update as the user who owns it.",
    ),
    19: ("the disk is write-protected", "Make it writable, then run pip-update again."),
    32: ("another program uses it", "Close the programs that run in this environment."),
    33: ("another program has locked a part of it", "Close the programs that run in this environment."),
}
"""By Windows' own codes, of which several make one errno."""

_LONG_PATHS = (
    "enable long paths (https://pip.pypa.io/warnings/enable-long-paths), or move the environment to a shorter one"
)

_CHANGED = frozenset({errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})
"""What a rename that was right when it was planned fails with after somebody else was there."""


def kind_of(path: str) -> Kind | None:
    """What is at ``path``, links not followed; None for nothing."""
    try:
        found = os.lstat(reachable(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return kind_of_status(found)


def is_there(path: str) -> bool:
    """``os.path.lexists``, however long the path is."""
    return os.path.lexists(reachable(path))


def kind_of_status(found: os.stat_result) -> Kind:
    """What ``os.lstat`` has found."""
    return "link" if leads_elsewhere(found) else "folder" if stat.S_ISDIR(found.st_mode) else "file"


def kind_of_entry(entry: os.DirEntry[str]) -> Kind:
    """The same for an entry of a listed folder."""
    if entry.is_symlink():
        return "link"
    if not entry.is_dir(follow_symlinks=False):
        return "file"
    return "link" if os.name == "nt" and leads_elsewhere(entry.stat(follow_symlinks=False)) else "folder"


def identical(one: str, other: str) -> bool:
    """Whether two files have the same content, or two links the same target."""
    kinds = (kind_of(one), kind_of(other))
    if kinds == ("link", "link"):
        return os.readlink(reachable(one)) == os.readlink(reachable(other))
    if kinds != ("file", "file"):
        return False
    from filecmp import cmp

    return cmp(reachable(one), reachable(other), shallow=False)


def holds_no_file(folder: str) -> bool:
    """Whether there is nothing below ``folder`` but folders."""
    with os.scandir(reachable(folder)) as entries:
        return all(kind_of_entry(entry) == "folder" and holds_no_file(entry.path) for entry in entries)


def folding(folder: str) -> Callable[[str], str]:
    """What makes names equal that the file system of ``folder`` takes for one; the last part must have a letter."""
    if os.name == "nt":
        return _by_letter
    folds = folds_case(folder)
    if sys.platform == "darwin":
        return _decomposed if folds else _normal
    return str.casefold if folds else str


def _by_letter(text: str) -> str:
    """As NTFS compares: each letter by itself, if its capital is one letter. Those of ASCII come out small."""
    if text.isascii():
        return text.lower()
    return "".join(each.upper() if len(each.upper()) == 1 else each for each in text).lower()


def _normal(text: str) -> str:
    """As APFS compares, and HFS+ writes down: in normal form D."""
    return text if text.isascii() else unicodedata.normalize("NFD", text)


def _decomposed(text: str) -> str:
    """The same, and case is not heeded."""
    return _normal(_normal(text).casefold())


def folds_case(folder: str) -> bool:
    """Whether the file system takes ``NAME`` for ``name``. The last part of ``folder`` must have a letter."""
    head, tail = os.path.split(folder)
    return os.path.exists(os.path.join(head, tail.swapcase()))


def sync_folder(folder: str, *, medium: bool = False) -> None:
    """Have the names in ``folder`` on the disk. Does nothing where folders cannot be opened (Windows).

    With ``medium`` everything that was synced before is safe, too, from a cache of the disk's own (macOS).
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor, medium=medium)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:  # a file system without such a thing makes no promise to be broken
            raise
    finally:
        os.close(descriptor)


def _sync(descriptor: int, *, medium: bool) -> None:
    """Have a file on the disk. On macOS that leaves it in the disk's cache, unless one asks for the ``medium``."""
    if medium and sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # a network disk has no such thing
            pass
        else:
            return
    os.fsync(descriptor)


def write(path: str, content: bytes) -> None:
    """Write a new file, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
    try:
        write_all(descriptor, content)
        _sync(descriptor, medium=True)
    finally:
        os.close(descriptor)


def remove(path: str, patience: Patience | None = None) -> bool:
    """Remove a file, or a folder with everything in it, as far as that is possible. Returns whether nothing is left.

    Windows does not remove files that a program has open: what is left after some ``patience`` with all of them is for
    a later run to try again.
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
    """Remove a folder unless something is in it. Returns whether it is gone."""
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
    """Ctrl-C and requests to end are ignored inside: a few renames more are quicker, and safer, than stopping."""
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
    """Turns OSError into TransactionError as by ``transaction_error``."""
    try:
        yield
    except OSError as error:
        raise transaction_error(doing, error, planned=planned) from error


def transaction_error(doing: str, error: OSError, *, planned: bool = False) -> TransactionError:
    """What the user is told when the disk refuses: ``doing``, what is the matter, and where.

    What was ``planned`` from a look at the environment and finds it otherwise raises EnvironmentChanged.
    """
    path = error.filename2 if error.errno == errno.EEXIST and error.filename2 else error.filename
    where = f" ({plain(str(path))})" if path else ""
    long = too_long(error)
    if long is not None:
        return TransactionError(f"{doing}: {long}{where}.", hint=_LONG_PATHS)
    if planned and error.errno in _CHANGED:
        return EnvironmentChanged(
            f"{doing}: another program changed the environment meanwhile{where}.",
            hint="Run pip-update again when the other program is done.",
        )
    unknown = (error.strerror or str(error), "")
    reason, hint = _WINDOWS_REASONS.get(getattr(error, "winerror", 0)) or _REASONS.get(error.errno or 0, unknown)
    return TransactionError(f"{doing}: {reason}{where}.", hint=hint)
