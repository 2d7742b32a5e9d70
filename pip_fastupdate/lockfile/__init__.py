"""A lock file (PEP 751): the content of an environment after a run, with hashes, for other machines.

It is for machines like this one, and says so (``environments`` and ``requires-python``): the versions and files were
chosen for this platform and this minor version of Python. Every distribution is in it, or there is no file at all:
nobody would notice that a package is missing.
"""

from __future__ import annotations

from .draft import Draft
from .lock import RenderedLock, check, render, standard
from .reading import ReadLock, read
from .refused import LockRefused
from .sources import Pinned

__all__ = ["Draft", "LockRefused", "Pinned", "ReadLock", "RenderedLock", "check", "read", "render", "standard"]
