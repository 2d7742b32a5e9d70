"""The steps of a swap. Whether a step was done can be seen in the transaction's own directory, so each step can be
undone at any time, more than once, and a list of steps is undone by undoing every one of them from the last to
the first.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...core.busy_files import LONG, SHORT, Patience, is_busy, rename, rmdir, unlink
from ...core.files import reachable, reachable_tree
from ..filesystem import is_there, kind_of, make
from .exchange import exchange
from .witness import Witness


class Operation(Protocol):
    """One step."""

    @property
    def live(self) -> str:
        """The path of the live environment that it changes."""

    def do(self) -> None:
        """Do it. Raises OSError, with nothing changed."""

    def undo(self, aside: str) -> None:
        """Undo it. Conflicting files of others go into the directory ``aside``. Raises OSError."""

    def encoded(self, short: Callable[[str], str]) -> list[Any]:
        """Return it for JSON, with paths written by ``short``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A live file or directory moves into the transaction. Done if it is there."""

    live: str
    kept: str

    def do(self) -> None:
        """Move it out."""
        rename(self.live, self.kept, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Move it back."""
        if is_there(self.kept):
            _give_back(self.kept, self.live, aside)

    def encoded(self, short: Callable[[str], str]) -> list[Any]:
        """``["out", live, kept]``."""
        return ["out", short(self.live), short(self.kept)]


