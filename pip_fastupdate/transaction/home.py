"""The folder that holds an environment's transactions."""

from __future__ import annotations

import os

from .disk import remove, remove_empty
from .sources import Sources
from .workspace import DONE, State, Workspace

REMEMBERED = 100
"""So many transactions are listed in the history."""


class Home:
    """``<prefix>/.pip-fastupdate``: there only while there is something in it. Methods raise OSError."""

    def __init__(self, path: str, prefix: str) -> None:
        self.prefix = os.path.realpath(prefix)
        self.path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        self.sources = Sources(self.path)

    def workspaces(self) -> list[Workspace]:
        """All transactions, newest first."""
        try:
            names = os.listdir(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [self.workspace(name) for name in sorted(filter(_is_id, names), key=int, reverse=True)]

    def workspace(self, id: str) -> Workspace:
        """One transaction, whether it is there or not."""
        return Workspace(os.path.join(self.path, id), self.prefix)

    def begin(self) -> Workspace:
        """A new one, with its folder for staging."""
        newest = next((int(each.id) for each in self.workspaces()), 0)
        workspace = self.workspace(str(newest + 1))
        try:
            os.makedirs(workspace.path)
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

    def settle(self, workspace: Workspace, keep: int | None) -> None:
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
            remove(each.path)

    def remove_if_empty(self) -> None:
        """Leave no empty folder behind."""
        remove_empty(self.path)


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and not name.startswith("0")
