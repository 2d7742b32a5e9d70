"""Where the files of a wheel are staged: in as few directories as possible that mirror those of the environment.

A path below the environment's own directory is staged at the same path below the root, so that this directory's path,
which may be long, does not count twice: Windows allows 259 characters by default. It also says where the staged files
belong, as that directory is spelled: on a mapped drive, or below a junction.
"""

from __future__ import annotations

import os
import site
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import ZipFile

from ..core.files import LONGEST_FOLDER, verbatim

if TYPE_CHECKING:
    from pip._internal.models.scheme import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The directory ``root`` has everything at the same place as the live directory ``base``."""

    root: str
    base: str

    def live(self, staged: str) -> str:
        """Return the destination of a path below ``root``."""
        return os.path.normpath(os.path.join(self.base, os.path.relpath(staged, self.root)))  # noqa: PTH118 - text

    def staged(self, live: str) -> str | None:
        """Return where a live path, as it is spelled or without links, is staged; None if it has no place here."""
        for base in (self.base, os.path.realpath(self.base)):
            if live == base or live.startswith(base.rstrip(os.sep) + os.sep):
                return os.path.normpath(self.root + os.sep + live[len(base) :])
        return None


def scheme_below(root: str, name: str, *, user: bool) -> tuple[Scheme, Mirror]:
    """Return pip's scheme for a wheel that is staged below ``root``, and what that mirrors."""
    from pip._internal.locations import get_scheme
    from pip._internal.models.scheme import SCHEME_KEYS, Scheme

    live = {key: getattr(get_scheme(name, user=user), key) for key in SCHEME_KEYS}
    mirror = Mirror(root=root, base=site.getuserbase() if user else sys.prefix)
    staged = {key: mirror.staged(path) for key, path in live.items()}
    if all(staged.values()):
        return Scheme(**staged), mirror
    anchor = os.path.splitdrive(os.path.abspath(live["purelib"]))[0] + os.sep  # noqa: PTH100 - text
    return get_scheme(name, user=user, root=root), Mirror(root=root, base=anchor)


_ROOM = 24
"""Characters by which the longest name may grow: pip writes some files under a temporary name first."""


def spelled_for(wheel: str, scheme: Scheme) -> Scheme:
    """Return a scheme with which pip can write all files of ``wheel``: on Windows some paths may be too long.

    Raises OSError and BadZipFile for a wheel that cannot be read.
    """
    if os.name != "nt":
        return scheme
    from pip._internal.models.scheme import SCHEME_KEYS, Scheme

    with ZipFile(wheel) as archive:
        longest = max(map(len, archive.namelist()), default=0)
    paths = {key: getattr(scheme, key) for key in SCHEME_KEYS}
    if max(map(len, paths.values())) + longest + _ROOM <= LONGEST_FOLDER:
        return scheme
    return Scheme(**{key: verbatim(path) for key, path in paths.items()})
