"""The directory that contains an environment's transactions."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .filesystem import kind_of, remove, remove_empty, unlink
from .folder import DONE, State, Workspace
from .index_origins import IndexOrigins
from .trust import check_folder, is_id, make_folder, make_home

RECOVER = "recover.py"
"""The script that rolls an interrupted update back by itself."""

PART = f"{RECOVER}.part"

REMEMBERED = 100
"""Maximum number of transactions in the history."""


class Home:
    """``<prefix>/.pip-fastupdate``: exists only while it is not empty. Methods raise OSError.

    ``roots`` are further directories of the environment, outside its prefix. The content is trusted only if nobody else
    can have written it; otherwise TransactionError is raised.
    """

    def __init__(self, path: str, prefix: str, roots: Sequence[str] = ()) -> None:
        self.roots = roots
        self.prefix = os.path.realpath(prefix)
        self.path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        self.sources = IndexOrigins(self.path)

    def workspaces(self) -> list[Workspace]:
        """Return all transactions, newest first."""
        if kind_of(self.path) is None:
            return []
        check_folder(self.path, self.prefix)
        names = sorted(filter(is_id, os.listdir(self.path)), key=int, reverse=True)
        found = [self.workspace(name) for name in names]
        for each in found:
            each.check()
        return found

    def workspace(self, id: str) -> Workspace:
        """Return one transaction, whether or not it exists."""
        return Workspace(os.path.join(self.path, id), self.prefix, self.roots)

    def begin(self) -> Workspace:
        """Create a new one, with its directory for staging."""
        newest = next((int(each.id) for each in self.workspaces()), 0)
        workspace = self.workspace(str(newest + 1))
        try:
            make_home(self.path, self.prefix)
            make_folder(workspace.path, self.prefix)
            os.mkdir(workspace.new)
        except BaseException:
            remove(workspace.path)
            self.remove_if_empty()
            raise
        return workspace

    def last_state(self, id: str, keep: int | None) -> State:
        """Return the state of a transaction after its commit."""
        if keep is None or keep > 0:
            return "committed"
        others = [each for each in self.workspaces() if each.id != id]
        return "spent" if others else "forgotten"

    def finish_commit(self, workspace: Workspace, keep: int | None) -> None:
        """Do what remains after a commit; safe to do twice."""
        if workspace.state() != "forgotten" or self.sources.exist():  # without kept files, nothing is remembered
            self.sources.take(workspace.sources)
        header = workspace.header()
        if header.undoes is not None:
            undone = self.workspace(header.undoes)
            if undone.state() == "committed":
                undone.spend()
        if keep is not None:
            self._prune(keep)
        workspace.tidy()
        self.remove_if_empty()

    def _prune(self, keep: int) -> None:
        done = [each for each in self.workspaces() if each.state() in DONE]
        for each in [each for each in done if each.state() == "committed"][keep:]:
            each.spend()
        for each in done[REMEMBERED:]:
            each.forget()

    def remove_if_empty(self) -> None:
        """Remove the directory if no transaction is left, with the recovery script."""
        try:
            names = os.listdir(self.path)
        except OSError:
            return
        if not any(map(is_id, names)):
            for name in {RECOVER, PART}.intersection(names):
                unlink(os.path.join(self.path, name))
            remove_empty(self.path)
