"""The live environment, as both halves of a layout see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ...core.files import reachable
from ..filesystem import Kind, kind_of_entry
from .path_tree import CACHE, FixedFolders, Fold, ancestors


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Which modules of one directory are replaced or new, and which stay: folded stems of ``.py`` names."""

    moving: frozenset[str] = frozenset()
    staying: frozenset[str] = frozenset()

    def moves(self, bytecode: str) -> bool | None:
        """Return whether a file in ``__pycache__`` moves with its module; None if it belongs to none of them."""
        stem = bytecode
        while "." in stem:
            stem = stem.rpartition(".")[0]
            if stem in self.moving or stem in self.staying:
                return stem in self.moving
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEnvironment:
    """The parts of the live environment that a layout must respect."""

    prefix: str
    fixed_folders: FixedFolders
    fold: Fold
    kept: Mapping[str, str]
    """Folded paths of distributions that stay, with their names."""

    movable: frozenset[str] | None
    """Directories that may move as a whole, with everything below them; None for all but the fixed ones."""

    split: bool
    """True if only files are moved, never directories."""

    def is_fixed(self, folder: str) -> bool:
        """Return whether a directory always stays. ``__pycache__`` never does: Python creates and fills it at will."""
        if os.path.basename(folder) == CACHE:
            return False
        if self.movable is None:
            return self.fixed_folders.is_fixed(folder)
        return not any(above in self.movable for above in ancestors(folder))

    def is_kept(self, path: str, kind: Kind) -> bool:
        """Return whether a file, or a link's target, belongs to a distribution that stays."""
        key = self.fold(path)
        return key in self.kept or (kind == "link" and any(each.startswith(key + os.sep) for each in self.kept))


def entries(folder: str) -> list[tuple[str, Kind]]:
    """Return the content of a directory, sorted by name. Raises OSError."""
    with os.scandir(reachable(folder)) as found:
        return sorted((entry.name, kind_of_entry(entry)) for entry in found)


def mode_of(folder: str) -> int:
    """Return the permissions of a directory."""
    return os.lstat(reachable(folder)).st_mode & 0o7777
