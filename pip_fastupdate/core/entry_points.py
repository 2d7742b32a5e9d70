"""What ``entry_points.txt`` names, read as pip reads it: by the standard library's parser, and nowhere else.

What a wheel may ask for is decided in ``wheels.entry_points``; here is also what an installed distribution has asked
for, of which whatever can be read counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

GROUPS = ("console_scripts", "gui_scripts")
"""Of which pip makes commands."""

_SEPARATORS = re.compile(r"[/\\\0]")


def entry_points(text: str) -> list[EntryPoint]:
    """All of them. What the parser raises where it gives up is not documented, and different in each version."""
    return list(_reader()(text).entry_points)


@cache
def _reader() -> Callable[[str], Distribution]:
    from importlib.metadata import Distribution  # takes a while, and most distributions have no commands
    from pathlib import Path

    class Text(Distribution):
        """A distribution that has nothing but this text."""

        def __init__(self, text: str) -> None:
            self._text = text

        def read_text(self, filename: str) -> str | None:
            return self._text

        def locate_file(self, path: object) -> Path:
            return Path(str(path))

    return Text


def script_names(text: str) -> Iterator[str]:
    """The names of the console and GUI scripts of what is installed.

    A line that is no entry point is passed over. A name with a folder in it is none of a script.
    """
    lines = [line for line in text.splitlines() if "=" in line or line.strip().startswith("[")]
    if not any("=" in line for line in lines):
        return
    for each in entry_points("\n".join(lines)):
        if each.group in GROUPS and each.name not in ("", ".", "..") and not _SEPARATORS.search(each.name):
            yield each.name
