"""What goes out, what comes in, and which directories move as a whole: all decided before anything moves.

The result is what pip would do file by file, with fewer renames:

* Out goes what the replaced distributions own: the listed files, bytecode of their modules, everything in their
  ``.dist-info`` directories; never what a distribution that stays lists, too. A directory moves as a whole if nothing
  else is in it, apart from empty directories.
* In comes what is staged. A directory moves as a whole if a single distribution has it and nothing is there; not a
  fixed one, such as a new ``share``: others will use it, too.
* Anything else at a new path is a conflict, unless its content is the same: then it is unchanged.
* A file listed by a replaced distribution and one that stays is replaced if the new version has a different one, as pip
  does, and the request allows that; otherwise it stays.
* If several distributions have a file, the last one wins, as with pip, if they shared that directory's files before as
  well; else that is a conflict, too, unless their content is the same.
* Bytecode follows its module: stale bytecode at the place of a new module goes out with the old files, and an unchanged
  module keeps its own.

Everything goes out before anything comes in, so that new files meet nothing of the old, however it is spelled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...core.errors import FileConflict
from ..filesystem import identical
from ..fingerprint import INFO, digest, listing
from .additions import Additions
from .live_environment import LiveEnvironment
from .own_files import arranged, own_paths
from .path_tree import (
    CACHE,
    NOTHING,
    FixedFolders,
    Fold,
    StagedPath,
    Tree,
    ancestors,
    anchor,
    inside,
    outermost,
    parted,
    walk,
)
from .removals import Removals
from .seals import Seals, sealed
from .steps import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A directory of new files, in the same places as in the live one."""

    folder: str
    owner: str
    """The distribution they belong to."""

    base: str = ""
    """The live directory that it mirrors, in any spelling; "" for the whole file system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What replaces what. Paths are absolute and normalized, but may be spelled in several ways."""

    old_files: Sequence[str]
    """May name files that do not exist."""

    roots: Sequence[Root]
    kept: Mapping[str, str] = field(default_factory=dict)
    """Live paths of distributions that stay, with their names."""

    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Live directories with a file that several of the replaced distributions list, with their names."""

    overwrite: bool = False
    """True if a file listed by a replaced distribution and one that stays may be replaced."""

    own: frozenset[str] | None = frozenset()
    """Owners of ``roots`` that the program depends on: importable at every instant. None for all."""

    own_files: Sequence[str] = ()
    """The ``old_files`` of these owners."""

    movable: Sequence[str] | None = None
    """For an undo: the directories that the transaction created. Others stay, even if they are empty in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A complete plan of a swap, with all that its undo and its recovery need."""

    prefix: str
    """Where the environment was then: ``old`` mirrors that."""

    operations: tuple[Operation, ...]
    files: Mapping[str, Sequence[str]]
    """Installed files: live directory → names."""

    made: tuple[str, ...]
    """The directories it creates, without those in them."""

    digests: Mapping[str, str]
    """The new ``.dist-info`` directories with their ``fingerprint.digest``."""

    installed: Mapping[str, Sequence[str]]
    """What is installed after it, as by ``fingerprint.listing``."""

    seals: Seals = field(default_factory=dict)
    """The state of what goes out at that time."""

    overwritten: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Files replaced although a distribution that stays lists them, too: path → (new owner, other owner)."""


def lay_out(
    request: Request,
    *,
    prefix: str,
    old_home: str,
    fold: Fold,
    split: bool = False,
    home: str = "",
    annexes: Mapping[str, str] | None = None,
) -> Layout:
    """Decide on all steps.

    What goes out goes below ``old_home``, which mirrors the live file system like the roots do. ``split`` moves only
    files, never directories: for file systems that cannot rename some directories. Nothing comes into ``home``.
    ``annexes`` replace ``old_home`` in fixed directories on other file systems.

    Raises FileConflict and OSError.
    """
    staged = list(_staged(request.roots, anchor(prefix)))
    folders = {*(parted(each)[0] for each in request.old_files), *(each.live for each in staged)}
    fixed_folders = FixedFolders(prefix, outermost(os.path.dirname(each) for each in folders if each.endswith(INFO)))
    old, new = Tree(fixed_folders, fold), Tree(fixed_folders, fold)
    for path in _refuse_own(home, fixed_folders, staged, request.old_files) if home else request.old_files:
        old.file(path)
    for each in staged:
        each.add_to(new)
    overwritten = _overwritten(request, new) if request.overwrite else {}
    kept = {path: owner for path, owner in request.kept.items() if not _goes_with(path, overwritten)}
    environment = LiveEnvironment(
        prefix=prefix,
        fixed_folders=fixed_folders,
        fold=fold,
        kept={fold(fixed_folders.file_spelling(path)): owner for path, owner in kept.items()},
        movable=None if request.movable is None else frozenset(request.movable),
        split=split,
    )
    shared = {fold(fixed_folders.spelling(folder)): names for folder, names in request.shared.items()}
    removals = Removals(environment=environment, old_home=old_home, annexes=annexes or {})
    infos = _infos(environment, new)
    layout = _decide(environment, old, new, removals, shared)
    installed = _installed(environment, removals.gone, infos)
    del old, new, removals  # an object or two for each file: what follows takes as many
    operations, same = arranged(layout.operations, _own(request, fixed_folders, staged), fold)
    layout = replace(
        layout,
        operations=operations,
        digests={info: digest(path) for info, path in infos.items()},
        installed=installed,
        seals=sealed(operations),
        overwritten=overwritten,
    )
    return _without(layout, same) if same else layout


