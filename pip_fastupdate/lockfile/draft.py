"""A file that appears complete, in one instant, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..core.busy_files import SHORT, Patience, replace
from ..core.files import create_anew
from .refused import LockRefused


class Draft:
    """A file that is written beside its place and put there by one rename, or not at all."""

    def __init__(self, path: Path, text: str) -> None:
        """Raises LockRefused when nothing can be written there."""
        self._path = path.resolve()
        self._draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with os.fdopen(create_anew(os.fspath(self._draft)), "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, UnicodeEncodeError) as error:
            self.discard()
            why = error.strerror if isinstance(error, OSError) else "it would contain a path that is not valid UTF-8"
            raise LockRefused(f"could not write lock file {path}: {why}") from None

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.discard()

    def put(self) -> None:
        """Have it take its place. Raises OSError."""
        replace(str(self._draft), str(self._path), Patience(SHORT))

    def discard(self) -> None:
        """Leave nothing behind, unless it is in its place."""
        with suppress(OSError):
            self._draft.unlink(missing_ok=True)
