"""Which files belong to which distribution, as the RECORD files tell (PEP 376, PEP 627).

Paths are absolute and resolved like pip's: symbolic links on the way are followed, the last part is not.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from ..models import Distribution, Inventory
from .locations import Site, current, scheme_paths

_WRAPPERS = ("", ".exe", ".exe.manifest", "-script.py", "-script.pyw") if os.name == "nt" else ("",)


def recorded_files(distribution: Distribution) -> frozenset[str]:
    """The paths in RECORD as they stand there: with slashes, relative to the folder it is installed in.

    Empty when there is no RECORD; raises neither for a damaged one, whose readable rows count.
    """
    try:
        text = (distribution.info / "RECORD").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # such a distribution is skipped, but may still be asked for what it owns: nothing is known
        return frozenset()
    rows = csv.reader(text.splitlines())
    return frozenset(row[0].replace(os.sep, "/") for row in rows if row and row[0])


def installed_files(distribution: Distribution, site: Site | None = None) -> tuple[str, ...]:
    """Every existing file of the distribution, sorted: what must go when another version takes its place.

    That is what pip's uninstallation removes: the files in RECORD, their bytecode, the wrappers of its scripts. And
    whatever else lies in its ``.dist-info`` folder, so that none of it is left. A path outside the environment is
    left out, whatever RECORD says.
    """
    tree = _Tree(root=os.path.realpath(distribution.location), site=site or current())
    found: set[str] = set()
    for entry in recorded_files(distribution) | _scripts_as_entries(distribution) | _own_files(distribution):
        folder, name = tree.split(entry)
        found.update(tree.existing(folder, _with_bytecode(name)))
    return tuple(sorted(found))


def owners(distributions: Iterable[Distribution], site: Site | None = None) -> dict[str, str]:
    """Who has which path in its RECORD, existing or not: path → name."""
    site = site or current()
    found = {}
    for distribution in distributions:
        tree = _Tree(root=os.path.realpath(distribution.location), site=site)
        for entry in recorded_files(distribution):
            folder, name = tree.split(entry)
            found[os.path.join(folder, name)] = distribution.name  # noqa: PTH118 - thousands of plain strings
    return found


def has_bytecode(distribution: Distribution) -> bool:
    """Whether it was installed with bytecode, which pip then lists in RECORD."""
    try:
        return b".pyc" in (distribution.info / "RECORD").read_bytes()
    except OSError:
        return False


def mostly_bytecode(installed: Mapping[str, Distribution]) -> bool:
    """Whether most of the distributions that we could upgrade were installed with bytecode."""
    verdicts = [has_bytecode(each) for each in installed.values() if each.skip is None]
    return sum(verdicts) * 2 > len(verdicts)


def console_scripts(distribution: Distribution) -> frozenset[str]:
    """The commands that the distribution puts into the environment's folder of scripts, without suffix."""
    scripts = _scripts_folder(distribution.user_site)
    tree = _Tree(root=os.path.realpath(distribution.location), site=current())
    recorded = (tree.split(entry) for entry in recorded_files(distribution) if entry.startswith(".."))
    wrapped = {name for folder, name in recorded if folder == scripts}
    suffixes = sorted(_WRAPPERS, key=len, reverse=True)
    names = {next(name.removesuffix(each) for each in suffixes if name.endswith(each)) for name in wrapped}
    return frozenset(names | set(entry_points(distribution.info)))


def script_owners(inventory: Inventory) -> Callable[[str], str | None]:
    """A function from the name of a command to the name of the distribution that has it. Safe in threads."""
    return _ScriptOwners(inventory).find


class _ScriptOwners:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    @cached_property
    def _names(self) -> dict[str, str]:
        return {script: each.name for each in self._inventory.distributions for script in console_scripts(each)}

    def find(self, script: str) -> str | None:
        """The distribution's name; asked first, this reads all RECORDs."""
        return self._names.get(script)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """Resolves RECORD's entries below ``root`` (a real path), listing each folder only once."""

    root: str
    site: Site
    folders: dict[str, str] = field(default_factory=dict)
    below: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)

    def split(self, entry: str) -> tuple[str, str]:
        """The real folder of an entry, and the entry's last part."""
        folder, _, name = entry.rpartition("/")
        if (entry[0] == "/" or ":" in entry) and Path(entry).is_absolute():
            return os.path.realpath(folder or os.sep), name
        return self.folder(folder), name

    def folder(self, relative: str) -> str:
        """The real path of a folder given relative to the root, with slashes."""
        if relative in ("", "."):
            return self.root
        if relative not in self.folders:
            parent, _, name = relative.rpartition("/")
            self.folders[relative] = _step(self.folder(parent), name)
        return self.folders[relative]

    def existing(self, folder: str, names: Iterable[tuple[str, str]]) -> Iterator[str]:
        """The paths of those ``(subfolder, name)`` below ``folder`` that exist, but are no folders themselves."""
        for below, name in names:
            inside = self._inside(folder, below) if below else folder
            if inside not in self.names:
                self.names[inside] = dict(_files(inside)) if self.site.permits(os.path.normcase(inside)) else {}
            actual = self.names[inside].get(os.path.normcase(name))
            if actual is not None:
                yield f"{inside}{os.sep}{actual}"

    def _inside(self, folder: str, below: str) -> str:
        """The real path of the folder ``below`` in the real path ``folder``."""
        key = (folder, below)
        if key not in self.below:
            self.below[key] = _step(folder, below)
        return self.below[key]


def _step(folder: str, name: str) -> str:
    """One step down, or up, from a real path."""
    if name in ("", "."):
        return folder
    if name == "..":
        return str(Path(folder).parent)
    path = f"{folder.rstrip(os.sep)}{os.sep}{name}"
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - for every folder of all packages


def _files(folder: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield os.path.normcase(entry.name), entry.name
    except OSError:  # it was removed meanwhile, or never existed: nothing there is installed
        return


def _with_bytecode(name: str) -> Iterator[tuple[str, str]]:
    """A file's name, and those of the bytecode that may have been made of it: (subfolder, name)."""
    yield "", name
    if name.endswith(".py"):
        stem, tag = name[:-3], sys.implementation.cache_tag
        for suffix in ("", ".opt-1", ".opt-2"):
            yield "__pycache__", f"{stem}.{tag}{suffix}.pyc"
        yield "", f"{stem}.pyc"
        yield "", f"{stem}.pyo"


def _own_files(distribution: Distribution) -> frozenset[str]:
    """All files in the ``.dist-info`` folder, in the manner of RECORD."""
    if distribution.info.suffix != ".dist-info":
        return frozenset()
    base = distribution.info.parent
    return frozenset(path.relative_to(base).as_posix() for path in distribution.info.rglob("*") if not path.is_dir())


def _scripts_as_entries(distribution: Distribution) -> frozenset[str]:
    """Where the wrappers of its entry points are, whether or not RECORD lists them."""
    folder = Path(_scripts_folder(distribution.user_site)).as_posix()
    return frozenset(f"{folder}/{name}{suffix}" for name in entry_points(distribution.info) for suffix in _WRAPPERS)


@cache
def _scripts_folder(user: bool) -> str:
    return os.path.realpath(scheme_paths(user=user)["scripts"])


def entry_points(info: Path) -> Iterator[str]:
    """The names of the console and GUI scripts of the distribution that the folder ``info`` describes."""
    try:
        text = (info / "entry_points.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:  # most have none
        return
    wanted = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            wanted = line in ("[console_scripts]", "[gui_scripts]")
        elif wanted and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[0].strip()
