"""A file that appears complete, at once, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..core.busy_files import SHORT, Patience, replace
from ..core.files import create_anew, take_mode
from .refused import LockRefused


class Draft:
    """A file that is written next to its final place and renamed into it, or not at all."""

    def __init__(self, path: Path, text: str) -> None:
        """Write it. Raises LockRefused if that fails."""
        self._path = path.resolve()
        self._draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with os.fdopen(create_anew(os.fspath(self._draft)), "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            take_mode(self._draft, self._path)  # a group may share it
        except (OSError, UnicodeEncodeError) as error:
            self.discard()
            why = error.strerror if isinstance(error, OSError) else "it would contain a path that is not valid UTF-8"
            raise LockRefused(f"could not write lock file {path}: {why}") from None

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.discard()

    def put(self) -> None:
        """Rename it into place. Raises OSError."""
        replace(str(self._draft), str(self._path), Patience(SHORT))

    def discard(self) -> None:
        """Remove it unless it is in place."""
        with suppress(OSError):
            self._draft.unlink(missing_ok=True)
