"""The parts of a transaction's directory on other file systems, each next to what changes there.

Renames work within one file system only. If site-packages or ``bin`` is a volume of its own, new files are staged, and
old ones kept, in ``.pip-fastupdate/<id>-<token>`` in that directory. One journal covers all of it; a list next to it
names these directories before they are created.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...core.busy_files import SHORT, Patience, replace
from ...core.errors import TransactionError
from ...core.files import decoded, reachable, reachable_tree
from ..filesystem import kind_of, remove, remove_empty, sync_folder, write
from ..trust import check_folder, make_folder, make_home
from .path_tree import ancestors, inside


class Annexes:
    """The annexes of one transaction, listed in ``file``.

    Methods raise OSError, and TransactionError for untrusted content.
    """

    def __init__(self, file: str, prefix: str, roots: Sequence[str]) -> None:
        home, self._id = os.path.split(os.path.dirname(file))
        self._home_name = os.path.basename(home)
        self._file = file
        self._prefix = prefix
        self._roots = (prefix, *(os.path.realpath(each) for each in roots))

    def read(self) -> list[str]:
        """Return all of them, whether or not they exist."""
        if kind_of(self._file) is None:
            return []
        try:
            with open(self._file, "rb") as file:
                found = [os.path.join(self._prefix, str(each)) for each in decoded(file.read())]
        except (ValueError, TypeError) as error:
            raise TransactionError(f"could not read {self._file}: {error}", hint="find out what changed it") from error
        for each in found:
            self._check(each)
        return found

    def _check(self, annex: str) -> None:
        home, name = os.path.split(annex)
        place = os.path.dirname(home)
        believable = os.path.normpath(annex) == annex == os.path.realpath(annex)
        inside = any(root in ancestors(place) for root in self._roots)
        if not (believable and inside and os.path.basename(home) == self._home_name and self._is_ours(name)):
            raise TransactionError(
                f"{self._file} names {annex}, which is not part of the transaction", hint="find out what wrote it"
            )
        for each in (home, annex):
            if kind_of(each) is not None:
                check_folder(each, self._prefix)

    def _is_ours(self, name: str) -> bool:
        id, _, token = name.partition("-")
        return id == self._id and token.isalnum()

    def make(self, places: Iterable[str]) -> dict[str, str]:
        """Return the annex of each place, created if missing."""
        found = {_place(each): each for each in self.read()}
        further = [place for place in places if place not in found]
        if further:
            token = os.urandom(4).hex()
            found |= {place: os.path.join(place, self._home_name, f"{self._id}-{token}") for place in further}
            self._write(list(found.values()))
        for place in places:
            annex = found[place]
            if kind_of(annex) is None:
                make_home(os.path.dirname(annex), self._prefix)
                make_folder(annex, self._prefix)
                os.mkdir(os.path.join(annex, "new"))
                for folder in (annex, os.path.dirname(annex), place):
                    sync_folder(folder)
        return found

    def _write(self, annexes: Iterable[str]) -> None:
        start = self._prefix + os.sep
        part = f"{self._file}.part"
        write(part, json.dumps([each.removeprefix(start) for each in annexes]).encode())
        replace(part, self._file, Patience(SHORT))
        sync_folder(os.path.dirname(self._file))

    def require(self) -> list[str]:
        """Return all of them, which must exist. Raises TransactionError naming the one whose file system is missing."""
        found = self.read()
        for each in found:
            if kind_of(each) != "folder":
                raise TransactionError(
                    f"part of the transaction is missing: {each}",
                    hint=f"mount the file system of {_place(each)} as it was, and rerun this",
                )
        return found

    def clear(self, patience: Patience, *, keep_old: bool) -> bool:
        """Remove them, or all but the old files in them. Returns whether the list of them is no longer needed."""
        if keep_old:
            for each in self.read():
                remove(os.path.join(each, "new"), patience)
            return False
        gone = True
        for each in self.read():
            gone &= kind_of(each) is None or remove(each, patience)
            remove_empty(os.path.dirname(each), patience)
        return gone

    def clear_old(self) -> None:
        """Remove empty directories for old files."""
        for each in self.read():
            remove(os.path.join(each, "old"))


def _place(annex: str) -> str:
    return os.path.dirname(os.path.dirname(annex))


def nearest(path: str, places: Iterable[str]) -> str | None:
    """Return the innermost of the ``places`` that contains ``path``."""
    return max((each for each in places if path.startswith(each + os.sep)), key=len, default=None)


def ferry(root: str, base: str, staging: str, annexes: Mapping[str, str]) -> Iterator[str]:
    """Move staged files below ``root``, which mirrors ``base``, to the file system they belong on.

    Yields the resulting roots. Raises OSError.
    """
    name = os.path.relpath(root, staging)
    _carry(root, root, base, name, annexes)
    for annex in annexes.values():
        further = os.path.join(annex, "new", name)
        if os.path.isdir(reachable(further)):
            yield further


def _carry(folder: str, root: str, base: str, name: str, annexes: Mapping[str, str]) -> None:
    """Carry directories only: another file system can begin only at one."""
    with os.scandir(reachable(folder)) as entries:
        folders = [inside(folder, entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
    for path in folders:
        tail = path[len(root) :]
        live = os.path.realpath(base.rstrip(os.sep) + tail)
        if any(place.startswith(live + os.sep) for place in annexes):
            _carry(path, root, base, name, annexes)  # the innermost goes first
        if live in annexes:
            from shutil import copytree, rmtree

            source = reachable_tree(path)
            target = reachable_tree(os.path.join(annexes[live], "new", name) + tail)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            copytree(source, target, symlinks=True, dirs_exist_ok=True)
            rmtree(source)
