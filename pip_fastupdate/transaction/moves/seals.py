"""Size and time of old files when they were moved out, so that an undo restores only unchanged ones.

They cost next to nothing; hashing gigabytes would cost seconds. They are compared before an undo: a file changed in the
directory of the transactions is not installed. Copies of an environment may lose fractions of seconds, so whole ones
are kept.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from ...core.files import reachable
from ..filesystem import kind_of
from .path_tree import walk
from .steps import Exchange, Operation, Out

Seals = Mapping[str, Mapping[str, Sequence[int]]]
"""For each directory with old files: their names with size (bytes) and modification time (s)."""


def sealed(operations: Iterable[Operation]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return the seals of everything about to be moved out, by where it will be kept. Raises OSError."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for each in operations:
        if not isinstance(each, (Out, Exchange)):
            continue
        if kind_of(each.live) != "folder":
            folder, name = os.path.split(each.kept)
            found.setdefault(folder, {})[name] = _look(each.live)
            continue
        for live, names in walk(each.live):
            folder = each.kept + live[len(each.live) :]
            found[folder] = {name: _look(os.path.join(live, name)) for name in names}
    return found


def _look(path: str) -> tuple[int, int]:
    found = os.lstat(reachable(path))
    return found.st_size, int(found.st_mtime)


def broken(seals: Seals, kept: str) -> list[str]:
    """Return the files below ``kept`` that are not, or no longer, what was moved out. Raises OSError.

    Without seals, as in a transaction of an earlier version, nothing is known.
    """
    if not seals or kind_of(kept) != "folder":
        return []
    known = {
        _normal(os.path.join(folder, name)): seal for folder, names in seals.items() for name, seal in names.items()
    }
    found = (os.path.join(folder, name) for folder, names in walk(kept) for name in names)
    return sorted(path for path in found if list(known.get(_normal(path), ())) != list(_look(path)))


def _normal(path: str) -> str:
    """Normalize a name: some file systems store names in their own normal form (HFS+)."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)
