"""Names of projects."""

from __future__ import annotations

import re
from functools import cache

_RUNS = re.compile(r"[-_.]+")

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""A project's name as it may be written (Core Metadata, "Name"), in ASCII of either case."""


@cache
def normalize(name: str) -> str:
    """Return a project's name, normalized (PEP 503), as ``packaging.utils.canonicalize_name`` does, but cached.

    Needs only the standard library: undoing an update uses it, too.
    """
    return _RUNS.sub("-", name).lower()
