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

_EXPORT = re.compile(r"([^\[]\S*)\s*=\s*\w+")
"""How distlib finds the name: the first match counts, wherever it begins."""

LARGEST, _LONGEST = 1 << 20, 500
"""Characters of a file, and of one entry point: more than that is none, and would take the pattern above for ever."""

_SEPARATORS = re.compile(r"[/\\\0]")


def entry_points(text: str) -> list[EntryPoint]:
    """All of them. What the parser raises where it gives up is not documented, and different in each version.

    Raises ValueError for more than a mebibyte.
    """
    if len(text) > LARGEST:
        raise ValueError(f"{len(text)} characters")
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


def _is_section(line: str) -> bool:
    return line.startswith("[") and line.endswith("]")


def made_name(name: str, value: str) -> str:
    """The name of the file that pip makes for an entry point; "" where it makes none."""
    if len(name) + len(value) > _LONGEST:
        return ""
    export = _EXPORT.search(f"{name} = {value}")
    return export[1] if export else ""


def script_names(text: str) -> Iterator[str]:
    """The names of the console and GUI scripts of what is installed.

    A line that is no entry point is passed over. A name with a folder in it is none of a script.
    """
    if len(text) > LARGEST:
        return
    lines = [line for line in text.splitlines() if "=" in line or _is_section(line.strip())]
    if len(lines) < 2:  # a section and a line in it
        return
    for each in entry_points("\n".join(lines)):
        name = (made_name(each.name, each.value) or each.name).strip() if each.group in GROUPS else ""
        if name not in ("", ".", "..") and not _SEPARATORS.search(name):
            yield name
