"""The requirements in a pyproject.toml: PEP 621 dependencies and optional ones, PEP 735 groups.

The file is only parsed, never serialized: a new requirement replaces the characters of the old one, at the position
where one more character makes the parser see that one string changed. So comments, order, quotes and line endings stay,
in any version of TOML that the parser supports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.names import normalize
from .rewrite import Edit, Unwritable, edited

Loads = Callable[[str], Mapping[str, Any]]
"""A TOML parser, such as ``tomllib.loads``."""

Path = tuple[str | int, ...]

MOST, DEEPEST = 10_000, 100
"""Maximum number of requirements and includes of a group, and depth of includes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One requirement and its position."""

    path: Path
    """Keys and indexes from the root of the document."""

    text: str

    @property
    def table(self) -> str:
        """The array it is in, for display: ``project.optional-dependencies.dev``."""
        return ".".join(str(key) for key in self.path[:-1])


class GroupError(Exception):
    """A missing dependency group, or one that does not follow PEP 735: a phrase for display."""


def declared(document: Mapping[str, Any]) -> tuple[Declared, ...]:
    """Return all requirements that are strings, in the order of the file."""
    project = document.get("project")
    project = project if isinstance(project, dict) else {}
    found = list(_strings(("project", "dependencies"), project.get("dependencies")))
    for root, tables in (
        (("project", "optional-dependencies"), project.get("optional-dependencies")),
        (("dependency-groups",), document.get("dependency-groups")),
    ):
        for name, value in tables.items() if isinstance(tables, dict) else ():
            found += _strings((*root, name), value)
    return tuple(found)


def _strings(path: Path, value: object) -> Iterator[Declared]:
    for index, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, str):
            yield Declared(path=(*path, index), text=each)


def group(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group (PEP 735), with those of included groups in place.

    Raises GroupError.
    """
    groups = document.get("dependency-groups")
    known: dict[str, object] = {}
    for key, value in groups.items() if isinstance(groups, dict) else ():
        if known.setdefault(normalize(key), value) is not value:
            raise GroupError(f"two dependency groups have the name {normalize(key)}")
    found: list[str] = []
    for number, each in enumerate(_members(known, name, ()), 1):
        found += [] if each is None else [each]
        if number > MOST:
            raise GroupError(f"dependency group {name} has more than {MOST} requirements and includes")
    return tuple(found)


def _members(groups: Mapping[str, object], name: str, above: Sequence[str]) -> Iterator[str | None]:
    """Yield the requirements of a group, and None for each include, which may be of an empty group."""
    wanted = normalize(name)
    if len(above) > DEEPEST:
        raise GroupError(f"dependency group {name} is included by more than {DEEPEST} others, one by the other")
    if wanted in above:
        raise GroupError(f"dependency group {name} includes itself")
    if wanted not in groups:
        known = ", ".join(sorted(groups)) or "none"
        raise GroupError(f"no dependency group {name} (available: {known})")
    members = groups[wanted]
    if not isinstance(members, list):
        raise GroupError(f"dependency group {name} is not a list")
    for each in members:
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict) and list(each) == ["include-group"] and isinstance(each["include-group"], str):
            yield None
            yield from _members(groups, each["include-group"], (*above, wanted))
        else:
            raise GroupError(f"dependency group {name} has {each!r}, which is neither a requirement nor an include")


_IGNORED = re.compile(r"#\s*pip-update:\s*ignore\b")


def why_fixed(text: str, loads: Loads, where: Declared) -> str | None:
    """Return why a requirement must not be rewritten, a phrase; None if it may be."""
    start = _position(text, loads, where)
    if start is None:
        return "it contains escape sequences"
    rest = text[start + len(where.text) :].partition("\n")[0]
    return "its line says pip-update: ignore" if _IGNORED.search(rest) else None


def replaced(text: str, loads: Loads, where: Declared, edits: tuple[Edit, ...]) -> str:
    """Return the document with the edits applied to one requirement. Raises Unwritable if it is not written
    literally.
    """
    if not edits:
        return text
    position = _position(text, loads, where)
    if position is None:
        raise Unwritable("contains escape sequences")
    return edited(
        text, tuple(Edit(start=each.start + position, end=each.end + position, new=each.new) for each in edits)
    )


def _position(text: str, loads: Loads, where: Declared) -> int | None:
    """Return the position of the requirement: a character added there is added to it, and to nothing else."""
    wanted = _with(loads(text), where.path, f"{_PROBE}{where.text}")
    position = text.find(where.text)
    while position >= 0:
        if _parses_to(loads, f"{text[:position]}{_PROBE}{text[position:]}", wanted):
            return position
        position = text.find(where.text, position + 1)
    return None


_PROBE = "x"


def _parses_to(loads: Loads, text: str, wanted: object) -> bool:
    try:
        return loads(text) == wanted
    except ValueError:
        return False


def _with(value: Any, path: Path, new: str) -> Any:
    """Return a copy of the document with another string at ``path``."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_with(each, rest, new) if index == first else each for index, each in enumerate(value)]
    return {key: _with(each, rest, new) if key == first else each for key, each in value.items()}
