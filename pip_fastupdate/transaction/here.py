"""Where the running environment keeps its transactions, and where it ends: found by the standard library alone."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path

from .filesystem import remove_empty
from .transactions import Transactions

HOME = ".pip-fastupdate"
"""Folder that holds an environment's transactions."""


def transactions(prefix: Path | None = None) -> Transactions:
    """The transactions of the running environment; ``prefix`` defaults to where that is."""
    folder = place(Path(sys.prefix) if prefix is None else prefix)
    return Transactions(home=folder / HOME, prefix=folder, roots=roots())


def place(prefix: Path) -> Path:
    """The folder that ``HOME`` lies in: ``prefix``, or the user's own where he can change his own packages alone.

    So it is with an installation for all users, the system's own Python, and the one of Microsoft's Store.
    """
    if sys.prefix != sys.base_prefix or not site.ENABLE_USER_SITE or _can_be_changed(prefix):
        return prefix
    return Path(site.getusersitepackages()).parent


def _can_be_changed(folder: Path) -> bool:
    """Whether something can be made in there; Windows tells only who tries."""
    if os.name != "nt":
        return os.access(folder, os.W_OK)
    probe = folder / f"{HOME}-{os.getpid()}"
    try:
        probe.mkdir()
    except OSError:
        return False
    remove_empty(os.fspath(probe))
    return True


def roots() -> tuple[str, ...]:
    """Real paths of the folders, the prefix aside, below which this environment's own files may lie."""
    schemes = [sysconfig.get_default_scheme()]
    if site.ENABLE_USER_SITE and sys.prefix == sys.base_prefix:
        schemes.append(sysconfig.get_preferred_scheme("user"))
    found = [sysconfig.get_path(key, scheme) for scheme in schemes for key in _KEYS]
    return tuple(sorted({os.path.realpath(each) for each in found}))


_KEYS = ("purelib", "platlib", "scripts", "data")
