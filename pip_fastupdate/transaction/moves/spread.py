"""What a swap does if an environment is spread over several file systems."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fingerprint import INFO
from .annexes import ferry
from .mounts import mounts, refuse_strays
from .path_tree import anchor
from .planner import Request, Root

if TYPE_CHECKING:
    from ..folder import Workspace
    from ..home import Home


def spread(
    request: Request, owned: Mapping[str, Sequence[str]], workspace: Workspace, home: Home
) -> tuple[Request, dict[str, str]]:
    """Stage on each file system what comes in there.

    Returns the request with the resulting roots, and by the directory at which another file system begins where its old
    files are kept. ``owned`` are the old files by the distribution's name. Raises OSError, and FileConflict for
    distributions with a file or directory that is a mount point itself.
    """
    found = mounts()
    fixed = {home.prefix, *(os.path.realpath(each) for each in (*_sites(request.old_files), *home.roots))}
    strays = found.strays(home.prefix, fixed, home.path)
    if strays:
        roots = [(root.owner, root.folder, root.base or anchor(home.prefix)) for root in request.roots]
        refuse_strays(strays, home.prefix, fixed, owned, roots)
    places = found.places(home.prefix, fixed - {home.prefix})
    if not places:
        return request, {}
    annexes = workspace.annexes.make(places)
    further = [
        Root(folder=folder, owner=root.owner, base=root.base)
        for root in request.roots
        if root.folder.startswith(workspace.new + os.sep)
        for folder in ferry(root.folder, root.base or anchor(home.prefix), workspace.new, annexes)
    ]
    olds = {place: os.path.join(annex, "old") for place, annex in annexes.items()}
    return replace(request, roots=(*request.roots, *further)), olds


def _sites(files: Iterable[str]) -> set[str]:
    """Return the directories that contain the ``.dist-info`` directories of these files."""
    infos = {os.path.dirname(path) for path in files if INFO in path}
    return {os.path.dirname(each) for each in infos if each.endswith(INFO)}