def _without(layout: Layout, same: Collection[str]) -> Layout:
    """Return the same with what is at these paths unchanged: it is not new."""

    def moves(path: str) -> bool:
        return not any(above in same for above in ancestors(path))

    files = {folder: [name for name in names if moves(inside(folder, name))] for folder, names in layout.files.items()}
    return replace(
        layout,
        files={folder: names for folder, names in files.items() if names},
        made=tuple(filter(moves, layout.made)),
    )


def _refuse_own(
    home: str, fixed_folders: FixedFolders, staged: Iterable[_StagedFolder], files: Iterable[str]
) -> list[str]:
    """Return the old files without those in the directory of the transactions. Raises FileConflict if any comes in
    there.
    """
    closed = home.casefold()
    above, own = parted(closed)

    def is_closed(path: str) -> bool:
        return path.casefold() == closed or path.casefold().startswith(closed + os.sep)

    for each in staged:
        live = fixed_folders.spelling(each.live)
        at_home = live.casefold() == above and any(name.casefold() == own for name in each.names)
        if at_home or is_closed(live):
            raise FileConflict(
                f"{each.owner} would write into {home}, which belongs to pip-update",
                hint="report it to its maintainers; no package should write there",
                names=(each.owner,),
            )
    return [path for path in files if not is_closed(fixed_folders.file_spelling(path))]


def _own(request: Request, fixed_folders: FixedFolders, staged: Iterable[_StagedFolder]) -> Callable[[str], bool]:
    """Return whether a live path belongs to a dependency of the program."""
    own = request.own
    if own is None:
        return lambda path: True
    if not own:
        return lambda path: False
    files = [fixed_folders.file_spelling(path) for path in request.own_files]
    files += [
        inside(fixed_folders.spelling(each.live), name) for each in staged if each.owner in own for name in each.names
    ]
    return own_paths(files)


def _overwritten(request: Request, new: Tree) -> dict[str, tuple[str, str]]:
    """Return files listed by replaced distributions and others that stay, and that come in with new content."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(request.kept.keys() & set(request.old_files)):
        node = new.find(path)
        if node is not None and node.file and node.sources and not identical(node.sources[-1].path, path):
            found[path] = (node.sources[-1].owner, request.kept[path])
    return found


def _goes_with(path: str, overwritten: Mapping[str, object]) -> bool:
    """Return whether a file is overwritten, or is bytecode of a module that is."""
    if not overwritten or path in overwritten:
        return path in overwritten
    folder, name = parted(path)
    parent, cache = parted(folder)
    return cache == CACHE and inside(parent, f"{name.partition('.')[0]}.py") in overwritten


@dataclass(frozen=True, slots=True, kw_only=True)
class _StagedFolder:
    path: str
    live: str
    owner: str
    names: Sequence[str]

    def add_to(self, tree: Tree) -> None:
        node = tree.folder(self.live)
        node.sources += (StagedPath(folder=self.path, name="", owner=self.owner),)
        for name in self.names:
            tree.file_in(node, name).sources += (StagedPath(folder=self.path, name=name, owner=self.owner),)


def _staged(roots: Iterable[Root], start: str) -> Iterator[_StagedFolder]:
    for root in roots:
        for folder, names in walk(root.folder):
            below = folder[len(root.folder) + 1 :]
            live = inside(root.base or start, below) if below else root.base or start
            yield _StagedFolder(path=folder, live=live, owner=root.owner, names=names)


def _decide(
    environment: LiveEnvironment, old: Tree, new: Tree, removals: Removals, shared: Mapping[str, frozenset[str]]
) -> Layout:
    """Return the layout, except for what does not need the trees."""
    for key, node in {**new.root.children, **old.root.children}.items():
        removals.remove(node.name, old.root.children.get(key, NOTHING), new.root.children.get(key, NOTHING))
    additions = Additions(environment=environment, gone=removals.gone, staying=removals.staying, shared=shared)
    for node in new.root.children.values():
        additions.add(node.name, node)
    return Layout(
        prefix=environment.prefix,
        operations=(*removals.steps, *additions.steps),
        files=additions.files,
        made=tuple(additions.made),
        digests={},
        installed={},
    )


def _infos(environment: LiveEnvironment, new: Tree) -> dict[str, str]:
    """Return the new ``.dist-info`` directories, and where they are staged."""
    return {
        os.path.join(site, node.name): node.sources[0].path
        for site in sorted(environment.fixed_folders.sites)
        for node in new.folder(site).children.values()
        if node.name.endswith(INFO) and node.sources
    }


def _installed(environment: LiveEnvironment, gone: set[str], infos: Iterable[str]) -> dict[str, list[str]]:
    after = {site: set(names) for site, names in listing(sorted(environment.fixed_folders.sites)).items()}
    for site, names in after.items():
        names -= {name for name in names if environment.fold(os.path.join(site, name)) in gone}
    for info in infos:
        after[os.path.dirname(info)].add(os.path.basename(info))
    return {site: sorted(names) for site, names in after.items()}
