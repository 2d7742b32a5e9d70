"""File operations used in several packages: reading within limits, because files are input, and writing whole files."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")

_READ = getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""``O_EXCL`` follows no link."""


def content(path: str, limit: int) -> bytes:
    """Return the content of a regular file, without waiting for a pipe or a device.

    Raises OSError, also for anything but a regular file and for one of more than ``limit`` bytes.
    """
    with open(path, "rb", opener=without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return data


def without_waiting(path: str, flags: int = os.O_RDONLY) -> int:
    """Open for reading without waiting for the other end of a pipe; an ``opener``. Raises OSError."""
    return os.open(path, flags | _READ)


def decoded(data: bytes | str) -> Any:
    """Return the value of a JSON text from outside. Raises ValueError, also if it is nested too deeply."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def followed(path: Path) -> Path:
    """Return the path with all links in it followed. Raises OSError, also for a link that leads to itself."""
    try:
        found = path.resolve()
        loops = found.is_symlink()  # since Python 3.13 that is left of such a link
    except RuntimeError:
        loops = True
    if loops:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    return found


def create(path: str, mode: int = 0o666, *, access: int = os.O_WRONLY) -> int:
    """Return the descriptor of a new file; links are never followed. Raises FileExistsError and OSError."""
    return os.open(path, _NEW | access, mode)


def create_below(path: str, mode: int = 0o666) -> int:
    """Do the same, creating its directory if missing."""
    return in_folder(path, lambda: create(path, mode))


def in_folder(path: str, action: Callable[[], Result]) -> Result:
    """Return what ``action`` does, which makes something at ``path``; its directory is created if missing."""
    try:
        return action()
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - pathlib takes as long as the rest
        return action()


def create_anew(path: str, mode: int = 0o666) -> int:
    """Do the same, after removing what is there."""
    try:
        return create(path, mode)
    except FileExistsError:
        Path(path).unlink()
        return create(path, mode)


def part_of(path: Path) -> Path:
    """Return a name next to ``path`` for its replacement while it is written; nobody else uses it."""
    return path.with_name(f".{os.urandom(8).hex()}.part")


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it; ``os.write`` may stop after a part. Raises OSError if the disk refuses."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def take_mode(path: Path, replaced: Path) -> None:
    """Give a new file the mode of the one that it will replace, if there is one. Raises OSError."""
    if replaced.exists():
        path.chmod(replaced.stat().st_mode & 0o777)


def leads_elsewhere(found: os.stat_result) -> bool:
    """Return whether a result of ``os.lstat`` is a link or, on Windows, a junction, which looks like a directory
    there.
    """
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT


_MOUNT_POINT = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT."""


def is_link(path: str | Path) -> bool:
    """Return whether there is something that ``leads_elsewhere``."""
    try:
        return leads_elsewhere(os.lstat(path))
    except OSError:
        return False


def walk(folder: str | Path, failed: Callable[[OSError], object] | None = None) -> Iterator[Walked]:
    """Walk like ``os.walk``, but never into junctions, as that does on Windows before Python 3.12."""
    for place, folders, names in os.walk(os.fspath(folder), onerror=failed):
        if os.name == "nt":
            folders[:] = [each for each in folders if not is_link(Path(place, each))]
        yield place, folders, names


Walked = tuple[str, list[str], list[str]]
"""A directory, its subdirectories (which may be removed from the list), and the names of its other entries."""


LONGEST, LONGEST_FOLDER = 259, 247
"""Characters of a path on Windows, and of a new directory's, unless long ones are enabled ("Maximum Path Length
Limitation").
"""

_VERBATIM, _SHARE = "\\\\?\\", "\\\\?\\UNC"
"""Prefixes of paths that Windows accepts at any length; the second replaces one of the two backslashes of a share."""


def verbatim(path: str) -> str:
    """Return an absolute path for Windows calls that accepts any length: with backslashes only, without dots."""
    if path.startswith(_VERBATIM):
        return path
    full = os.path.normpath(path)
    return _SHARE + full[1:] if full.startswith("\\\\") else _VERBATIM + full


def reachable(path: str) -> str:
    """Return a path for system calls: on Windows ``verbatim`` if it is too long, else unchanged."""
    return verbatim(path) if os.name == "nt" and len(path) > LONGEST_FOLDER else path


def reachable_tree(path: str) -> str:
    """Do the same for calls that also reach what is below ``path``, whose paths are longer: on Windows always
    ``verbatim``.
    """
    return verbatim(path) if os.name == "nt" else path


def plain(path: str) -> str:
    """Invert ``verbatim``: return the path for display."""
    if path.startswith(f"{_SHARE}\\"):
        return "\\" + path[len(_SHARE) :]
    return path.removeprefix(_VERBATIM)


def too_long(error: OSError, *, windows: bool = os.name == "nt") -> str | None:
    """Return a message if a path is longer than Windows allows, which itself only reports that it is not found.

    None if that is not the cause. Source of the advice: pip's own hint (``pip._internal.commands.install``).
    """
    paths = (each for each in (error.filename, error.filename2) if isinstance(each, str))
    length = max((len(each) for each in paths), default=0)
    if not windows or error.errno != errno.ENOENT or length <= LONGEST:
        return None
    return f"a path in it has {length} characters, but Windows allows {LONGEST} unless long paths are enabled"


def working_folder() -> str:
    """Return the current directory; "" if it has been removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text, as pip does
    except FileNotFoundError:
        return ""


def expanded(path: str | Path) -> Path:
    """Return a path from the user; a ``~`` that names nobody's home is part of the name."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises RuntimeError for such a name


def real(path: str) -> str:
    """Return ``path`` as pip compares it: absolute, without symbolic links, in the file system's case."""
    return os.path.normcase(os.path.realpath(path))
