"""What both halves of a layout go by."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ...core.files import reachable
from ..filesystem import Kind, kind_of_entry
from .path_tree import CACHE, FixedFolders, Fold, ancestors


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Which modules of one folder are replaced or new, and which stay: stems of ``.py`` names, folded."""

    moving: frozenset[str] = frozenset()
    staying: frozenset[str] = frozenset()

    def moves(self, bytecode: str) -> bool | None:
        """Whether a file in ``__pycache__`` goes with its module; None when it belongs to none of them."""
        stem = bytecode
        while "." in stem:
            stem = stem.rpartition(".")[0]
            if stem in self.moving or stem in self.staying:
                return stem in self.moving
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEnvironment:
    """The live environment as far as it is given."""

    prefix: str
    fixed_folders: FixedFolders
    fold: Fold
    kept: Mapping[str, str]
    """Folded paths that distributions own which stay, with the names of these."""

    movable: frozenset[str] | None
    """Folders that may go as a whole, with all below them; None for all but the fixed ones of the ground."""

    split: bool
    """Whether files only are moved, never folders."""

    def is_fixed(self, folder: str) -> bool:
        """Whether a folder stays whatever happens. Python makes and fills ``__pycache__`` at will: it never does."""
        if os.path.basename(folder) == CACHE:
            return False
        if self.movable is None:
            return self.fixed_folders.is_fixed(folder)
        return not any(above in self.movable for above in ancestors(folder))

    def is_kept(self, path: str, kind: Kind) -> bool:
        """Whether a file, or what a link leads to, belongs to a distribution that stays."""
        key = self.fold(path)
        return key in self.kept or (kind == "link" and any(each.startswith(key + os.sep) for each in self.kept))


def entries(folder: str) -> list[tuple[str, Kind]]:
    """What is in a folder, sorted by name. Raises OSError."""
    with os.scandir(reachable(folder)) as found:
        return sorted((entry.name, kind_of_entry(entry)) for entry in found)


def mode_of(folder: str) -> int:
    """The permissions of a folder."""
    return os.lstat(reachable(folder)).st_mode & 0o7777
