"""Find files that other programs have open, before anything moves, and their distributions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from ...core.busy_files import SHORT, Patience, is_busy, rename
from ...core.errors import FileInUse
from ...core.files import plain
from .steps import Exchange, Operation, Out


def check_movable(operations: Iterable[Operation]) -> None:
    """Check on Windows whether everything that goes out can be moved: a rename to the same name fails if not.

    Raises OSError for the first thing that a program keeps open longer than a scanner does.
    """
    if os.name != "nt":
        return
    for each in operations:
        if isinstance(each, (Out, Exchange)):
            rename(each.live, each.live, Patience(SHORT))


@contextmanager
def working_folder_outside(prefix: str) -> Iterator[None]:
    """Leave the environment as working directory inside: Windows cannot move a process' working directory."""
    if os.name != "nt":
        yield
        return
    before = os.getcwd()
    os.chdir(prefix)
    try:
        yield
    finally:
        with suppress(OSError):  # it was part of what was replaced
            os.chdir(before)


def conflict(error: OSError, files: Mapping[str, Iterable[str]]) -> FileInUse | None:
    """Return whose files cannot be moved because a program has them open; None if that is not the cause.

    ``files`` are paths by the names of distributions: live ones, and the directories in which they are staged.
    """
    if not is_busy(error) or not isinstance(error.filename, str):
        return None
    path = plain(error.filename)
    names = tuple(sorted(name for name, found in files.items() if any(_touch(path, each) for each in found)))
    if not names:
        return None
    return FileInUse(
        f"could not replace {' and '.join(names)}: a program has {path} open, or something in it",
        hint="close the programs that use it or have it as working directory, then rerun pip-update",
        names=names,
    )


def _touch(one: str, other: str) -> bool:
    """Return whether one of two paths is, or is in, the other."""
    return one == other or one.startswith(other + os.sep) or other.startswith(one + os.sep)
