"""How far what lies in the folder of the transactions is believed: only as far as it can do no harm.

Who can write there can write in the environment, so a secret seal would keep nobody out, and would be lost in another
container. Instead nothing is obeyed that the program would not have written: folders and files of the environment's
own user, or of root, that nobody else may write to and that are no links; steps between the transaction's own folder
and places inside the environment, after all links are resolved; never its interpreter, or a folder that others need.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import TransactionError
from .disk import kind_of
from .operations import Exchange, In, Operation, Out
from .paths import ancestors, inside, kept_at, mirrored

if TYPE_CHECKING:
    from .layout import Layout

_INTERPRETER = re.compile(
    r"(python|pythonw|pypy|pypyw)[0-9.]*t?(_d)?(\.exe)?|pyvenv\.cfg|(de)?activate(_this)?(\.\w+)?|python[0-9]*t?(\.\w*)?\._pth"
)
_PROGRAMS = frozenset(("bin", "scripts"))


class Distrusted(ValueError):
    """A journal asks for something that the program would not have written."""


def check_folder(path: str, prefix: str) -> None:
    """Raises TransactionError unless ``path`` is a folder, no link, of who owns the environment at ``prefix``."""
    _check(path, prefix, "folder")


def check_file(path: str, prefix: str) -> None:
    """The same for a file."""
    _check(path, prefix, "file")


def _check(path: str, prefix: str, kind: str) -> None:
    found = os.lstat(path)
    if kind_of(path) != kind:
        what = "a link" if stat.S_ISLNK(found.st_mode) else f"not a {kind}"
        raise TransactionError(
            f"{path} is {what}: pip-update has not made it, and does not follow it.",
            hint="Find out who did, then remove it.",
        )
    if kind == "file" and not stat.S_ISREG(found.st_mode):
        raise TransactionError(f"{path} is not a regular file.", hint="Find out who made it, then remove it.")
    if hasattr(os, "geteuid") and not _is_trusted(found, os.stat(prefix)):
        raise TransactionError(
            f"{path} could have been written by somebody who may not change this environment.",
            hint="Look at its owner and mode; remove it, or give both as the environment has them.",
        )


def _is_trusted(found: os.stat_result, prefix: os.stat_result) -> bool:
    """Whether nobody can write there who cannot write in the environment itself."""
    shared = prefix.st_mode & stat.S_IWGRP and found.st_gid == prefix.st_gid
    anybody = prefix.st_mode & stat.S_IWOTH
    if found.st_uid not in (prefix.st_uid, 0, os.geteuid()) and not shared and not anybody:
        return False
    wider = stat.S_IMODE(found.st_mode) & ~prefix.st_mode
    private = found.st_gid == found.st_uid  # the group of one user alone, as many systems make them
    return not wider & stat.S_IWOTH and (not wider & stat.S_IWGRP or private)


def as_owner(path: str, prefix: str) -> bool:
    """Whether root, who can do anything, should do as the owner of ``path`` in somebody else's environment."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    return os.lstat(path).st_uid != 0 and os.stat(prefix).st_uid != 0


@contextmanager
def acting_for(path: str, prefix: str) -> Iterator[None]:
    """Root does inside what the owner of ``path`` could do himself, and no more.

    So whatever that user has planted, or puts in the way at this very moment, gains him nothing.
    """
    if not as_owner(path, prefix):
        yield
        return
    found, group, groups = os.lstat(path), os.getegid(), os.getgroups()
    os.setgroups([found.st_gid])
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def make_folder(path: str, prefix: str) -> None:
    """A new folder in which nobody can write who cannot write in the environment. Raises OSError."""
    os.mkdir(path)
    os.chmod(path, stat.S_IMODE(os.stat(prefix).st_mode) & 0o777 | 0o700)


def make_home(path: str, prefix: str) -> None:
    """The folder of the transactions, unless it is there. Raises OSError, and TransactionError as ``check_folder``."""
    try:
        make_folder(path, prefix)
    except FileNotFoundError:  # a user who has no packages of his own yet
        os.makedirs(prefix)
        make_folder(path, prefix)
    except FileExistsError:
        with suppress(FileNotFoundError):  # just being removed by another run
            check_folder(path, prefix)


