"""The commands that ``entry_points.txt`` of a wheel asks for, as pip's installer makes them.

pip hands what the standard library's parser finds to distlib, which searches a name and a function in it and makes a
file of that name. Both are followed here step by step; a section that versions of the parser read differently is
refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..core.entry_points import GROUPS, entry_points, made_name
from ..core.models import Reason
from .entry_names import Refused, about, fault, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_CALLABLE = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*(\s*\[[^\]]*\])?")


def commands(text: str, *, windows: bool) -> frozenset[str]:
    """The names of the commands, console and graphical. Raises Refused for one that is no plain file name.

    ``windows`` refuses also what only Windows cannot store.
    """
    found = {(each.group, each.name, each.value) for each in _entry_points(text)}
    asked = {(name, value) for group, name, value in found if group in GROUPS}
    odd = sorted(group for group, _, _ in found if group not in GROUPS and group.strip("[] \t").casefold() in GROUPS)
    if odd:  # pip on Python 3.10 strips one pair of brackets and blanks, later ones all brackets
        text = f"entry_points.txt has a section {shown(odd[0])}, which not everybody reads alike"
        raise Refused(Reason(kind="entry-point", text=text))
    return frozenset(_command(name, value, windows) for name, value in asked)


def _entry_points(text: str) -> list[EntryPoint]:
    """All of them. Raises Refused where the parser gives up, as pip does then."""
    try:
        return entry_points(text)
    except Exception as error:  # not documented, and different in each version
        reason = Reason(kind="entry-point", text=f"entry_points.txt cannot be read: {type(error).__name__}: {error}")
        raise Refused(reason) from None


def _command(name: str, value: str, windows: bool) -> str:
    """The command's name, which becomes a file's name; ``value`` becomes code in that file. Raises Refused."""
    made = made_name(name, value)
    odd = name.startswith(";") or not name.isprintable() or set(made) & set('/=:*?"<>|')
    if odd or fault(made.strip(), windows=windows):
        raise Refused(about("entry-point", "the entry point {} is no file name for a command", name))
    if not _CALLABLE.fullmatch(value):
        raise Refused(about("entry-point", f"the entry point {{}} names no function: {shown(value)}", name))
    return made
