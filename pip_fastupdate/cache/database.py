"""The SQLite file of the responses: opening it, its tables, and recognizing a damaged one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS responses (key TEXT PRIMARY KEY, value BLOB, expires INTEGER)",
    "CREATE TABLE IF NOT EXISTS used (key TEXT PRIMARY KEY, at INTEGER) WITHOUT ROWID",
    "PRAGMA user_version = 1",
)
_PROBES = ("SELECT key, value, expires FROM responses LIMIT 0", "SELECT key, at FROM used LIMIT 0")


def connect(path: Path | str, patience: float) -> sqlite3.Connection:
    """Open the database at a path, with its tables created and tested, or at a URI, as it is.

    ``patience`` is the seconds to wait for other writers. Raises sqlite3.Error for any problem.
    """
    uri = isinstance(path, str)
    database = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False, uri=uri)
    try:
        if not uri:
            _prepare(database)
        for statement in _PROBES:
            database.execute(statement)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA user_version").fetchone() != (1,):
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        with transaction(database):
            for statement in _SCHEMA:
                database.execute(statement)
    # SQLite does not wait here while another process does the same, and one of them is enough.
    with contextlib.suppress(sqlite3.OperationalError):
        database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA cache_size = -256")  # KiB: responses are read and written once


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Apply all of the block or, if it raises, nothing of it. Raises sqlite3.Error if others write for too long."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file is at fault rather than the disk, its permissions or another process."""
    return type(error) is sqlite3.DatabaseError or str(error).startswith("no such")
