"""Which files belong to which distribution, according to RECORD files (PEP 376, PEP 627).

Paths are absolute and resolved like pip's: symbolic links in directories are followed, the last part is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ..core.models import Distribution, Inventory
from .off_limits import OffLimits
from .paths import Site, current, scheme_paths
from .record_rows import content, entry_points, files_of_egg, rows
from .record_tree import RecordTree

__all__ = [
    "Claims",
    "claims",
    "console_scripts",
    "entry_points",
    "has_bytecode",
    "installed_files",
    "mostly_bytecode",
    "owners",
    "recorded_files",
    "script_owners",
]

_WRAPPERS = ("", ".exe", ".exe.manifest", "-script.py", "-script.pyw") if os.name == "nt" else ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The existing files that a distribution lists: paths, sorted."""

    files: tuple[str, ...]
    """Its own: removed when another version replaces it."""

    disputed: tuple[str, ...] = ()
    """Listed but not removed: no wheel of this distribution can have installed them."""


def recorded_files(distribution: Distribution) -> frozenset[str]:
    """Return the paths in RECORD unchanged: with slashes, relative to its site-packages.

    Empty without a RECORD; does not raise for a damaged one, whose readable rows count.
    """
    return frozenset(rows(distribution.info))


def installed_files(distribution: Distribution, site: Site | None = None) -> tuple[str, ...]:
    """Return every existing file of the distribution, sorted: removed when another version replaces it."""
    return claims(distribution, site).files


def claims(
    distribution: Distribution, site: Site | None = None, coming: Callable[[str], str | None] | None = None
) -> Claims:
    """Return what the distribution lists, divided into what is its own and what is not.

    Its own is what pip's uninstallation removes: the files in RECORD, their bytecode, the wrappers of its scripts; and
    everything else in its ``.dist-info`` directory, so that none of it is left. Left-over ``.dist-info`` directories of
    the same distribution count likewise. But RECORD is input, not truth: what belongs to the interpreter or to the
    environment, is outside of it, or is described by another ``.dist-info`` directory is never its own. For data files,
    headers, and what Python runs at startup, being listed is not enough: a file must match its recorded hash, or be
    part of the new version: ``coming`` returns where that has its file for a live path staged, None if it has none. A
    script must not contradict its hash, if it has one and is not a wrapper.
    """
    site = site or current()
    infos = (distribution.info_name, *distribution.leftovers)
    limits = OffLimits(site=site, infos=frozenset(map(os.path.normcase, infos)))
    tree = RecordTree(root=os.path.realpath(distribution.location), limits=limits, coming=coming)
    for name in infos:
        info = distribution.location / name
        hashes = rows(info)
        wrappers = _scripts_as_entries(info, distribution.user_site)
        for entry in hashes.keys() | wrappers | _own_files(info):
            tree.claim(entry, None if entry in wrappers else hashes.get(entry, ""))
    return Claims(files=tuple(sorted(tree.own)), disputed=tuple(sorted(tree.disputed - tree.own)))


def owners(distributions: Iterable[Distribution], site: Site | None = None) -> dict[str, str]:
    """Return who lists each path of the environment in RECORD, existing or not: path → name."""
    site = site or current()
    found = {}
    for distribution in distributions:
        limits = OffLimits(site=site, infos=frozenset((os.path.normcase(distribution.info_name),)))
        tree = RecordTree(root=os.path.realpath(distribution.location))
        for entry in recorded_files(distribution) or files_of_egg(distribution.info):
            folder, name = tree.split(entry)
            if not entry.startswith(("..", "/")) or limits.zone(folder) != "outside":
                found[os.path.join(folder, name)] = distribution.name  # noqa: PTH118 - thousands of plain strings
    return found


def has_bytecode(distribution: Distribution) -> bool:
    """Return whether it was installed with bytecode, which pip then lists in RECORD."""
    return b".pyc" in content(distribution.info, "RECORD")


def mostly_bytecode(installed: Mapping[str, Distribution]) -> bool:
    """Return whether most of the upgradable distributions were installed with bytecode."""
    verdicts = [has_bytecode(each) for each in installed.values() if each.skip is None]
    return sum(verdicts) * 2 > len(verdicts)


def console_scripts(distribution: Distribution) -> frozenset[str]:
    """Return the commands that the distribution has in the environment's scripts directory, without suffix."""
    scripts = _scripts_folder(distribution.user_site)
    tree = RecordTree(root=os.path.realpath(distribution.location))
    recorded = (tree.split(entry) for entry in recorded_files(distribution) if entry.startswith(".."))
    wrapped = {name for folder, name in recorded if folder == scripts}
    suffixes = sorted(_WRAPPERS, key=len, reverse=True)
    names = {next(name.removesuffix(each) for each in suffixes if name.endswith(each)) for name in wrapped}
    return frozenset(names | set(entry_points(distribution.info)))


def script_owners(inventory: Inventory) -> Callable[[str], str | None]:
    """Return a function from a command's name to the name of its distribution. Thread-safe."""
    return _ScriptOwners(inventory).find


class _ScriptOwners:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    @cached_property
    def _names(self) -> dict[str, str]:
        return {script: each.name for each in self._inventory.distributions for script in console_scripts(each)}

    def find(self, script: str) -> str | None:
        """Return the distribution's name; the first call reads all RECORDs."""
        return self._names.get(script)


def _own_files(info: Path) -> frozenset[str]:
    """Return all files in the ``.dist-info`` directory, as RECORD would list them."""
    if info.suffix != ".dist-info":
        return frozenset()
    base = info.parent
    return frozenset(path.relative_to(base).as_posix() for path in info.rglob("*") if not path.is_dir())


def _scripts_as_entries(info: Path, user_site: bool) -> frozenset[str]:
    """Return the paths of its entry points' wrappers, whether or not RECORD lists them."""
    folder = Path(_scripts_folder(user_site)).as_posix()
    return frozenset(f"{folder}/{name}{suffix}" for name in entry_points(info) for suffix in _WRAPPERS)


@cache
def _scripts_folder(user: bool) -> str:
    return os.path.realpath(scheme_paths(user=user)["scripts"])
