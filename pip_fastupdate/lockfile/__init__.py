"""A lock file (PEP 751): what an environment holds after a run, by files with their hashes, for other machines.

It is for machines like this one, and says so (``environments`` and ``requires-python``): the versions were chosen,
and the files are those that fit, for this platform and this minor version of Python. Every distribution is in it, or
there is no file at all: one that lacks a package would be wrong without anybody noticing.
"""

from __future__ import annotations

from .draft import Draft
from .lock import RenderedLock, check, render, standard
from .reading import ReadLock, read
from .refused import LockRefused
from .sources import Pinned

__all__ = ["Draft", "LockRefused", "Pinned", "ReadLock", "RenderedLock", "check", "read", "render", "standard"]
