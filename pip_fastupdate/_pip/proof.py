"""The second safeguard between a wheel and the file system: nothing is staged outside its root.

The first is the inspection of the wheel (package ``wheels``). pip is kept from creating commands with paths as names
(``patches``), and everything it reports as written is checked here once more.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

OWN_FOLDER = ".pip-fastupdate"
"""Below the environment's prefix: recovery and undo obey its content."""


def escaped(root: Path, info: Path, data: Path, live: Path) -> str | None:
    """Return what of a staged wheel is not below ``root``, or would reach the program's own directory; None if nothing.

    ``info`` is its staged ``.dist-info``, ``data`` where ``live``, the environment's own directory, is staged.
    """
    return _outside(str(root), info) or _reaching(data, live, Path(sys.prefix, OWN_FOLDER))


def _outside(root: str, info: Path) -> str | None:
    """Return the first file in RECORD outside. Names without ``..`` cannot be, and most are such."""
    folder = str(info.parent)
    lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    for row in csv.reader(line for line in lines if ".." in line or line[:1] in '/\\"' or line[1:2] == ":"):
        path = os.path.normpath(os.path.join(folder, row[0])) if row else ""  # noqa: PTH118 - pathlib keeps ".."
        if row and not path.startswith(root + os.sep):
            return path
    return None


def _reaching(data: Path, live: Path, own: Path) -> str | None:
    """Return the first entry at the environment's top that is, by a link, the program's own directory."""
    try:
        names = os.listdir(data)  # noqa: PTH208 - names are wanted
    except FileNotFoundError:
        return None
    closed = os.path.realpath(own)
    for name in names:
        real = os.path.realpath(live / name)
        if real == closed or real.startswith(closed + os.sep):
            return real
    return None
