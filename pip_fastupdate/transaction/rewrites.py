"""Files outside the environment that follow an update, such as requirements.txt: written and undone with it."""

from __future__ import annotations

import base64
import errno
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.busy_files import LONG, Patience, replace
from ..core.errors import TransactionError
from ..core.files import content, create_anew, decoded

LARGEST = 64 * 1024 * 1024
"""Maximum size in bytes of a file that follows an update."""

_HINT = "find out what wrote files.json in the directory of that transaction, then remove it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """The content of one file, before and after; small enough to be kept whole."""

    path: str
    """Absolute, symbolic links resolved."""

    before: bytes
    after: bytes

    @property
    def reverse(self) -> Rewrite:
        """Return the rewrite that undoes it."""
        return Rewrite(path=self.path, before=self.after, after=self.before)


def to_json(rewrites: Iterable[Rewrite]) -> bytes:
    """Return the JSON in which they are kept."""
    rows = [[each.path, *(base64.b64encode(data).decode() for data in (each.before, each.after))] for each in rewrites]
    return json.dumps(rows).encode()


def from_json(data: bytes) -> tuple[Rewrite, ...]:
    """Invert ``to_json``. Raises TransactionError for what the program would not have written."""
    try:
        found = tuple(
            Rewrite(path=path, before=base64.b64decode(before), after=base64.b64decode(after))
            for path, before, after in decoded(data)
        )
        if not all(os.path.isabs(each.path) and "\0" not in each.path for each in found):
            raise ValueError("a path is relative or empty")
    except (ValueError, TypeError) as error:
        raise TransactionError(f"could not read the files of a transaction: {error}", hint=_HINT) from None
    return found


def put(rewrites: Sequence[Rewrite]) -> None:
    """Write all of them. Raises OSError, and TransactionError if a file has changed since it was read."""
    for each in rewrites:
        found = _read(each.path)
        if found == each.before:
            _write(each.path, each.after)
        elif found != each.after:
            raise TransactionError(f"another program changed {each.path} during the run", hint="rerun pip-update")


def take_back(rewrites: Sequence[Rewrite]) -> None:
    """Undo ``put``, wherever it was interrupted; later changes by others stay. Raises OSError."""
    for each in rewrites:
        _tidy(each)
        if _read(each.path) == each.after:
            _write(each.path, each.before)


def _tidy(rewrite: Rewrite) -> None:
    """Remove the partial file of a killed run; nothing that others have written."""
    part = _part(rewrite.path)
    found = _read(part)
    if found is None or os.path.islink(part):
        return
    if rewrite.before.startswith(found) or rewrite.after.startswith(found):
        os.unlink(part)


def _part(path: str) -> str:
    return f"{path}.pip-update"


def changed_since(rewrites: Sequence[Rewrite]) -> list[str]:
    """Return the paths of files that have changed since the transaction wrote them."""
    return [each.path for each in rewrites if _read(each.path) != each.after]


def _read(path: str) -> bytes | None:
    """Return the content of a file; None if there is none, or it is larger than ``LARGEST``."""
    try:
        return content(path, LARGEST)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EFBIG, errno.ENXIO):  # a pipe, a device, a socket, or huge
            return None
        raise


def _write(path: str, data: bytes) -> None:
    """Write the old or the new content, never half of it, with the existing mode and owner.

    The directory may be anybody's, so no link in it is followed.
    """
    part = _part(path)
    status = os.stat(path)
    try:
        with open(create_anew(part, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            by = file.fileno() if os.chmod in os.supports_fd else part  # if links can be planted, it is the former
            if hasattr(os, "chown") and os.geteuid() == 0:
                os.chown(by, status.st_uid, status.st_gid)
            os.chmod(by, status.st_mode & 0o7777)
        replace(part, path, Patience(LONG))
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise
