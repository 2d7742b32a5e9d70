"""The commands that ``entry_points.txt`` of a wheel declares, as pip's installer creates them.

pip passes the result of the standard library's parser to distlib, which searches it for a name and a function and
creates a file of that name. Both are followed here step by step; a section that versions of the parser read differently
is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..core.entry_points import GROUPS, entry_points, is_read_alike, made_name
from ..core.models import Reason
from .entry_names import name_fault
from .refusal import Refused, about, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_CALLABLE = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*(\s*\[[^\]]*\])?")


def commands(text: str, *, windows: bool) -> frozenset[str]:
    """Return the names of the commands, console and graphical. Raises Refused for one that is not a plain file name.

    ``windows`` also refuses what only Windows cannot store.
    """
    found = {(each.group, each.name, each.value) for each in _entry_points(text)}
    asked = {(name, value) for group, name, value in found if group in GROUPS}
    odd = sorted(group for group, _, _ in found if group not in GROUPS and group.strip("[] \t").casefold() in GROUPS)
    if odd:  # pip on Python 3.10 strips one pair of brackets and blanks, later ones all brackets
        text = f"entry_points.txt has a section {shown(odd[0])}, which tools read differently"
        raise Refused(Reason(kind="entry-point", text=text))
    return frozenset(_command(name, value, windows) for name, value in asked)


def _entry_points(text: str) -> list[EntryPoint]:
    """Return all entry points. Raises Refused if the parser fails, as it would in pip."""
    try:
        return entry_points(text)
    except Exception as error:  # not documented, and different in each version
        reason = Reason(kind="entry-point", text=f"could not read entry_points.txt: {type(error).__name__}: {error}")
        raise Refused(reason) from None


def _command(name: str, value: str, windows: bool) -> str:
    """Return the command's name, which becomes a file's name; ``value`` becomes code in that file. Raises Refused."""
    made = made_name(name, value)
    odd = name.startswith(";") or not name.isprintable() or set(made) & set('/=:*?"<>|')
    if odd or not is_read_alike(name, value) or name_fault(made.strip(), windows=windows):
        raise Refused(about("entry-point", "entry point {} is not a valid command name", name))
    if not _CALLABLE.fullmatch(value):
        raise Refused(about("entry-point", f"the entry point {{}} names no function: {shown(value)}", name))
    return made
