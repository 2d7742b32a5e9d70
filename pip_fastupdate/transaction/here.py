"""Finds the running environment's transactions and its borders, using only the standard library."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path

from .filesystem import remove_empty
from .transactions import Transactions

HOME = ".pip-fastupdate"
"""Directory that contains an environment's transactions."""


def transactions(prefix: Path | None = None) -> Transactions:
    """Return the transactions of the running environment; ``prefix`` defaults to it."""
    folder = place(Path(sys.prefix) if prefix is None else prefix)
    return Transactions(home=folder / HOME, prefix=folder, roots=roots())


def place(prefix: Path) -> Path:
    """Return the directory that contains ``HOME``: ``prefix``, or the user's own if they can change only their own
    packages.

    So it is for an installation for all users, the system's own Python and the one from Microsoft's Store.
    """
    if sys.prefix != sys.base_prefix or not site.ENABLE_USER_SITE or _can_be_changed(prefix):
        return prefix
    return Path(site.getusersitepackages()).parent


def _can_be_changed(folder: Path) -> bool:
    """Return whether something can be created in there; on Windows, only an attempt shows."""
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
    """Return the real paths of directories, besides the prefix, that may contain this environment's own files."""
    schemes = [sysconfig.get_default_scheme()]
    if site.ENABLE_USER_SITE and sys.prefix == sys.base_prefix:
        schemes.append(sysconfig.get_preferred_scheme("user"))
    found = [sysconfig.get_path(key, scheme) for scheme in schemes for key in _KEYS]
    return tuple(sorted({os.path.realpath(each) for each in found}))


_KEYS = ("purelib", "platlib", "scripts", "data")
