"""How to tell the old from the new of two files or folders that change places: by what only one of them has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from .disk import kind_of
from .paths import CACHE, inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A path inside of what is exchanged ("" for itself) and what is there: a digest, or "" for nothing."""

    path: str
    old: str
    new: str

    def is_old(self, place: str) -> bool:
        """Whether what is at ``place`` is the old one."""
        found = _digest(os.path.join(place, self.path) if self.path else place)
        return found == self.old if self.old else found != self.new

    def encoded(self) -> list[str]:
        """For JSON."""
        return [self.path, self.old, self.new]

    @classmethod
    def decoded(cls, fields: Any) -> Witness:
        """The inverse of ``encoded``. Raises ValueError or TypeError."""
        path, old, new = map(str, fields)
        if os.path.isabs(path) or os.pardir in path.split(os.sep) or old == new:
            raise ValueError("a witness outside of what it is about")
        return cls(path=path, old=old, new=new)


def witness(old: str, new: str) -> Witness | None:
    """What tells ``old`` from ``new``; None where there is no difference. Raises OSError."""
    kind = kind_of(old)
    if kind != kind_of(new):
        return None
    if kind != "folder":
        return _difference(old, new, "")
    return _in_folder(old, new, "")


def are_same(old: str, new: str) -> bool:
    """Whether both are files or folders without any difference, bytecode and times aside. Raises OSError."""
    before, after = os.lstat(old), os.lstat(new)
    if before.st_mode != after.st_mode or (kind_of(old) != "folder" and _digest(old) != _digest(new)):
        return False
    if kind_of(old) != "folder":
        return True
    names = _all_names(old)
    return names == _all_names(new) and all(are_same(inside(old, name), inside(new, name)) for name in names)


def _all_names(folder: str) -> set[str]:
    if os.path.basename(folder) == CACHE:  # that is what is asked for
        return set(os.listdir(folder))
    return {name for name in os.listdir(folder) if name != CACHE and not name.endswith(".pyc")}


def _in_folder(old: str, new: str, path: str) -> Witness | None:
    before, after = _names(old), _names(new)
    for name in sorted(before.keys() & after.keys()):
        if before[name] and after[name]:
            found = _difference(inside(old, name), inside(new, name), os.path.join(path, name))
            if found is not None:
                return found
    for name in sorted(before.keys() & after.keys()):
        if not before[name] and not after[name]:
            found = _in_folder(inside(old, name), inside(new, name), os.path.join(path, name))
            if found is not None:
                return found
    for name in sorted(before.keys() | after.keys()):
        if bool(before.get(name)) != bool(after.get(name)):  # a file on one side alone
            where = os.path.join(path, name)
            return Witness(
                path=where,
                old=_digest(inside(old, name)) if name in before else "",
                new=_digest(inside(new, name)) if name in after else "",
            )
    return None


def _names(folder: str) -> dict[str, bool]:
    """What is in a folder, and whether it is a plain file; bytecode, which Python makes at will, left out."""
    with os.scandir(folder) as entries:
        return {
            entry.name: entry.is_file(follow_symlinks=False)
            for entry in entries
            if entry.name != CACHE and not entry.is_symlink() and not entry.name.endswith(".pyc")
        }


def _difference(old: str, new: str, path: str) -> Witness | None:
    before, after = _digest(old), _digest(new)
    return None if before == after else Witness(path=path, old=before, new=after)


def _digest(path: str) -> str:
    """Hash of a file's content; "" where there is none. Raises OSError where it cannot be read."""
    from hashlib import sha256

    if kind_of(path) == "link":
        return sha256(b"link " + os.fsencode(os.readlink(path))).hexdigest()
    try:
        with open(path, "rb") as file:
            return sha256(file.read()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
