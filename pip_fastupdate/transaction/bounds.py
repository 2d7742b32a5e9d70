"""What the steps of a journal may touch: nothing that the program would not have written (see `trust`)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

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
