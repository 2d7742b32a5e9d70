"""Writes a wheel's files in place of pip's ``ZipBackedFile``, in a third of its time.

pip does not know that the directory is new, looks for a file to replace before it creates one, and copies piece by
piece. Content that was read for verification is written as it was read: nothing is decompressed twice, and what is
installed is what was verified.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from ..core.files import create_below, write_all
from ..core.gil_turns import Turns, aside

Contents: TypeAlias = Mapping[str, bytes]
"""Contents of a wheel's files by their names in it."""

WHOLE = 16 * 1024**2
"""Bytes of a file up to which it is kept in memory."""


class WheelPath(str):
    """The path of a wheel, with the content read so far.

    pip's installer passes the path to ``zipfile``, which keeps it with the open archive, where ``save`` finds it.
    """

    __slots__ = ("contents", "turns")

    contents: Contents
    turns: Turns | None

    def __new__(cls, path: str, contents: Contents, turns: Turns | None = None) -> WheelPath:
        """``turns`` are those that the thread is at work in."""
        made = super().__new__(cls, path)
        made.contents, made.turns = contents, turns
        return made


def save(file: Any) -> bool:
    """Write the file of a ``ZipBackedFile``; return False to leave it to pip: existing or large files."""
    from pip._internal.utils.unpacking import set_extracted_file_to_default_mode_plus_executable, zip_item_is_executable

    archive, info = file._zip_file, file._zip_file.getinfo(file.src_record_path)
    if info.file_size > WHOLE:
        return False
    path = archive.filename
    contents, turns = (path.contents, path.turns) if isinstance(path, WheelPath) else ({}, None)
    content = contents.get(file.src_record_path)
    try:
        write(file.dest_path, archive.read(info) if content is None else content, turns)
    except FileExistsError:
        return False
    file.written = True
    if zip_item_is_executable(info):
        set_extracted_file_to_default_mode_plus_executable(file.dest_path)
    return True


def below(path: str, folder: str) -> str | None:
    """Return how RECORD names a path below ``folder``; None if that requires a closer look."""
    start = folder + os.sep
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) and ".." not in path else None


def write(path: str, content: bytes, turns: Turns | None = None) -> None:
    """Create the file with the permissions that ``open`` gives, and its directory if missing.

    Raises FileExistsError if it exists, and OSError if the disk refuses.
    """
    with aside(turns, len(content)):
        descriptor = create_below(path)
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)


def seconds_per_file(folder: Path, tries: int = 20) -> float:
    """Return the median time the file system takes to create a small file in ``folder``; 0 if it creates none."""
    taken = [0.0]
    with suppress(OSError):  # the first wheel will fail in the same way, and report it
        for number in range(tries):
            path, start = folder / f".try-{number}", time.perf_counter()
            write(str(path), b"x")
            taken.append(time.perf_counter() - start)
            path.unlink()
    return sorted(taken)[len(taken) // 2]
