"""Where the running environment keeps its transactions, and where it ends: found by the standard library alone."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path

from .store import Transactions

HOME = ".pip-fastupdate"
"""Folder below the environment's prefix that holds its transactions."""


def transactions(prefix: Path | None = None) -> Transactions:
    """The transactions of the running environment; ``prefix`` defaults to where that is."""
    found = Path(sys.prefix) if prefix is None else prefix
    return Transactions(home=found / HOME, prefix=found, roots=roots())


def roots() -> tuple[str, ...]:
    """Real paths of the folders, the prefix aside, below which this environment's own files may lie."""
    schemes = [sysconfig.get_default_scheme()]
    if site.ENABLE_USER_SITE and sys.prefix == sys.base_prefix:
        schemes.append(sysconfig.get_preferred_scheme("user"))
    found = [sysconfig.get_path(key, scheme) for scheme in schemes for key in _KEYS]
    return tuple(sorted({os.path.realpath(each) for each in found}))


_KEYS = ("purelib", "platlib", "scripts", "data")
