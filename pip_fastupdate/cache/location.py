"""The location of the cache: the names of its files, and what to do with a damaged one."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.cache_folder import make

DATABASE = "answers-1.sqlite"
"""The file of the responses; the number is its format's."""

WHEELS = "wheels"
"""The directory of downloaded wheels, next to it."""

COMPANIONS = ("-wal", "-shm", "-journal")
"""Files that SQLite creates next to a database while it is in use."""


def writable(database: Path) -> bool:
    """Return whether the file and SQLite's companions next to it can be written; creates the directory."""
    try:
        make(database.parent, database.parent)
    except OSError:
        return False
    return os.access(database.parent, os.W_OK) and (not database.exists() or os.access(database, os.W_OK))


def set_aside(database: Path) -> Path:
    """Rename the damaged file to the first free ``NAME.damaged-<n>``, which is returned, and its companions away.

    Raises OSError if the directory does not allow it.
    """
    number = 1
    while (aside := database.with_name(f"{database.name}.damaged-{number}")).exists():
        number += 1
    database.replace(aside)
    for suffix in COMPANIONS:
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    return aside
