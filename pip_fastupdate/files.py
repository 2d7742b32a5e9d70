"""Writing to files by their descriptors."""

from __future__ import annotations

import os


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it; ``os.write`` may stop after a part. Raises OSError when the disk does not take it."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
