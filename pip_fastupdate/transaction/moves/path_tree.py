"""Paths as trees with one spelling, and the directories that are never moved as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...core.files import reachable
from ..filesystem import kind_of_entry

Fold = Callable[[str], str]
"""Makes two names equal if the file system does: ``str`` or one of ``filesystem.folding``."""

CACHE = "__pycache__"

PREFIX, ROOT = "prefix", "root"
"""Directories for what was moved out of the environment's own directory, and of others: they mirror these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPath:
    """A staged file or directory and its owner. There are tens of thousands: they share their directory's path."""

    folder: str
    name: str
    """Empty for the directory itself."""

    owner: str

    @property
    def path(self) -> str:
        """Return its own path."""
        return inside(self.folder, self.name) if self.name else self.folder


_NO_CHILDREN: Mapping[str, Node] = MappingProxyType({})


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A file or a directory in a tree of live paths."""

    name: str
    file: bool = False
    """True for a file or a link."""

    children: Mapping[str, Node] = field(default_factory=lambda: _NO_CHILDREN)
    """By folded name. Files share an empty one: they then take half as much memory."""

    sources: tuple[StagedPath, ...] = ()
    """Where it is staged; several if several distributions have it."""

    def child(self, key: str, name: str) -> Node:
        """Return the child with this folded name, created if missing."""
        children = self.children
        if not isinstance(children, dict):
            self.children = children = {}
        found = children.get(key)
        if found is None:
            found = children[key] = Node(name=name)
        return found


NOTHING = Node(name="")
"""Stands for what a tree does not have. Never changed."""


class FixedFolders:
    """The directories that always stay ("fixed"), and the one spelling of every path.

    Fixed are the environment's prefix and the directories directly in it, those that contain ``.dist-info`` directories
    ("sites"), everything above all these, and everything outside of them. Only there links are followed: a link inside
    a site is moved as such and never followed.
    """

    def __init__(self, prefix: str, sites: Iterable[str]) -> None:
        self._bases = {path for base in (prefix, *sites) for path in (base, os.path.realpath(base))}
        self._prefixes = {prefix, os.path.realpath(prefix)}
        self._above = {above for base in self._bases for above in ancestors(base)}
        self._spellings: dict[str, str] = {}
        self._fixed: set[str] = set()
        self.sites = {self.spelling(site) for site in sites}

    def spelling(self, folder: str) -> str:
        """Return the one spelling of a directory's absolute path."""
        if folder not in self._spellings:
            self._spellings[folder] = self._find(folder)
        return self._spellings[folder]

    def file_spelling(self, path: str) -> str:
        """Return the one spelling of a file's absolute path; the file itself may be a link."""
        head, tail = parted(path)
        spelled = self.spelling(head)
        return path if spelled == head else inside(spelled, tail)

    def is_fixed(self, folder: str) -> bool:
        """Return whether a directory (spelled as by ``spelling``) is never moved as a whole."""
        return folder in self._fixed

    def _find(self, folder: str) -> str:
        head, tail = os.path.split(folder)
        if folder not in self._bases | self._above and head not in self._prefixes and self._is_inside(folder):
            return os.path.join(self.spelling(head), tail)
        real = os.path.realpath(folder)
        self._fixed.update(ancestors(real))
        return real

    def _is_inside(self, folder: str) -> bool:
        return any(folder.startswith(base + os.sep) for base in self._bases)


class Tree:
    """Live paths, each in its one spelling."""

    def __init__(self, fixed_folders: FixedFolders, fold: Fold) -> None:
        self.root = Node(name="")
        self._fixed_folders = fixed_folders
        self._fold = fold
        self._folders: dict[str, Node] = {}
        self._nodes: dict[str, Node] = {}

    def folder(self, path: str) -> Node:
        """Return the node of a directory, created if missing, in any spelling."""
        if path not in self._folders:
            self._folders[path] = self._make(self._fixed_folders.spelling(path))
        return self._folders[path]

    def find(self, path: str) -> Node | None:
        """Return the node of a file or directory, if there is one."""
        head, tail = os.path.split(self._fixed_folders.file_spelling(path))
        above = self.root if head == path or not tail else self.find(head)
        return None if above is None else above.children.get(self._fold(tail or path))

    def file(self, path: str) -> Node:
        """Return the node of a file, created if missing, in any spelling."""
        head, tail = parted(path)
        return self.file_in(self.folder(head), tail)

    def file_in(self, folder: Node, name: str) -> Node:
        """Return the same, given the directory's node."""
        node = folder.child(self._fold(name), name)
        node.file = True
        return node

    def _make(self, path: str) -> Node:
        if path not in self._nodes:
            head, tail = os.path.split(path)
            parent = self._make(head) if tail else self.root
            name = tail or path
            self._nodes[path] = parent.child(self._fold(name), name)
        return self._nodes[path]


def ancestors(path: str) -> Iterator[str]:
    """Return the path itself and all directories above it."""
    yield path
    while (head := os.path.dirname(path)) != path:
        yield (path := head)


def anchor(path: str) -> str:
    """Return the root of an absolute path: ``/``, or ``C:\\`` on Windows."""
    return os.path.splitdrive(path)[0] + os.sep


def inside(folder: str, name: str) -> str:
    """Do ``os.path.join`` for a directory and an entry or relative path, in a third of its time."""
    return folder + name if folder.endswith(os.sep) else f"{folder}{os.sep}{name}"


def parted(path: str) -> tuple[str, str]:
    """Do ``os.path.split`` for a normalized path, in a third of its time."""
    head, _, tail = path.rpartition(os.sep)
    return (head, tail) if os.sep in head else os.path.split(path)


def mirrored(root: str, path: str) -> str:
    """Return where the live ``path`` is below a ``root`` that mirrors the live file system."""
    return inside(root, path[len(anchor(path)) :])


def kept_at(old: str, prefix: str, path: str) -> str:
    """Return where below ``old`` the live ``path`` is kept: by its place in the environment, whose own path may be
    long.
    """
    if path == prefix or path.startswith(prefix + os.sep):
        return inside(old, PREFIX) + path[len(prefix) :]
    return mirrored(inside(old, ROOT), path)


def walk(root: str) -> Iterator[tuple[str, list[str]]]:
    """Yield all directories from ``root`` down with the names of their other entries; links are not followed."""
    folders = [root]
    while folders:
        folder = folders.pop()
        names = []
        with os.scandir(reachable(folder)) as entries:
            for entry in entries:
                if kind_of_entry(entry) == "folder":
                    folders.append(inside(folder, entry.name))
                else:
                    names.append(entry.name)
        yield folder, names


def outermost(folders: Iterable[str]) -> set[str]:
    """Return those that are not inside another: a distribution may have vendored ``.dist-info`` directories."""
    found = set(folders)
    return {each for each in found if not any(above in found for above in ancestors(os.path.dirname(each)))}
