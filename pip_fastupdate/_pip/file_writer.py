"""Writes a wheel's files in place of pip's ``ZipBackedFile``, in a third of its time.

pip does not know that the directory is new, looks for a file to replace before it creates one, and copies piece by
piece, each file as it comes. Here the modules and data of a package are written together, after pip has done the rest:
that is little work for Python, so another thread can go on with the next wheel. Content that was read for verification
is written as it was read: nothing is decompressed twice, and what is installed is what was verified.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ..core.files import create_below, write_all

if TYPE_CHECKING:
    from zipfile import ZipInfo

Unpack: TypeAlias = Callable[[str], Iterable[bytes]]
"""The content of a wheel's file by its name in it, in pieces."""


class UnpackedFiles(Protocol):
    """A wheel's files, unpacked by an earlier run."""

    def take(self, name: str, target: str, *, executable: bool) -> bool:
        """Make the file ``name`` of the wheel appear at ``target``; return False if it must be unpacked."""

    def add(self, name: str, path: str, *, executable: bool) -> None:
        """Note that the file ``name`` of the wheel was unpacked at ``path``."""


WHOLE = 16 * 1024**2
"""Bytes of a file up to which pip's own archive is read in one go."""


class WheelPath(str):
    """The path of a wheel, how it is unpacked, and which of its files are still to be written.

    pip's installer passes the path to ``zipfile``, which keeps it with the open archive, where ``save`` finds it.
    """

    __slots__ = ("_later", "kept", "unpack")

    unpack: Unpack | None
    kept: UnpackedFiles | None
    _later: dict[str, ZipInfo]

    def __new__(cls, path: str, unpack: Unpack | None, kept: UnpackedFiles | None = None) -> WheelPath:
        """Without ``unpack`` pip's own archive is read, without ``kept`` every file is unpacked."""
        made = super().__new__(cls, path)
        made.unpack, made.kept, made._later = unpack, kept, {}
        return made

    def postpone(self, target: str, info: ZipInfo) -> bool:
        """Leave a file to ``write_all``; return False for metadata and ``.data``, which pip may read or replace.

        Of several files with the same target the last prevails, as with pip.
        """
        if self.unpack is None or info.filename.partition("/")[0].endswith((".dist-info", ".data")):
            return False
        self._later[target] = info
        return True

    def write_all(self) -> None:
        """Write all postponed files, except those that pip has replaced in the meantime. Raises OSError."""
        while self._later and self.unpack is not None:
            target = next(iter(self._later))
            info = self._later.pop(target)
            if self.kept is None:
                _save(target, info, self.unpack(info.filename))
            else:
                _take(target, info, self.unpack, self.kept)


def save(file: Any) -> bool:
    """Write or postpone the file of a ``ZipBackedFile``; return False to leave it to pip: existing or large files."""
    archive, info = file._zip_file, file._zip_file.getinfo(file.src_record_path)
    path = archive.filename if isinstance(archive.filename, WheelPath) else WheelPath("", None)
    if not path.postpone(file.dest_path, info):
        if path.unpack is None and info.file_size > WHOLE:
            return False
        content = (archive.read(info),) if path.unpack is None else path.unpack(info.filename)
        if not _save(file.dest_path, info, content):
            return False
    file.written = True
    return True


def _take(target: str, info: ZipInfo, unpack: Unpack, kept: UnpackedFiles) -> None:
    """Create the file from what is kept, else unpack and keep it. Raises OSError."""
    executable = _is_executable(info)
    if kept.take(info.filename, target, executable=executable):
        if executable:
            _make_executable(target)
    elif _save(target, info, unpack(info.filename)):
        kept.add(info.filename, target, executable=executable)


def _save(target: str, info: ZipInfo, content: Iterable[bytes]) -> bool:
    """Create the file, executable if it is so in the wheel; return False if it exists. Raises OSError."""
    try:
        write(target, content)
    except FileExistsError:
        return False
    if _is_executable(info):
        _make_executable(target)
    return True


def _is_executable(info: ZipInfo) -> bool:
    from pip._internal.utils.unpacking import zip_item_is_executable

    return bool(zip_item_is_executable(info))


def _make_executable(path: str) -> None:
    from pip._internal.utils.unpacking import set_extracted_file_to_default_mode_plus_executable

    set_extracted_file_to_default_mode_plus_executable(path)


def below(path: str, folder: str) -> str | None:
    """Return how RECORD names a path below ``folder``; None if that requires a closer look."""
    start = folder + os.sep
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) and ".." not in path else None


def write(path: str, content: Iterable[bytes]) -> None:
    """Create the file with the permissions that ``open`` gives, and its directory if missing.

    Raises FileExistsError if it exists, and OSError if the disk refuses.
    """
    descriptor = create_below(path)
    try:
        for piece in content:
            write_all(descriptor, piece)
    finally:
        os.close(descriptor)
