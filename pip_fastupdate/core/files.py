"""What the operating system is asked about files and folders, in more than one place."""

from __future__ import annotations

import os
import stat


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it; ``os.write`` may stop after a part. Raises OSError when the disk does not take it."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def leads_elsewhere(found: os.stat_result) -> bool:
    """Whether what ``os.lstat`` has found is a link, or, on Windows, a junction, which looks like a folder there."""
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _MOUNT_POINT


_MOUNT_POINT = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT."""


def working_folder() -> str:
    """The current folder; "" when it has been removed meanwhile."""
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text, as pip does
    except FileNotFoundError:
        return ""
