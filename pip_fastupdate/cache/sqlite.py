"""The SQLite file of the cache, in the table layout of requests-cache, without its imports and its lock loop."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core.cache_folder import distrust
from . import database, location

Warn = Callable[[str, str], None]

BATCH = 50
"""Responses written in one transaction; a crash loses at most these."""

VARIABLES = 900
"""Maximum number of keys in one statement; SQLite may be built with a limit of 999."""

DAY = 86400
"""Seconds: the precision of the time of last use."""

Statement = tuple[str, Sequence[Any]]
"""SQL with the values for its question marks."""

_ENTRIES = "SELECT responses.key, coalesce(at, 0), length(value) FROM responses LEFT JOIN used USING (key)"


class Store:
    """Values by key, in the file at ``path``, or only in memory if that is None or unusable.

    Safe for many threads and, through the file, many processes. Never raises for the state of the file or the disk: a
    damaged file is set aside, a read-only one is only read, and each is reported once.
    """

    def __init__(self, path: Path | None, warn: Warn, *, reading: bool = False, patience: float = 10.0) -> None:
        """``reading`` does not change the file, ``patience`` waits that many seconds for other writers."""
        self._path, self._warn, self._patience = path, warn, patience
        self._new: dict[str, tuple[bytes, float | None]] = {}
        self._touched: set[str] = set()
        self._unwritten = 0
        self._memory = threading.Lock()
        self._disk = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._opened = path is None
        self._writing = path is not None and not reading
        self._rebuilt = reading

    def read(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values of existing keys."""
        with self._memory:
            found = {key: self._new[key][0] for key in keys if key in self._new}
        missing = [key for key in keys if key not in found]
        for start in range(0, len(missing), VARIABLES):
            found.update(self._read(missing[start : start + VARIABLES]))
        return found

    def write(self, key: str, value: bytes, expires: float | None) -> None:
        """Store the value; it can be read from now on, and reaches the disk some writes later."""
        with self._memory:
            self._new[key] = (value, expires)
            self._unwritten += 1
            due = self._writing and self._unwritten >= BATCH
        if due and self._disk.acquire(blocking=False):
            try:
                self.flush()
            finally:
                self._disk.release()

    def delete(self, keys: Sequence[str]) -> None:
        """Delete the keys."""
        with self._memory:
            for key in keys:
                self._new.pop(key, None)
        rows = [(key,) for key in keys]
        self._change(
            *_for_each(rows, "DELETE FROM responses WHERE key IN (VALUES ", ")"),
            *_for_each(rows, "DELETE FROM used WHERE key IN (VALUES ", ")"),
        )

    def keys(self) -> Iterator[str]:
        """Return all keys, unordered."""
        rows = self._rows("SELECT key FROM responses")
        with self._memory:
            keys = dict.fromkeys(self._new)
        keys.update((row[0], None) for row in rows)
        return iter(keys)

    def touch(self, keys: Iterable[str]) -> None:
        """Remember that the keys were used; written when the store is closed."""
        with self._memory:
            self._touched.update(keys)

    def flush(self) -> None:
        """Write pending values to disk; what cannot be written stays in memory."""
        with self._disk:
            with self._memory:
                batch, self._unwritten = dict(self._new), 0
            now = int(time.time())
            rows = [(key, value, None if at is None else int(at)) for key, (value, at) in batch.items()]
            writing = _for_each(rows, "INSERT OR REPLACE INTO responses (key, value, expires) VALUES ")
            if self._change(*writing, *_used(batch, now, 0)):
                with self._memory:
                    for key, written in batch.items():
                        if self._new.get(key) is written:
                            del self._new[key]

    def close(self) -> None:
        """Flush, and close the file."""
        with self._disk:
            self.flush()
            now = int(time.time())
            self._change(*_used(self._touched, now, DAY))
            self._touched.clear()
            self._disconnect()

    def entries(self) -> list[tuple[str, int, int]]:
        """Yield key, time of last use in seconds since the epoch, and size in bytes of every value on disk."""
        return self._rows(_ENTRIES)

    def clear(self) -> bool:
        """Delete everything and free the space; return False if the file does not allow it."""
        with self._memory:
            self._new.clear()
        done = self._change(("DELETE FROM responses", ()), ("DELETE FROM used", ()))
        self.shrink()
        return done

    @property
    def kept(self) -> bool:
        """True if what is written is there for the next run."""
        return self._writing

    def shrink(self) -> None:
        """Free the space of deleted values."""
        with self._disk:
            try:
                connection = self._connection()
                if connection is not None:
                    connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                self._gone_wrong(error)

    # Methods that touch the file; each takes the lock of the disk, or is called with it.

    def _read(self, keys: Sequence[str]) -> dict[str, bytes]:
        marks = ",".join("?" * len(keys))
        return dict(self._rows(f"SELECT key, value FROM responses WHERE key IN ({marks})", keys))  # noqa: S608 - marks

    def _rows(self, statement: str, values: Sequence[str] = ()) -> list[Any]:
        with self._disk:
            try:
                connection = self._connection()
                return connection.execute(statement, values).fetchall() if connection else []
            except sqlite3.Error as error:
                self._gone_wrong(error)
                return []

    def _change(self, *statements: Statement) -> bool:
        """Run the statements in one transaction; return False if that failed, or there is no file."""
        if not statements:
            return False
        with self._disk:
            try:
                connection = self._connection()
                if connection is None or not self._writing:
                    return False
                with database.transaction(connection):
                    for statement, values in statements:
                        connection.execute(statement, values)
            except sqlite3.Error as error:
                self._gone_wrong(error)
                return False
        return True

    def _connection(self) -> sqlite3.Connection | None:
        if not self._opened and self._path is not None:
            self._opened = True
            self._database = self._open(self._path)
        return self._database

    def _open(self, path: Path) -> sqlite3.Connection | None:
        why = distrust(path.parent)
        if why is not None:
            self._give_up(f"ignoring the cache in {path.parent}: it {why}")
            return None
        if not self._writing:
            return self._open_to_read(path)
        if not location.writable(path):
            return self._open_to_read(path)
        try:
            return database.connect(path, self._patience)
        except sqlite3.Error as error:
            self._gone_wrong(error)
        return self._database

    def _open_to_read(self, path: Path) -> sqlite3.Connection | None:
        self._give_up(f"the cache in {path.parent} is not writable")
        # The second way works without the companions, which a read-only directory does not allow.
        for options in ("mode=ro", "mode=ro&immutable=1"):
            with contextlib.suppress(sqlite3.Error):
                return database.connect(f"{path.absolute().as_uri()}?{options}", self._patience)
        return None

    def _gone_wrong(self, error: sqlite3.Error) -> None:
        """Handle a database error with a warning: start a new file if damaged, otherwise stop writing."""
        if self._path is not None and database.is_damage(error) and not self._rebuilt:
            self._rebuilt = True
            self._disconnect()
            try:
                aside = location.set_aside(self._path)
                self._database = database.connect(self._path, self._patience)
                self._warn(f"the cache was damaged; started a new one and kept the old file as {aside}", "")
                return
            except (OSError, sqlite3.Error) as again:
                self._give_up(f"the cache is damaged and could not be replaced ({again})")
        else:
            self._give_up(f"the cache in {self._path and self._path.parent} is no longer usable ({error})")
        if database.is_damage(error):
            self._disconnect()

    def _give_up(self, text: str) -> None:
        if self._writing:
            self._writing = False
            self._warn(f"{text}; index responses are kept for this run only", "use another directory with --cache-dir")

    def _disconnect(self) -> None:
        if self._database is not None:
            connection, self._database = self._database, None
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _for_each(rows: Sequence[tuple[Any, ...]], start: str, end: str = "") -> Iterator[Statement]:
    """Yield statements for all rows, many in each: every step of one costs a turn at the interpreter's lock."""
    for at in range(0, len(rows), BATCH):
        some = rows[at : at + BATCH]
        marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in some)
        yield f"{start}{marks}{end}", [value for row in some for value in row]


def _used(keys: Iterable[str], now: int, grain: int) -> Iterator[Statement]:
    """Record that the keys were used ``now``, if the recorded time is older by more than ``grain`` seconds."""
    newer = f" ON CONFLICT (key) DO UPDATE SET at = excluded.at WHERE at < excluded.at - {grain:d}"
    return _for_each([(key, now) for key in keys], "INSERT INTO used (key, at) VALUES ", newer)
