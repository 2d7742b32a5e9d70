"""What the steps of a journal may touch: only what the program itself would have written (see `trust`)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.files import reachable
from ..core.text import some
from .filesystem import is_there, kind_of
from .moves.path_tree import ancestors, anchor, inside, kept_at, mirrored
from .moves.steps import Exchange, In, Operation, Out

if TYPE_CHECKING:
    from .moves.planner import Layout

_INTERPRETER = re.compile(
    r"(python|pythonw|pypy|pypyw)[0-9.]*t?(_d)?(\.exe)?|pyvenv\.cfg|(de)?activate(_this)?(\.\w+)?|python[0-9]*t?(\.\w*)?\._pth"
)
_KEPT = re.compile(r"[0-9]+(-[0-9a-z]+)?" + re.escape(os.sep) + "old" + re.escape(os.sep))
"""Old files of any transaction, in a directory of the transactions."""

_PROGRAMS = frozenset(("bin", "scripts"))


class Distrusted(ValueError):
    """A journal asks for something that the program would not have written."""

    def __init__(self, text: str, *, hint: str | None = None) -> None:
        """``hint``: what the user can do, if that is known."""
        super().__init__(text)
        self.hint = hint


class Bounds:
    """What the steps of one transaction may touch."""

    def __init__(self, workspace: str, prefix: str, roots: Sequence[str], annexes: Sequence[str] = ()) -> None:
        self._workspaces = (workspace, *annexes)
        self._home = os.path.dirname(workspace)
        self._prefix = prefix
        self._roots = tuple(dict.fromkeys(os.path.realpath(each) for each in (prefix, *roots)))
        self._needed = {above for root in self._roots for above in ancestors(root)}
        self._places: dict[str, str] = {}

    def check(self, layout: Layout) -> None:
        """Raise Distrusted for the first step that the program would not have written."""
        if os.path.normpath(layout.prefix) != layout.prefix or not os.path.isabs(layout.prefix):
            raise Distrusted(f"{layout.prefix} is not an environment")
        moved = {each.live for each in layout.operations if isinstance(each, (In, Exchange))}
        for each in layout.operations:
            self.check_step(each, layout)
        for folder, names in layout.files.items():
            for name in names:
                path = inside(folder, name)
                if os.path.basename(name) != name or not any(above in moved for above in ancestors(path)):
                    raise Distrusted(f"{path} was not installed by it")
        for folder in (*layout.made, *layout.digests, *layout.installed):
            if os.path.realpath(folder) not in self._roots:
                self._check_inside(folder)

    def check_step(self, step: Operation, layout: Layout) -> None:
        """Raise Distrusted for a step of the layout that recovery would refuse."""
        self._check_live(step, layout)
        self._check_own(step, layout.prefix)

    def _check_live(self, step: Operation, layout: Layout) -> None:
        live = step.live
        self._check_inside(live)
        if isinstance(step, Out) and not (is_there(live) and is_there(step.kept)):
            return  # to undo that changes nothing, or restores what is missing
        shared = live in self._needed or os.path.join(live, "") in self._tops()
        others = _others(live, layout) if shared and isinstance(step, (Out, In, Exchange)) else []
        if others:  # the first versions moved a new directory as a whole
            text = f"{live} also contains {some(others)} of other programs"
            raise Distrusted(text, hint=f"move that out of {live}, repeat the command, and move it back")
        folder, name = os.path.split(live)
        if _INTERPRETER.fullmatch(name.casefold()) and self._has_programs(folder):
            raise Distrusted(f"{live} belongs to the environment itself")

    def _has_programs(self, folder: str) -> bool:
        """Return whether it may contain the interpreter; a package's own ``bin`` is its own."""
        real, prefix = os.path.realpath(folder).casefold(), self._prefix.casefold()
        places = (prefix, *(os.path.dirname(each.casefold()) for each in self._roots))
        return real == prefix or (os.path.basename(real) in _PROGRAMS and os.path.dirname(real) in places)

    def _is_in_roots(self, folder: str) -> bool:
        return any(folder == root or _is_below(folder, root) for root in self._roots)

    def _tops(self) -> frozenset[str]:
        """Return directories whose loss would remove everything else."""
        names = ("bin", "Scripts", "lib", "Lib", "lib64", "include", "Include", "share", "etc")
        return frozenset(os.path.join(self._prefix, name, "") for name in names)

    def _check_inside(self, path: str) -> None:
        """Check a path: normalized, in the environment after resolving links, not in the home."""
        if os.path.normpath(path) != path or not os.path.isabs(path):
            raise Distrusted(f"{path} is not in its normal form")
        real = self._real(path)
        tail = next((real[len(root) :] for root in self._roots if _is_below(real, root)), None)
        if tail is None:
            raise Distrusted(f"{path} is outside the environment")
        if os.path.basename(self._home).casefold() in tail.casefold().split(os.sep):
            raise Distrusted(f"{path} is in the directory of the transactions")

    def _real(self, path: str) -> str:
        """Return the path with the links in its directory resolved, but not a link at the path itself."""
        folder, name = os.path.split(path)
        if folder not in self._places:
            self._places[folder] = os.path.realpath(folder)
        return os.path.join(self._places[folder], name)

    def _check_own(self, step: Operation, prefix: str) -> None:
        """Check the places for old and staged files of the transaction."""
        live = step.live
        if live.startswith(self._prefix + os.sep):
            live = prefix + live[len(self._prefix) :]
        if isinstance(step, (Out, Exchange)) and not self._is_kept(step.kept, live, prefix):
            raise Distrusted(f"{step.kept} is not where {live} is kept")
        if isinstance(step, (In, Exchange)):
            bases = [base for base in (prefix, *self._roots) if live.startswith(base + os.sep)]
            tails = [mirrored("", live), *(live[len(base) :] for base in bases)]
            stated = step.staged.endswith(tuple(tails)) or self._leads_to(step.staged, step.live)
            if not stated or not self._is_staged(step.staged, step.live):
                raise Distrusted(f"{step.staged} is not where {live} is staged")

    def _leads_to(self, staged: str, live: str) -> bool:
        """Return whether the staged path belongs at the live one by a link in the environment, such as ``man``."""
        parts, wanted = staged.split(os.sep), self._real(live)
        tails = (parts[at:] for at in range(1, len(parts)))
        return any(
            self._real(os.path.join(base, *tail)) == wanted for tail in tails for base in (self._prefix, anchor(live))
        )

    def _is_kept(self, path: str, live: str, prefix: str) -> bool:
        """Return whether that is the place of ``old`` in the transaction or an annex, without links."""
        olds = [os.path.join(each, "old") for each in self._workspaces]
        places = {kept_at(old, prefix, live) for old in olds} | {mirrored(olds[0], live)}  # as earlier versions did
        return path in places and self._real(path) == path

    def _is_staged(self, path: str, live: str) -> bool:
        """Return whether it is in ``new``, or ``old`` of a transaction or an annex, without links."""
        if os.path.normpath(path) != path or self._real(path) != path:
            return False
        if any(_is_below(path, os.path.join(each, "new")) for each in self._workspaces):
            return True
        name = os.path.basename(self._home)
        above = (each for each in ancestors(os.path.dirname(live)) if self._is_in_roots(each))
        homes = (self._home, *(os.path.join(each, name) for each in above))
        return any(_is_below(path, home) and _KEPT.match(path[len(home) + 1 :]) for home in homes)


def _others(folder: str, layout: Layout) -> list[str]:
    """Return what a directory contains that did not come with it, sorted."""
    known = {*layout.files.get(folder, ())}
    known.update(path[len(folder) + 1 :].split(os.sep, 1)[0] for path in layout.files if _is_below(path, folder))
    there = os.listdir(reachable(folder)) if kind_of(folder) == "folder" else ()
    return sorted(set(there) - known - {"__pycache__"})


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)
