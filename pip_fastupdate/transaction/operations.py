"""The steps of a swap. Whether one was done is told from the transaction's own side alone, so each can be undone
whenever, and undone twice, and a list of them is undone by undoing every one of them from the last to the first.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..busy_files import LONG, SHORT, Patience, is_busy, rename, rmdir, unlink
from .disk import kind_of


class Operation(Protocol):
    """One step."""

    @property
    def live(self) -> str:
        """The path of the live environment that it changes."""

    def do(self) -> None:
        """Raises OSError; then nothing has changed."""

    def undo(self, aside: str) -> None:
        """Make it not done. What others put in the way goes into the folder ``aside``. Raises OSError."""

    def encoded(self, short: Callable[[str], str]) -> list[str | int]:
        """For JSON, paths written as ``short`` makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A live file or folder goes into the transaction. Done if it is there."""

    live: str
    kept: str

    def do(self) -> None:
        """Move it out."""
        rename(self.live, self.kept, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Move it back."""
        if os.path.lexists(self.kept):
            _give_back(self.kept, self.live, aside)

    def encoded(self, short: Callable[[str], str]) -> list[str | int]:
        """``["out", live, kept]``."""
        return ["out", short(self.live), short(self.kept)]


@dataclass(frozen=True, slots=True, kw_only=True)
class In:
    """A staged file or folder becomes live. Done if it is no longer staged."""

    staged: str
    live: str

    def do(self) -> None:
        """Move it in. Raises FileExistsError rather than overwrite anything."""
        if os.path.lexists(self.live):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.staged, None, self.live)
        rename(self.staged, self.live, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Move it back to where it was staged."""
        if not os.path.lexists(self.staged) and os.path.lexists(self.live):
            _rename(self.live, self.staged)

    def encoded(self, short: Callable[[str], str]) -> list[str | int]:
        """``["in", staged, live]``."""
        return ["in", short(self.staged), short(self.live)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mkdir:
    """A new folder that several distributions share. Done if it exists."""

    live: str
    mode: int

    def do(self) -> None:
        """Make it."""
        _make(self.live, self.mode)

    def undo(self, aside: str) -> None:
        """Remove it, unless somebody else has put something into it."""
        try:
            rmdir(self.live, Patience(LONG))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) and not is_busy(error):
                raise  # an empty folder that a program keeps open does no harm

    def encoded(self, short: Callable[[str], str]) -> list[str | int]:
        """``["mkdir", live, mode]``."""
        return ["mkdir", short(self.live), self.mode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rmdir:
    """A folder that was emptied file by file. Done if it does not exist."""

    live: str
    mode: int

    def do(self) -> None:
        """Remove it."""
        rmdir(self.live, Patience(SHORT))

    def undo(self, aside: str) -> None:
        """Make it again, with its mode."""
        if not os.path.lexists(self.live):
            os.mkdir(self.live)
        if kind_of(self.live) == "folder":
            os.chmod(self.live, self.mode)

    def encoded(self, short: Callable[[str], str]) -> list[str | int]:
        """``["rmdir", live, mode]``."""
        return ["rmdir", short(self.live), self.mode]


def decoded(fields: list[str | int], full: Callable[[str], str]) -> Operation:
    """The inverse of ``encoded``. Raises ValueError or TypeError."""
    word, first, second = fields
    if word == "out":
        return Out(live=full(str(first)), kept=full(str(second)))
    if word == "in":
        return In(staged=full(str(first)), live=full(str(second)))
    if word == "mkdir":
        return Mkdir(live=full(str(first)), mode=int(second))
    if word == "rmdir":
        return Rmdir(live=full(str(first)), mode=int(second))
    raise ValueError(f"unknown step {word!r}")


def _make(path: str, mode: int) -> None:
    os.mkdir(path)
    os.chmod(path, mode)  # after mkdir, which masks it


def _give_back(source: str, target: str, aside: str) -> None:
    """Move ``source`` to ``target``, into a folder that is there, and in the place of a file that is there."""
    there = kind_of(target)
    if there == "folder" and kind_of(source) == "folder":
        for name in os.listdir(source):
            _give_back(os.path.join(source, name), os.path.join(target, name), aside)
        rmdir(source, Patience(LONG))
        return
    if there is not None:
        set_aside(target, aside)
    _rename(source, target)


def _rename(source: str, target: str) -> None:
    """Rename, making the folder that the target is in where somebody has removed it."""
    try:
        rename(source, target, Patience(LONG))
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target))
        rename(source, target, Patience(LONG))


def set_aside(path: str, aside: str) -> None:
    """Put what is not part of the transaction where it is neither in the way nor lost; bytecode can be made anew."""
    if path.endswith(".pyc"):
        unlink(path, Patience(LONG))
        return
    os.makedirs(aside, exist_ok=True)
    name, count = os.path.basename(path), 0
    while os.path.lexists(os.path.join(aside, name)):
        count += 1
        name = f"{os.path.basename(path)}.{count}"
    rename(path, os.path.join(aside, name), Patience(LONG))
