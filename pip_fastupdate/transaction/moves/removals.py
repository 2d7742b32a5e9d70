"""Plan the moves that take out what the replaced distributions own, in as few moves as possible."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..filesystem import Kind, holds_no_file, is_there, kind_of
from ..fingerprint import INFO
from .annexes import nearest
from .live_environment import LiveEnvironment, Modules, entries, mode_of
from .path_tree import CACHE, NOTHING, Node, inside, kept_at
from .steps import Operation, Out, Rmdir


@dataclass(slots=True, kw_only=True, eq=False)
class Removals:
    """Walks the live directories along the trees of old and new paths and collects the steps."""

    environment: LiveEnvironment
    old_home: str
    """Mirrors the live file system; what goes out goes there."""

    annexes: Mapping[str, str] = field(default_factory=dict)
    """The same for directories on other file systems, by directory."""

    steps: list[Operation] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Folded paths that are empty after everything has moved out."""

    staying: dict[str, Modules] = field(default_factory=dict)
    """By live directory, whether any module stays."""

    def remove(self, folder: str, old: Node, new: Node) -> bool:
        """Move out what is replaced in ``folder``. Returns whether only empty directories would be left in it.

        Raises OSError.
        """
        modules = self._modules(folder, old, new)
        clean = True
        for name, kind in self._entries(folder, old, new):
            key, path = self.environment.fold(name), inside(folder, name)
            before, after = old.children.get(key, NOTHING), new.children.get(key, NOTHING)
            if kind == "folder":
                clean &= self._remove_folder(path, before, after, modules)
            else:
                clean &= self._remove_file(path, kind, before)
        return clean and not self.environment.is_fixed(folder)

    def _remove_folder(self, path: str, old: Node, new: Node, modules: Modules) -> bool:
        mark = len(self.steps)
        if self._is_info(path, old):
            return self._remove_whole(path, mark)
        if os.path.basename(path) == CACHE:
            clean = self._remove_bytecode(path, old, modules)
        elif old is NOTHING and new is NOTHING:
            return holds_no_file(path)
        else:
            clean = self.remove(path, old, new)
        if clean and len(self.steps) > mark:
            self._remove_whole(path, mark)
        return clean

    def _remove_file(self, path: str, kind: Kind, old: Node) -> bool:
        """Move out a link at the place of a listed directory itself: its target belongs to another."""
        going = old.file or (kind == "link" and _leads_to_any(path, old))
        if going and not self.environment.is_kept(path, kind):
            self._out(path)
            return True
        return False

    def _remove_bytecode(self, cache: str, old: Node, modules: Modules) -> bool:
        clean = True
        for name, kind in entries(cache):
            path, key = inside(cache, name), self.environment.fold(name)
            moves = modules.moves(key) if kind == "file" else None
            if kind == "folder":
                clean &= holds_no_file(path)
            elif moves is None:
                clean &= self._remove_file(path, kind, old.children.get(key, NOTHING))
            elif moves and not self.environment.is_kept(path, kind):
                self._out(path)
            else:
                clean = False
        return clean

    def _is_info(self, path: str, old: Node) -> bool:
        """Return whether a directory is the ``.dist-info`` directory of a replaced distribution, which owns all of
        it.
        """
        listed = old.children.keys() & {self.environment.fold("METADATA"), self.environment.fold("RECORD")}
        return bool(listed) and path.endswith(INFO) and os.path.dirname(path) in self.environment.fixed_folders.sites

    def _remove_whole(self, folder: str, mark: int) -> bool:
        """Replace the steps since ``mark``, which empty ``folder``, by moving it as a whole."""
        del self.steps[mark:]
        if self.environment.split:
            self._empty(folder)
        else:
            self._out(folder)
        return True

    def _empty(self, folder: str) -> None:
        for name, kind in entries(folder):
            path = inside(folder, name)
            if kind == "folder":
                self._empty(path)
            else:
                self._out(path)
        self.steps.append(Rmdir(live=folder, mode=mode_of(folder)))
        self.gone.add(self.environment.fold(folder))

    def _out(self, path: str) -> None:
        self.steps.append(Out(live=path, kept=kept_at(self._home_of(path), self.environment.prefix, path)))
        self.gone.add(self.environment.fold(path))

    def _home_of(self, path: str) -> str:
        place = nearest(path, self.annexes) if self.annexes else None
        return self.old_home if place is None else self.annexes[place]

    def _entries(self, folder: str, old: Node, new: Node) -> Iterable[tuple[str, Kind]]:
        """Return the content of a directory; for a fixed one, which may be large and foreign, only what the trees
        contain.
        """
        if not self.environment.is_fixed(folder):
            return entries(folder)
        names = {key: node.name for key, node in (*new.children.items(), *old.children.items())}
        names[self.environment.fold(CACHE)] = CACHE
        kinds = ((name, kind_of(inside(folder, name))) for name in sorted(names.values()))
        return [(name, kind) for name, kind in kinds if kind]

    def _modules(self, folder: str, old: Node, new: Node) -> Modules:
        moving: set[str] = set()
        staying: set[str] = set()
        for key in old.children.keys() | new.children.keys():
            if key.endswith(".py"):
                before = old.children.get(key, NOTHING)
                name = before.name or new.children[key].name
                stays = self._stays(inside(folder, name), before)
                (staying if stays else moving).add(key.removesuffix(".py"))
        modules = Modules(moving=frozenset(moving), staying=frozenset(staying))
        if staying:
            self.staying[folder] = modules
        return modules

    def _stays(self, path: str, old: Node) -> bool:
        """Return whether a module that exists now will still exist after everything has moved out."""
        return not (old.file and self.environment.fold(path) not in self.environment.kept) and kind_of(path) is not None


def _leads_to_any(path: str, old: Node) -> bool:
    """Return whether a link, taken for a directory, contains any of the files listed below it."""
    found = ((inside(path, child.name), child) for child in old.children.values())
    return any(is_there(below) if child.file else _leads_to_any(below, child) for below, child in found)
