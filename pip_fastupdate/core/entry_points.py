"""Commands that ``entry_points.txt`` names, where it is installed already."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEPARATORS = re.compile(r"[/\\\0]")


def script_names(text: str) -> Iterator[str]:
    """The names of the console and GUI scripts.

    Sections are read as ``importlib.metadata`` and so pip does. A name with a folder in it is none of a script.
    """
    wanted = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            wanted = line.strip("[]") in ("console_scripts", "gui_scripts")
        elif wanted and "=" in line and not line.startswith(("#", ";")):
            name = line.partition("=")[0].strip()
            if name not in ("", ".", "..") and not _SEPARATORS.search(name):
                yield name
