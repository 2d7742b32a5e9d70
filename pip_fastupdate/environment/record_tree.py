"""Sorts a RECORD's entries into what a distribution owns and what it only lists."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..core.files import leads_elsewhere
from .off_limits import OffLimits
from .record_rows import matches


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTree:
    """Resolves RECORD's entries below ``root`` (a real path), listing each directory only once."""

    root: str
    limits: OffLimits | None = None
    """None if entries are only split."""

    coming: Callable[[str], str | None] | None = None
    """Returns where the new version's file for a path is staged; None if there is none."""

    own: set[str] = field(default_factory=set)
    disputed: set[str] = field(default_factory=set)
    folders: dict[str, str] = field(default_factory=dict)
    below: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)

    def claim(self, entry: str, digest: str | None) -> None:
        """Sort an entry, and bytecode that may have been compiled from it, into ``own`` and ``disputed``.

        ``digest`` is as in RECORD, "" if that has none; None needs no proof.
        """
        assert self.limits is not None
        folder, name = self.split(entry)
        if self.limits.zone(folder) == "own":  # as nearly all are
            self.own.update(self.existing(folder, _with_bytecode(name)))
            return
        doubtful = digest is not None and self.limits.needs_proof(folder, name, digest)
        if self.limits.is_closed(folder, name) or (doubtful and not self._proven(folder, name, digest or "")):
            path = f"{folder.rstrip(os.sep)}{os.sep}{name}"
            if name and os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):  # noqa: PTH112, PTH114
                self.disputed.add(path)
        else:
            self.own.update(self.existing(folder, _with_bytecode(name)))

    def _proven(self, folder: str, name: str, digest: str) -> bool:
        """Return whether the file is as it was installed, or part of the new version."""
        path = f"{folder}{os.sep}{name}"
        staged = self.coming(path) if self.coming is not None else None
        if staged is not None and os.path.lexists(staged):
            return True
        return matches(path, digest)

    def split(self, entry: str) -> tuple[str, str]:
        """Return the real directory of an entry, and the entry's last part."""
        folder, _, name = entry.rpartition("/")
        if (entry[0] == "/" or ":" in entry) and Path(entry).is_absolute():
            return os.path.realpath(folder or os.sep), name
        return self.folder(folder), name

    def folder(self, relative: str) -> str:
        """Return the real path of a directory given relative to the root, with slashes."""
        if relative in ("", "."):
            return self.root
        if relative not in self.folders:
            parent, _, name = relative.rpartition("/")
            self.folders[relative] = _step(self.folder(parent), name)
        return self.folders[relative]

    def existing(self, folder: str, names: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Yield the paths of those ``(subfolder, name)`` below ``folder`` that exist and are not directories."""
        for below, name in names:
            inside = self._inside(folder, below) if below else folder
            if inside not in self.names:
                self.names[inside] = dict(_files(inside)) if self._may_look_into(inside) else {}
            actual = self.names[inside].get(os.path.normcase(name))
            if actual is not None:
                yield f"{inside}{os.sep}{actual}"

    def _may_look_into(self, folder: str) -> bool:
        return self.limits is not None and self.limits.zone(folder) != "outside"

    def _inside(self, folder: str, below: str) -> str:
        """Return the real path of the directory ``below`` in the real path ``folder``."""
        key = (folder, below)
        if key not in self.below:
            self.below[key] = _step(folder, below)
        return self.below[key]


def _step(folder: str, name: str) -> str:
    """Go one step down, or up, from a real path."""
    if name in ("", "."):
        return folder
    if name == "..":
        return str(Path(folder).parent)
    path = f"{folder.rstrip(os.sep)}{os.sep}{name}"
    return os.path.realpath(path) if _is_link(path) else path


def _is_link(path: str) -> bool:
    try:
        return leads_elsewhere(os.lstat(path))
    except (OSError, ValueError):  # nothing is there, or can be
        return False


def _files(folder: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():  # nor does any wheel contain a link to a directory
                    yield os.path.normcase(entry.name), entry.name
    except OSError:  # it was removed in the meantime, or never existed: nothing is installed there
        return


def _with_bytecode(name: str) -> Iterator[tuple[str, str]]:
    """Yield a file's name, and those of its possible bytecode: (subfolder, name)."""
    yield "", name
    if name.endswith(".py"):
        stem, tag = name[:-3], sys.implementation.cache_tag
        for suffix in ("", ".opt-1", ".opt-2"):
            yield "__pycache__", f"{stem}.{tag}{suffix}.pyc"
        yield "", f"{stem}.pyc"
        yield "", f"{stem}.pyo"