@dataclass(frozen=True, slots=True, kw_only=True)
class In:
    """A staged file or directory becomes live. Done if it is no longer staged."""

    staged: str
    live: str

    def do(self) -> None:
        """Move it in. Raises FileExistsError instead of overwriting anything."""
        if is_there(self.live):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.staged, None, self.live)
        rename(self.staged, self.live, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Move it back to where it was staged."""
        if not is_there(self.staged) and is_there(self.live):
            _rename(self.live, self.staged)

    def encoded(self, short: Callable[[str], str]) -> list[Any]:
        """``["in", staged, live]``."""
        return ["in", short(self.staged), short(self.live)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What is live and what is staged for a path are exchanged, and the old one moves into the transaction.

    The live path exists at every instant if the system can do that. ``witness`` identifies which is which, because the
    paths do not.
    """

    staged: str
    live: str
    kept: str
    witness: Witness

    @property
    def _spare(self) -> str:
        return f"{self.staged}~"

    def do(self) -> None:
        """Exchange them, or move one out and the other in if that is not possible at once."""
        if _exchanged(self.staged, self.live):
            rename(self.staged, self.kept, Patience(SHORT))
        else:
            rename(self.live, self.kept, Patience(SHORT))
            rename(self.staged, self.live, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Restore the old one, whatever part of this, or of an undo, has been done."""
        if is_there(self.kept):
            if is_there(self.staged):  # between the two moves
                _give_back(self.kept, self.live, aside)
                return
            rename(self.kept, self.staged, Patience(LONG))
        if is_there(self.staged) and self.witness.is_old(self.staged):
            self._put_back(aside)
        if is_there(self._spare) and not is_there(self.staged):
            rename(self._spare, self.staged, Patience(LONG))

    def _put_back(self, aside: str) -> None:
        """Move the old one back from the place where the new one was staged."""
        if is_there(self._spare) or kind_of(self.live) != kind_of(self.staged):
            _give_back(self.staged, self.live, aside)
        elif not _exchanged(self.staged, self.live):
            rename(self.live, self._spare, Patience(LONG))
            rename(self.staged, self.live, Patience(LONG))

    def encoded(self, short: Callable[[str], str]) -> list[Any]:
        """``["exchange", staged, live, kept, witness]``."""
        return ["exchange", short(self.staged), short(self.live), short(self.kept), self.witness.encoded()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mkdir:
    """A new directory shared by several distributions. Done if it exists."""

    live: str
    mode: int

    def do(self) -> None:
        """Create it."""
        make(self.live, self.mode)

    def undo(self, aside: str) -> None:
        """Remove it unless another program has put something into it."""
        try:
            rmdir(self.live, Patience(LONG))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) and not is_busy(error):
                raise  # an empty directory that a program keeps open does no harm

    def encoded(self, short: Callable[[str], str]) -> list[Any]:
        """``["mkdir", live, mode]``."""
        return ["mkdir", short(self.live), self.mode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rmdir:
    """A directory that was emptied file by file. Done if it does not exist."""

    live: str
    mode: int

    def do(self) -> None:
        """Remove it."""
        rmdir(self.live, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Create it again, with its mode."""
        if not is_there(self.live):
            make(self.live, self.mode)

    def encoded(self, short: Callable[[str], str]) -> list[Any]:
        """``["rmdir", live, mode]``."""
        return ["rmdir", short(self.live), self.mode]


def decoded(fields: Sequence[Any], full: Callable[[str], str]) -> Operation:
    """Invert ``encoded``. Raises ValueError or TypeError."""
    word, first, second = fields[:3]
    if word == "exchange":
        _, staged, live, kept, witness = fields
        return Exchange(
            staged=full(str(staged)), live=full(str(live)), kept=full(str(kept)), witness=Witness.decoded(witness)
        )
    if len(fields) != 3:
        raise ValueError(f"a step with {len(fields)} fields")
    if word == "out":
        return Out(live=full(str(first)), kept=full(str(second)))
    if word == "in":
        return In(staged=full(str(first)), live=full(str(second)))
    if word == "mkdir":
        return Mkdir(live=full(str(first)), mode=int(second))
    if word == "rmdir":
        return Rmdir(live=full(str(first)), mode=int(second))
    raise ValueError(f"unknown step {word!r}")


def _exchanged(one: str, other: str) -> bool:
    """Return whether both were exchanged; False, with nothing done, if that takes two steps. Raises OSError."""
    try:
        return exchange(one, other)
    except OSError as error:
        if error.errno != errno.EXDEV or kind_of(one) == "folder":
            raise
        return False  # an overlay, which can rename this file nevertheless


def _give_back(source: str, target: str, aside: str) -> None:
    """Move ``source`` to ``target``, into an existing directory, replacing an existing file."""
    there = kind_of(target)
    if there == "folder" and kind_of(source) == "folder":
        for name in os.listdir(reachable(source)):
            _give_back(os.path.join(source, name), os.path.join(target, name), aside)
        rmdir(source, Patience(LONG))
        return
    if there is not None:
        set_aside(target, aside)
    _rename(source, target)


def _rename(source: str, target: str) -> None:
    """Rename, creating the target's directory if another program has removed it."""
    try:
        rename(source, target, Patience(LONG))
    except FileNotFoundError:
        os.makedirs(reachable(os.path.dirname(target)))
        rename(source, target, Patience(LONG))


def set_aside(path: str, aside: str) -> None:
    """Move files of others where they neither conflict nor get lost; bytecode can be compiled again."""
    if path.endswith(".pyc"):
        unlink(path, Patience(LONG))
        return
    os.makedirs(reachable(aside), exist_ok=True)
    name, count = os.path.basename(path), 0
    while is_there(os.path.join(aside, name)):
        count += 1
        name = f"{os.path.basename(path)}.{count}"
    try:
        rename(path, os.path.join(aside, name), Patience(LONG))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_and_remove(path, os.path.join(aside, name))


def _copy_and_remove(path: str, target: str) -> None:
    """Move to another file system. If interrupted, it leaves a copy too many, never one too few."""
    from shutil import copy2, copytree, rmtree

    path, target = reachable_tree(path), reachable_tree(target)
    if kind_of(path) == "folder":
        copytree(path, target, symlinks=True)
        rmtree(path)
    else:
        copy2(path, target, follow_symlinks=False)
        unlink(path, Patience(LONG))