class Bounds:
    """What the steps of one transaction may touch."""

    def __init__(self, workspace: str, prefix: str, roots: Sequence[str]) -> None:
        self._workspace = workspace
        self._home = os.path.dirname(workspace)
        self._prefix = prefix
        self._roots = tuple(dict.fromkeys(os.path.realpath(each) for each in (prefix, *roots)))
        self._needed = {above for root in self._roots for above in ancestors(root)}
        self._places: dict[str, str] = {}

    def check(self, layout: Layout) -> None:
        """Raises Distrusted for the first thing that the program would not have written."""
        if os.path.normpath(layout.prefix) != layout.prefix or not os.path.isabs(layout.prefix):
            raise Distrusted(f"{layout.prefix} is no place of an environment")
        moved = {each.live for each in layout.operations if isinstance(each, (In, Exchange))}
        for each in layout.operations:
            self._check_live(each, layout)
            self._check_own(each, layout.prefix)
        for folder, names in layout.files.items():
            for name in names:
                path = inside(folder, name)
                if os.path.basename(name) != name or not any(above in moved for above in ancestors(path)):
                    raise Distrusted(f"{path} was not moved in by it")
        for folder in (*layout.made, *layout.digests, *layout.installed):
            if os.path.realpath(folder) not in self._roots:
                self._check_inside(folder)

    def _check_live(self, step: Operation, layout: Layout) -> None:
        live = step.live
        self._check_inside(live)
        if (live in self._needed or os.path.join(live, "") in self._tops()) and _has_others(live, layout):
            raise Distrusted(f"{live} is not one distribution's")
        folder, name = os.path.split(live)
        if isinstance(step, Out) and not os.path.lexists(live):
            return  # that gives back what is missing
        bin_like = os.path.basename(folder).casefold() in _PROGRAMS or folder == self._prefix
        if bin_like and _INTERPRETER.fullmatch(name.casefold()):
            raise Distrusted(f"{live} belongs to the environment itself")

    def _tops(self) -> frozenset[str]:
        """Folders whose loss would take all the rest along."""
        names = ("bin", "Scripts", "lib", "Lib", "lib64", "include", "Include", "share", "etc")
        return frozenset(os.path.join(self._prefix, name, "") for name in names)

    def _check_inside(self, path: str) -> None:
        """Normalized, below one of the environment's folders after links are resolved, not in the home."""
        if os.path.normpath(path) != path or not os.path.isabs(path):
            raise Distrusted(f"{path} is written in a way of its own")
        real = self._real(path)
        if not any(_is_below(real, root) for root in self._roots):
            raise Distrusted(f"{path} is outside of the environment")
        if _is_below(os.path.join(real.casefold(), ""), self._home.casefold()):
            raise Distrusted(f"{path} is in the folder of the transactions")

    def _real(self, path: str) -> str:
        """The path with the links in its folder resolved; those of a path that is a link itself are not."""
        folder, name = os.path.split(path)
        if folder not in self._places:
            self._places[folder] = os.path.realpath(folder)
        return os.path.join(self._places[folder], name)

    def _check_own(self, step: Operation, prefix: str) -> None:
        """Where the transaction keeps the old, and has staged the new."""
        live = step.live
        if live.startswith(self._prefix + os.sep):
            live = prefix + live[len(self._prefix) :]
        old = os.path.join(self._workspace, "old")
        places = (kept_at(old, prefix, live), mirrored(old, live))  # the second one is that of earlier versions
        if isinstance(step, (Out, Exchange)) and not (step.kept in places and self._real(step.kept) == step.kept):
            raise Distrusted(f"{step.kept} is not where {live} is kept")
        if isinstance(step, (In, Exchange)):
            bases = [base for base in (prefix, *self._roots) if live.startswith(base + os.sep)]
            tails = [mirrored("", live), *(live[len(base) :] for base in bases)]
            if not step.staged.endswith(tuple(tails)) or not self._is_staged(step.staged):
                raise Distrusted(f"{step.staged} is not where {live} is staged")

    def _is_staged(self, path: str) -> bool:
        """Whether it is below ``new``, or ``old`` of a transaction, that of the home, with no link on the way."""
        if os.path.normpath(path) != path or self._real(path) != path:
            return False
        if _is_below(path, os.path.join(self._workspace, "new")):
            return True
        parts = path.removeprefix(self._home + os.sep).split(os.sep)
        return path.startswith(self._home + os.sep) and parts[0].isdecimal() and parts[1:2] == ["old"]


def _has_others(folder: str, layout: Layout) -> bool:
    """Whether anything is in a folder that did not come in with it."""
    known = {*layout.files.get(folder, ())}
    known.update(path[len(folder) + 1 :].split(os.sep, 1)[0] for path in layout.files if _is_below(path, folder))
    return kind_of(folder) == "folder" and bool(set(os.listdir(folder)) - known - {"__pycache__"})


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
