"""Where the cache is: the names of its files, and what to do with a damaged one."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.cache_folder import make

DATABASE = "answers-1.sqlite"
"""The file of the answers; the number is that of its format."""

WHEELS = "wheels"
"""The folder of the downloaded wheels, beside it."""

COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database while it is in use."""


def writable(database: Path) -> bool:
    """Whether the file can be written and SQLite can put its companions beside it; makes the folder."""
    try:
        make(database.parent, database.parent)
    except OSError:
        return False
    return os.access(database.parent, os.W_OK) and (not database.exists() or os.access(database, os.W_OK))


def set_aside(database: Path) -> Path:
    """Rename the damaged file to the first free ``NAME.damaged-<n>``, which is returned, and its companions away.

    Raises OSError where the folder does not allow it.
    """
    number = 1
    while (aside := database.with_name(f"{database.name}.damaged-{number}")).exists():
        number += 1
    database.replace(aside)
    for suffix in COMPANIONS:
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    return aside
