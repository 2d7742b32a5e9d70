"""Counts what the process does to files, for ``--stats``: only then is this imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.models import DiskUse

_IO = Path("/proc/self/io")
"""Linux's counters of a process (proc_pid_io(5)); other systems have no such file."""

_FOLDER = getattr(os, "O_DIRECTORY", 0)


class DiskMeter:
    """Counts from when it is made to the end of the process: Python does not let go of an audit hook (PEP 578).

    The hook sees each file that Python code opens, by whatever module; those that C libraries open by themselves, such
    as SQLite's, it does not see. To open 30,000 files takes 0.05 s longer.
    """

    def __init__(self) -> None:
        self._read: list[None] = []  # appending is atomic in every thread
        self._written: list[None] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            flags = arguments[2]
            if flags & (os.O_WRONLY | os.O_RDWR):
                self._written.append(None)
            elif not flags & _FOLDER:
                self._read.append(None)

    def use(self) -> DiskUse:
        """Return the figures so far; bytes are those of the whole process."""
        told = told_by_system(_IO)
        return DiskUse(
            files_read=len(self._read),
            files_written=len(self._written),
            bytes_read=told.get("read_bytes"),
            bytes_written=told.get("write_bytes"),
        )


def told_by_system(path: Path) -> Mapping[str, int]:
    """Return the numbers in a file of ``name: number`` lines by name; empty if it cannot be read."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return {name: int(number) for name, _, number in (line.partition(":") for line in lines)}
    except (OSError, ValueError):  # no such file, or not for this user: then the system does not say
        return {}
