"""What ``entry_points.txt`` declares, read as pip reads it, with the standard library's parser; no other module does.

``wheels.entry_points`` decides what a wheel may declare; this module also reads installed distributions, for which
everything readable counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

GROUPS = ("console_scripts", "gui_scripts")
"""Groups for which pip creates commands."""

_EXPORT = re.compile(r"([^\[]\S*)\s*=\s*\w+")
"""How distlib finds the name: the first match counts, wherever it begins."""

_FORMER = re.compile(r"((?:\w|[-.+])+)\s*=\s*\w+")
"""The same in pip before 24.1."""

LARGEST, _LONGEST = 1 << 20, 500
"""Characters of a file, and of one entry point: longer ones are invalid, and too slow for the pattern above."""

_SEPARATORS = re.compile(r"[/\\\0]")


def entry_points(text: str) -> list[EntryPoint]:
    """Return all entry points. The parser's exceptions are not documented, and different in each version.

    Raises ValueError for more than a mebibyte.
    """
    if len(text) > LARGEST:
        raise ValueError(f"{len(text)} characters long")
    return list(_reader()(text).entry_points)


@cache
def _reader() -> Callable[[str], Distribution]:
    from importlib.metadata import Distribution  # slow, and most distributions have no commands
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
    """Return the name of the file that pip creates for an entry point; "" if it creates none."""
    if len(name) + len(value) > _LONGEST:
        return ""
    export = _EXPORT.search(f"{name} = {value}")
    return export[1] if export else ""


def is_read_alike(name: str, value: str) -> bool:
    """Return whether each version of pip creates the same file for an entry point."""
    made, former = made_name(name, value), _FORMER.search(f"{name} = {value}"[: 2 * _LONGEST])
    return former is None or former[1] == made.strip()


def script_names(text: str) -> Iterator[str]:
    """Return the names of the console and GUI scripts of an installed distribution.

    Invalid lines are skipped. A name with a directory in it is not a script's.
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
