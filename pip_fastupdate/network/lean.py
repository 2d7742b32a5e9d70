"""requests-cache without the databases and formats that it would import if they happen to be installed.

Some, such as boto3, take half a second; and what is in the environment of the user may be old or broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

OPTIONAL = ("boto3", "bson", "gridfs", "itsdangerous", "orjson", "pymongo", "redis", "ujson", "yaml")
"""Top-level modules that requests-cache imports where it can, and does without otherwise."""


@contextmanager
def lean() -> Iterator[None]:
    """Inside, importing one of ``OPTIONAL`` fails unless that has happened before. Not for several threads."""
    hidden = [name for name in OPTIONAL if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # the import system's own way to rule a module out
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]
