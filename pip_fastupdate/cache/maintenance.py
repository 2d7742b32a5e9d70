"""The cache as a whole: its content, emptying it, and keeping it within its limit."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..core import busy_files
from ..core.busy_files import CLEARING, Patience
from ..core.cache_folder import PARTS, UNPACKED, CacheInfo, belongs_elsewhere, distrust
from ..core.files import is_link, walk
from . import location
from .sqlite import DAY, Store

ROOM = 0.9
"""How full an eviction leaves the cache, so that the next run does not need another."""

BESIDE = (".ok", ".pyc", ".part")
"""Suffixes of files next to the wheels: marks, their bytecode, and unfinished ones."""

ROW = 64
"""Bytes of a response in addition to its key and its value."""


def info(directory: Path) -> CacheInfo:
    """Return what is in the cache, without changes or warnings; a damaged database counts as empty."""
    with _opened(directory, reading=True) as store:
        times = [at for _, at, _ in store.entries()]
    found = [(file, size) for _, size, file in _used(_wheels(directory))] if distrust(directory) is None else []
    unpacked = sum(size for file, size in found if _is_unpacked(file))
    return CacheInfo(
        path=directory,
        entries=len(times),
        bytes=sum(size for _, size, _ in _used(_databases(directory))),
        oldest=min(times, default=None),
        newest=max(times, default=None),
        wheels=sum(file.suffix not in BESIDE and not _is_unpacked(file) for file, _ in found),
        wheel_bytes=sum(size for _, size in found) - unpacked,
        unpacked_bytes=unpacked,
    )


def clear(directory: Path) -> int:
    """Delete responses and wheels, and nothing else in the directory; return the bytes freed.

    Another process may be using the responses: they are deleted from the database, which stays as a small file unless
    it is damaged; files open elsewhere stay if the system does not delete them. Of parts that are links, only the links
    are removed. Raises OSError if a file cannot be deleted, and for a directory that is a link or another user's.
    """
    why = belongs_elsewhere(directory)
    if why is not None:
        raise PermissionError(errno.EPERM, f"it {why}", str(directory))
    for link in filter(is_link, (*_databases(directory), *(directory / part for part in PARTS))):
        link.unlink()
    distrust.cache_clear()
    before = _total(directory)
    with _opened(directory) as store:
        emptied = store.clear()
    for file in _databases(directory) if not emptied else _leftovers(directory):
        _remove(file)
    for file in _wheels(directory):
        if not _is_unpacked(file):
            _remove(file)
    with contextlib.suppress(OSError):  # a wheel that another run has open stays, which is not a failure
        if (directory / location.WHEELS).is_dir():
            shutil.rmtree(directory / location.WHEELS)
    return max(0, before - _total(directory))


def _remove(file: Path) -> None:
    """Delete a file unless another run has it open (Windows): then it stays. Raises OSError."""
    try:
        busy_files.unlink(str(file), Patience(CLEARING))
    except FileNotFoundError:
        return
    except OSError as error:
        if not busy_files.is_busy(error):
            raise


def evict(directory: Path, limit: int) -> int:
    """Evict the least recently used responses and wheels if there are more than ``limit`` bytes.

    Returns the bytes freed. A file that cannot be deleted stays.
    """
    if distrust(directory) is not None:
        return 0
    before = _total(directory)
    if before <= limit:
        return 0
    with _opened(directory) as store:
        _drop(directory, store, before - int(limit * ROOM))
        store.shrink()
    return before - _total(directory)


def _drop(directory: Path, store: Store, excess: int) -> None:
    """Evict the least recently used until ``excess`` bytes are freed."""
    things: list[tuple[float, int, str | Path]] = [
        (at, len(key) + size + ROW, key) for key, at, size in store.entries()
    ]
    things += _used(_leftovers(directory))
    things += _used(_wheels(directory))
    doomed: list[str] = []
    for _, size, thing in sorted(things, key=lambda each: each[0]):
        if excess <= 0:
            break
        excess -= size
        if isinstance(thing, str):
            doomed.append(thing)
        else:
            _delete(thing)
    store.delete(doomed)


def _delete(thing: Path) -> None:
    """Delete the file or the directory, and the one it is in if that is then empty."""
    with contextlib.suppress(OSError):
        if _is_unpacked(thing):
            shutil.rmtree(thing)
        else:
            thing.unlink()
        thing.parent.rmdir()


@contextlib.contextmanager
def _opened(directory: Path, *, reading: bool = False) -> Iterator[Store]:
    """Yield the responses; nothing without a database. The session has warned of problems with it."""
    database = directory / location.DATABASE
    store = Store(database if database.exists() else None, lambda _text, _hint: None, reading=reading)
    try:
        yield store
    finally:
        store.close()


def _databases(directory: Path) -> Iterator[Path]:
    """Return the databases of all formats with their companions."""
    return directory.glob("answers-*.sqlite*")


def _leftovers(directory: Path) -> Iterator[Path]:
    """Return those not in use: damaged, or of another format."""
    used = {location.DATABASE, *(location.DATABASE + suffix for suffix in location.COMPANIONS)}
    return (file for file in _databases(directory) if file.name not in used)


def _wheels(directory: Path) -> Iterator[Path]:
    """Return wheels and what is next to them; the unpacked files of a wheel are one directory."""
    for folder, folders, names in walk(directory / location.WHEELS):
        unpacked = [each for each in folders if each.endswith(UNPACKED)]
        folders[:] = [each for each in folders if each not in unpacked]
        yield from (Path(folder, name) for name in (*names, *unpacked))


def _is_unpacked(thing: Path) -> bool:
    return thing.suffix == UNPACKED and thing.is_dir() and not is_link(thing)


def _used(files: Iterable[Path]) -> Iterator[tuple[float, int, Path]]:
    """Yield the time of last use, the size in bytes and the path of every file.

    Unpacked files count as used a day before: they are made again without a download.
    """
    for file in files:
        with contextlib.suppress(OSError):
            status = file.lstat()
            if _is_unpacked(file):
                yield status.st_mtime - DAY, sum(size for _, size, _ in _used(file.iterdir())), file
            else:
                yield max(status.st_atime, status.st_mtime), status.st_size, file


def _total(directory: Path) -> int:
    return sum(size for files in (_databases(directory), _wheels(directory)) for _, size, _ in _used(files))
