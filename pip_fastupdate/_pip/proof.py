"""The second lock on the door between a wheel and the file system: nothing is staged anywhere but below its root.

The first is the inspection of the wheel (package ``wheels``). pip is kept from making commands with paths for names
(``patches``), and here what it says it has written is gone through once more.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

OWN_FOLDER = ".pip-fastupdate"
"""Below the environment's prefix: what lies there is obeyed by recovery and undo."""


def escaped(root: Path, info: Path, data: Path) -> str | None:
    """What of a staged wheel is not below ``root``, or would reach the program's own folder; None where all is well.

    ``info`` is its staged ``.dist-info``, ``data`` where the environment's own folder is staged.
    """
    return _outside(str(root), info) or _reaching(data, Path(sys.prefix, OWN_FOLDER), root)


def _outside(root: str, info: Path) -> str | None:
    """The first file in RECORD that lies elsewhere. Names without ``..`` cannot, and are most."""
    folder = str(info.parent)
    lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    for row in csv.reader(line for line in lines if ".." in line or line[:1] in '/\\"' or line[1:2] == ":"):
        path = os.path.normpath(os.path.join(folder, row[0])) if row else ""  # noqa: PTH118 - pathlib keeps ".."
        if row and not path.startswith(root + os.sep):
            return path
    return None


def _reaching(data: Path, own: Path, root: Path) -> str | None:
    """The first file or folder of the environment's top that is, by a link, the program's own folder."""
    try:
        names = os.listdir(data)  # noqa: PTH208 - names are wanted
    except FileNotFoundError:
        return None
    live, closed = Path(Path(sys.prefix).anchor, data.relative_to(root)), os.path.realpath(own)
    for name in names:
        real = os.path.realpath(live / name)
        if real == closed or real.startswith(closed + os.sep):
            return real
    return None
