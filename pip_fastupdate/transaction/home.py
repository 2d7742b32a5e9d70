"""The folder that holds an environment's transactions."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .filesystem import kind_of, remove, remove_empty, unlink
from .folder import DONE, State, Workspace
from .index_origins import Sources
from .trust import check_folder, is_id, make_folder, make_home

RECOVER = "recover.py"
"""The script that takes an interrupted update back by itself."""

PART = f"{RECOVER}.part"

REMEMBERED = 100
"""So many transactions are listed in the history."""


class Home:
    """``<prefix>/.pip-fastupdate``: there only while there is something in it. Methods raise OSError.

    ``roots`` are further folders of the environment, outside of its prefix. What is in there is believed only where
    nobody else can have put it: else TransactionError is raised.
    """

    def __init__(self, path: str, prefix: str, roots: Sequence[str] = ()) -> None:
        self.roots = roots
        self.prefix = os.path.realpath(prefix)
        self.path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        self.sources = Sources(self.path)

    def workspaces(self) -> list[Workspace]:
        """All transactions, newest first."""
        if kind_of(self.path) is None:
            return []
        check_folder(self.path, self.prefix)
        names = sorted(filter(is_id, os.listdir(self.path)), key=int, reverse=True)
        found = [self.workspace(name) for name in names]
        for each in found:
            each.check()
        return found

    def workspace(self, id: str) -> Workspace:
        """One transaction, whether it is there or not."""
        return Workspace(os.path.join(self.path, id), self.prefix, self.roots)

    def begin(self) -> Workspace:
        """A new one, with its folder for staging."""
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
        """What a transaction becomes when it is committed."""
        if keep is None or keep > 0:
            return "committed"
        others = [each for each in self.workspaces() if each.id != id]
        return "spent" if others else "forgotten"

    def finish_commit(self, workspace: Workspace, keep: int | None) -> None:
        """What is left to do after a commit, and does no harm when it is done twice."""
        if workspace.state() != "forgotten" or self.sources.exist():  # where nothing is kept nothing is remembered
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
        """Leave no folder behind in which nothing is kept, and no script for transactions that are no more."""
        try:
            names = os.listdir(self.path)
        except OSError:
            return
        if not any(map(is_id, names)):
            for name in {RECOVER, PART}.intersection(names):
                unlink(os.path.join(self.path, name))
            remove_empty(self.path)
