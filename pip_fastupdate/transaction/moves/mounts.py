"""The file systems of an environment: volumes of containers, files and directories mounted into it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...core.errors import FileConflict
from ...core.files import reachable
from .path_tree import ancestors, inside, walk

_TABLE = "/proc/self/mountinfo"
_ESCAPE = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounts:
    """Where file systems are mounted."""

    points: frozenset[str] | None
    """All mount points, on Linux; None if the system does not say: then a device's number identifies a file system.

    A number is not enough on Linux: a bind mount has the same one, but cannot be renamed to.
    """

    def of(self, folder: str) -> str:
        """Return what identifies the file system of a directory, given by a path without links. Raises OSError."""
        if self.points is None:
            return str(os.stat(next(filter(os.path.exists, map(reachable, ancestors(folder))))).st_dev)
        return next((each for each in ancestors(folder) if each in self.points), "")

    def places(self, prefix: str, folders: Iterable[str]) -> tuple[str, ...]:
        """Return those of the fixed ``folders``, and those above, at which another file system begins."""
        found: dict[str, None] = {}
        for folder in sorted({*folders, *self._directly_in(prefix)}):
            inside = folder.startswith(prefix + os.sep)
            chain = [each for each in ancestors(folder) if each.startswith(prefix + os.sep)] if inside else [folder]
            last = self.of(prefix)
            for each in reversed(chain):
                here = self.of(each)
                if here != last:
                    found[each] = None
                last = here
        return tuple(each for each in found if os.path.isdir(each))

    def _directly_in(self, prefix: str) -> Iterator[str]:
        return (each for each in self.points or () if os.path.dirname(each) == prefix and os.path.isdir(each))

    def strays(self, prefix: str, fixed: Collection[str], home: str) -> list[str]:
        """Return mount points inside the environment that are not at a fixed directory."""
        inside = (prefix, *fixed)
        return sorted(
            each
            for each in self.points or ()
            if any(each.startswith(folder + os.sep) for folder in inside)
            and not any(folder == each or folder.startswith(each + os.sep) for folder in inside)
            and not (os.path.dirname(each) == prefix and os.path.isdir(each))
            and not f"{each}{os.sep}".startswith(home + os.sep)
        )


def mounts() -> Mounts:
    """Return the current mounts."""
    try:
        with open(_TABLE, "rb") as file:
            rows = [line.split(b" ", 5)[4] for line in file]
    except (OSError, IndexError):
        return Mounts(points=None)
    return Mounts(
        points=frozenset(os.fsdecode(_ESCAPE.sub(lambda code: bytes([int(code[1], 8)]), row)) for row in rows)
    )


def refuse_strays(
    strays: Iterable[str],
    prefix: str,
    fixed: Collection[str],
    files: Mapping[str, Iterable[str]],
    roots: Iterable[tuple[str, str, str]],
) -> None:
    """Raise FileConflict for those with a file at or below one of ``strays``, or next to it in their own directory.

    ``files`` are the live paths of each distribution, and ``roots`` the directories of staged files: owner, place, and
    what they mirror. A mount point cannot be moved out, and would stay when its directory moves.
    """
    for stray in strays:
        above = os.path.dirname(stray)
        area = stray if _is_fixed(above, prefix, fixed) else above
        names = {name for name, paths in files.items() if _touches(paths, stray, area)}
        names.update(name for name, root, base in roots if _touches(_lives(root, base), stray, area))
        if names:
            ordered = tuple(sorted(names))
            raise FileConflict(
                f"{' and '.join(ordered)} would change files under a mount point, at {stray}",
                hint="unmount it for the update, or skip the package with --exclude NAME",
                names=ordered,
            )


def _is_fixed(folder: str, prefix: str, fixed: Collection[str]) -> bool:
    return os.path.dirname(folder) == prefix or any(each == folder or folder in ancestors(each) for each in fixed)


def _touches(paths: Iterable[str], stray: str, area: str) -> bool:
    places: dict[str, str] = {}
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in places:
            places[folder] = os.path.realpath(folder)
        real = os.path.join(places[folder], name)
        if real == stray or real.startswith(area + os.sep):
            return True
    return False


def _lives(root: str, base: str) -> Iterator[str]:
    for folder, names in walk(root):
        for name in names:
            yield inside(base.rstrip(os.sep) + folder[len(root) :], name)
