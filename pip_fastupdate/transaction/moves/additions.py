"""Plan the moves that install staged files: as few as possible, never overwriting anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...core.errors import FileConflict
from ..filesystem import Kind, identical, kind_of
from .live_environment import LiveEnvironment, Modules, mode_of
from .path_tree import CACHE, Node, inside
from .steps import In, Mkdir, Operation

_NONE = Modules()


@dataclass(slots=True, kw_only=True, eq=False)
class Additions:
    """Walks the tree of new paths and collects the steps."""

    environment: LiveEnvironment
    gone: set[str]
    """Folded paths that are empty after everything has moved out."""

    staying: Mapping[str, Modules]
    """By live directory, whether any module stays."""

    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Folded live directories with files shared by several distributions, with their names."""

    steps: list[Operation] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)
    """Installed files: live directory → names."""

    made: list[str] = field(default_factory=list)
    """New directories, without those in them."""

    def add(self, folder: str, new: Node, *, exists: bool = True) -> None:
        """Move in what is new in ``folder``; ``exists`` says whether it is there after everything has moved out.

        Raises FileConflict and OSError.
        """
        for _, node in sorted(new.children.items()):
            path = inside(folder, node.name)
            there = kind_of(path) if exists and self.environment.fold(path) not in self.gone else None
            if node.file:
                self._add_file(folder, node, there)
            else:
                self._add_folder(path, node, there)

    def _add_folder(self, path: str, node: Node, there: Kind | None) -> None:
        if there == "folder":
            self.add(path, node)
            return
        if there is not None:
            raise self._conflict(path, node)
        stale = [child for child in node.children.values() if self._is_stale(path, child)]
        if stale and len(stale) == len(node.children):
            return
        self.made.append(path)
        shared = self.environment.split or self.environment.fixed_folders.is_fixed(path)
        if len(node.sources) == 1 and not stale and not shared:
            self.steps.append(In(staged=node.sources[0].path, live=path))
            self._note(path, node)
        else:
            mode = mode_of(node.sources[0].path) if node.sources else 0o755
            self.steps.append(Mkdir(live=path, mode=mode))
            self.add(path, node, exists=False)

    def _add_file(self, folder: str, node: Node, there: Kind | None) -> None:
        path = inside(folder, node.name)
        if self._is_stale(folder, node):
            return
        if there is not None:
            if node.children or not all(identical(each.path, path) for each in node.sources):
                raise self._conflict(path, node)
            return
        if self._clashes(folder, node):
            raise _clash(path, node)
        self.steps.append(In(staged=node.sources[-1].path, live=path))
        self.files.setdefault(folder, []).append(node.name)

    def _is_stale(self, folder: str, node: Node) -> bool:
        """Return whether it is bytecode of a module that is not moved in because it exists already."""
        parent, name = os.path.split(folder)
        return name == CACHE and self.staying.get(parent, _NONE).moves(self.environment.fold(node.name)) is False

    def _clashes(self, folder: str, node: Node) -> bool:
        """Return whether several distributions have it with different content. Bytecode may differ: it contains its
        module's time.
        """
        if node.children:
            return True
        if os.path.basename(folder) == CACHE or self._have_shared(folder, node):
            return False
        first, *others = node.sources
        return not all(identical(first.path, each.path) for each in others)

    def _have_shared(self, folder: str, node: Node) -> bool:
        """Return whether all its owners already shared files in that directory."""
        return {source.owner for source in node.sources} <= self.shared.get(self.environment.fold(folder), frozenset())

    def _note(self, folder: str, node: Node) -> None:
        """Record all files of a directory that comes in as a whole."""
        for child in node.children.values():
            if child.file:
                self.files.setdefault(folder, []).append(child.name)
            else:
                self._note(inside(folder, child.name), child)

    def _conflict(self, path: str, node: Node) -> FileConflict:
        names = _owners(node)
        owner = self.environment.kept.get(self.environment.fold(path))
        whose = f"belongs to {owner}" if owner else "does not belong to any package being updated"
        return FileConflict(
            f"{' and '.join(names)} would overwrite {path}, which {whose}",
            hint="move the file away, or skip the package with --exclude NAME",
            names=names,
        )


def _clash(path: str, node: Node) -> FileConflict:
    names = _owners(node)
    return FileConflict(
        f"{' and '.join(names)} would install different files at {path}",
        hint="skip all but one of them with --exclude NAME",
        names=names,
    )


def _owners(node: Node) -> tuple[str, ...]:
    below = [name for child in node.children.values() for name in _owners(child)]
    return tuple(sorted({*(source.owner for source in node.sources), *below}))
