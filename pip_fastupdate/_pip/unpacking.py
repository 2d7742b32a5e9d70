"""Writes a wheel's files in place of pip's ``ZipBackedFile``, in a third of its time.

pip cannot know that the folder is a new one, looks for a file to take the place of before it makes one, and copies
piece by piece. What was read already to check it is written as it was read: nothing is decompressed twice, and what
is installed is what was checked.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..files import write_all
from ..turns import aside

Contents = MutableMapping[str, bytes]
"""Contents of a wheel's files by their names in it."""

WHOLE = 16 * 1024**2
"""Bytes of a file up to which it is held in memory."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)

_thread = threading.local()


@contextmanager
def known(contents: Contents) -> Iterator[None]:
    """Within this, this thread writes what is in ``contents``, which it takes out, and reads only the rest."""
    _thread.contents = contents
    try:
        yield
    finally:
        del _thread.contents


def replace_writer(wheel: Any) -> None:
    """Have pip's installer (the module ``pip._internal.operations.install.wheel``) write its files this way.

    Once is enough. A pip that goes about it differently is left alone.
    """
    kind: Any = getattr(wheel, "ZipBackedFile", None)
    slow = getattr(kind, "save", None)
    if slow is None or slow.__module__ == __name__:
        return

    def save(file: Any) -> None:
        """Make the file; what is no new or no small one is left to pip."""
        info = file._zip_file.getinfo(file.src_record_path)
        if info.file_size > WHOLE:
            slow(file)
            return
        content = getattr(_thread, "contents", {}).pop(file.src_record_path, None)
        try:
            write(file.dest_path, file._zip_file.read(info) if content is None else content)
        except FileExistsError:
            slow(file)
            return
        file.written = True
        if wheel.zip_item_is_executable(info):
            wheel.set_extracted_file_to_default_mode_plus_executable(file.dest_path)

    kind.save = save
    relative = getattr(wheel, "_fs_to_record_path", None)
    if relative is not None:
        wheel._fs_to_record_path = lambda path, folder: _below(path, folder) or relative(path, folder)


def _below(path: str, folder: str) -> str | None:
    """How RECORD names a path below ``folder``; None where that takes a longer look."""
    start = folder + os.sep
    return path[len(start) :].replace(os.sep, "/") if path.startswith(start) and ".." not in path else None


def write(path: str, content: bytes) -> None:
    """Make the file with the permissions that ``open`` gives, and its folder where there is none.

    Raises FileExistsError where it is there already, and OSError when the disk does not take it.
    """
    with aside(len(content)):
        descriptor = _new_file(path)
        try:
            write_all(descriptor, content)
        finally:
            os.close(descriptor)


def _new_file(path: str) -> int:
    try:
        return os.open(path, _NEW, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - pathlib takes as long as the rest
        return os.open(path, _NEW, 0o666)


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
