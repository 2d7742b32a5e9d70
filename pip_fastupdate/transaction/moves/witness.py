"""How to tell the old from the new of two files or folders that change places: by what only one of them has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ...core.files import reachable
from ..filesystem import Kind, kind_of, kind_of_entry
from .path_tree import CACHE, inside


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
    """What tells ``old`` from ``new``; None where nothing does that lasts. Raises OSError."""
    kind = kind_of(old)
    if kind != kind_of(new):
        return None
    if kind != "folder":
        return _difference(old, new, "")
    return None if os.path.basename(old) == CACHE else _in_folder(old, new, "")


def are_same(old: str, new: str) -> bool:
    """Whether both are files or folders without any difference, times aside, and bytecode of modules in them.

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
        if bool(before.get(name)) != bool(after.get(name)):  # a file on one side alone
            where = os.path.join(path, name)
            return Witness(
                path=where,
                old=_digest(inside(old, name)) if name in before else "",
                new=_digest(inside(new, name)) if name in after else "",
            )
    return None


def _names(folder: str) -> dict[str, bool]:
    """What ``_contents`` finds but for links, and whether it is a plain file."""
    return {name: kind == "file" for name, kind in _contents(folder).items() if kind != "link"}


def _contents(folder: str) -> dict[str, Kind]:
    """What is in a folder, without the bytecode of its modules: that is made by Python at will, and goes with them.

    Bytecode without a module is a file like others: it may be all there is of a package. Of a folder of bytecode
    everything counts, since that is what is asked for.
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
    """The file that bytecode in ``__pycache__`` was made from, by its name."""
    return f"{cached.partition('.')[0]}.py"


def _difference(old: str, new: str, path: str) -> Witness | None:
    before, after = _digest(old), _digest(new)
    return None if before == after else Witness(path=path, old=before, new=after)


def _digest(path: str) -> str:
    """Hash of a file's content; "" where there is none. Raises OSError where it cannot be read."""
    from hashlib import sha256

    if kind_of(path) == "link":
        return sha256(b"link " + os.fsencode(os.readlink(reachable(path)))).hexdigest()
    try:
        with open(reachable(path), "rb") as file:
            return sha256(file.read()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
