"""Writes a wheel's files in place of pip's ``ZipBackedFile``, in a third of its time.

pip cannot know that the folder is a new one, looks for a file to take the place of before it makes one, and copies
piece by piece. What was read already to check it is written as it was read: nothing is decompressed twice, and what
is installed is what was checked.
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
"""Bytes of a file up to which it is held in memory."""


class WheelPath(str):
    """The path of a wheel, and what was read of it already.

    pip's installer hands the path to ``zipfile``, which keeps it with the open archive, where ``save`` finds it.
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
    """Make the file of a ``ZipBackedFile``; False where that is left to pip: what is no new or no small one."""
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
    """How RECORD names a path below ``folder``; None where that takes a longer look."""
    start = folder + os.sep
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) and ".." not in path else None


def write(path: str, content: bytes, turns: Turns | None = None) -> None:
    """Make the file with the permissions that ``open`` gives, and its folder where there is none.

    Raises FileExistsError where it is there already, and OSError when the disk does not take it.
    """
    with aside(turns, len(content)):
        descriptor = create_below(path)
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)


def seconds_per_file(folder: Path, tries: int = 20) -> float:
    """How long the file system takes to make a small file in ``folder``: the median; 0 where it makes none at all."""
    taken = [0.0]
    with suppress(OSError):  # the first wheel will run into the same, and tell
        for number in range(tries):
            path, start = folder / f".try-{number}", time.perf_counter()
            write(str(path), b"x")
            taken.append(time.perf_counter() - start)
            path.unlink()
    return sorted(taken)[len(taken) // 2]
