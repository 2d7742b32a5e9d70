"""Names of projects."""

from __future__ import annotations

import re
from functools import cache

_RUNS = re.compile(r"[-_.]+")


@cache
def normalize(name: str) -> str:
    """A project's name, normalized (PEP 503), as ``packaging.utils.canonicalize_name`` has it, but remembered.

    The standard library alone is needed: undoing an update asks for it too.
    """
    return _RUNS.sub("-", name).lower()
