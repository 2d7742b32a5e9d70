"""How to tell the old from the new of two exchanged files or directories: by what only one of them has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ...core.files import reachable
from ..filesystem import Kind, kind_of, kind_of_entry
from .path_tree import CACHE, inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A path inside the exchanged directory ("" for itself) and its digest, or "" for nothing."""

    path: str
    old: str
    new: str

    def is_old(self, place: str) -> bool:
        """Return whether what is at ``place`` is the old one."""
        found = _digest(os.path.join(place, self.path) if self.path else place)
        return found == self.old if self.old else found != self.new

    def encoded(self) -> list[str]:
        """Return it for JSON."""
        return [self.path, self.old, self.new]

    @classmethod
    def decoded(cls, fields: Any) -> Witness:
        """Invert ``encoded``. Raises ValueError or TypeError."""
        path, old, new = map(str, fields)
        if os.path.isabs(path) or os.pardir in path.split(os.sep) or old == new:
            raise ValueError("a witness outside of what it is about")
        return cls(path=path, old=old, new=new)


def witness(old: str, new: str) -> Witness | None:
    """Return what distinguishes ``old`` from ``new``; None if nothing lasting does. Raises OSError."""
    kind = kind_of(old)
    if kind != kind_of(new):
        return None
    if kind != "folder":
        return _difference(old, new, "")
    return None if os.path.basename(old) == CACHE else _in_folder(old, new, "")


def are_same(old: str, new: str) -> bool:
    """Return whether both are the same files or directories, ignoring times and their modules' bytecode.

    Raises OSError.
    """
    before, after = os.lstat(reachable(old)), os.lstat(reachable(new))
    if before.st_mode != after.st_mode:
        return False
    if kind_of(old) != "folder":
        return _digest(old) == _digest(new)
    names = _contents(old).keys()
    return names == _contents(new).keys() and all(are_same(inside(old, name), inside(new, name)) for name in names)


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
        if bool(before.get(name)) != bool(after.get(name)):  # a file on one side only
            where = os.path.join(path, name)
            return Witness(
                path=where,
                old=_digest(inside(old, name)) if name in before else "",
                new=_digest(inside(new, name)) if name in after else "",
            )
    return None


def _names(folder: str) -> dict[str, bool]:
    """Return the names from ``_contents`` without links, and whether each is a regular file."""
    return {name: kind == "file" for name, kind in _contents(folder).items() if kind != "link"}


def _contents(folder: str) -> dict[str, Kind]:
    """Yield the content of a directory without its modules' bytecode, which Python writes at will and which follows
    them.

    Bytecode without a module is a normal file: a package may have nothing else. In a directory of bytecode everything
    counts, because it was asked for.
    """
    found = _entries(folder)
    if os.path.basename(folder) == CACHE:
        return found
    modules = {name for name in found if name.endswith(".py")}
    if found.get(CACHE) == "folder":
        del found[CACHE]
        cached = _entries(inside(folder, CACHE))
        found |= {os.path.join(CACHE, name): kind for name, kind in cached.items() if _module(name) not in modules}
    return {name: kind for name, kind in found.items() if not (name.endswith(".pyc") and name[:-1] in modules)}


def _entries(folder: str) -> dict[str, Kind]:
    with os.scandir(reachable(folder)) as entries:
        return {entry.name: kind_of_entry(entry) for entry in entries}


def _module(cached: str) -> str:
    """Return the file that bytecode in ``__pycache__`` was compiled from, by its name."""
    return f"{cached.partition('.')[0]}.py"


def _difference(old: str, new: str, path: str) -> Witness | None:
    before, after = _digest(old), _digest(new)
    return None if before == after else Witness(path=path, old=before, new=after)


def _digest(path: str) -> str:
    """Return a hash of a file's content; "" if there is none. Raises OSError if it cannot be read."""
    from hashlib import sha256

    if kind_of(path) == "link":
        return sha256(b"link " + os.fsencode(os.readlink(reachable(path)))).hexdigest()
    try:
        with open(reachable(path), "rb") as file:
            return sha256(file.read()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
