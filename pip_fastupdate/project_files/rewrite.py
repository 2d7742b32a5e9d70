"""New versions in the text of a requirement; only versions that no longer hold are changed.

The result for each operator follows ``uv upgrade``:

===========  =============  ===============================================
before       after          the new version, 2.3.1, ...
===========  =============  ===============================================
``==1.0``    ``==2.3.1``    unchanged; ``<=`` and ``===`` likewise
``~=1.0``    ``~=2.3``      to as many parts as before
``==1.*``    ``==2.*``      likewise
``<2``       ``<3``         likewise, and the last part that is not 0 plus 1
``>=1``      ``>=1``        unless lower bounds are requested: ``>=2.3.1``
===========  =============  ===============================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

_CLAUSE = re.compile(r"(===|~=|==|!=|<=|>=|<|>)([ \t]*)([^\s,;()\\#\"']+)")
_HEAD = re.compile(r"\s*[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[^\]]*\])?\s*\(?")

UPPER = frozenset({"==", "===", "~=", "<", "<="})
"""Operators that exclude newer versions."""


class Unwritable(Exception):
    """Why a requirement cannot be rewritten: a phrase for display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Characters ``start`` to ``end`` of a text become ``new``."""

    start: int
    end: int
    new: str


def edited(text: str, edits: tuple[Edit, ...]) -> str:
    """Return the text with all of the edits applied. Raises ValueError if they overlap."""
    begun = len(text)
    for each in sorted(edits, key=lambda edit: edit.start, reverse=True):
        if each.end > begun:
            raise ValueError(f"two edits at {each.start}")
        begun = each.start
        text = text[: each.start] + each.new + text[each.end :]
    return text


def relaxed(specifier: str) -> str:
    """Return the part of a specifier that stays when it is rewritten: the lower bounds and the exclusions."""
    found = []
    for operator, _, version in _CLAUSE.findall(specifier):
        if operator in ("==", "~=", "==="):
            found.append(_lower_bound(operator, version))
        elif operator not in UPPER:
            found.append(f"{operator}{version}")
    return ",".join(found)


def _lower_bound(operator: str, version: str) -> str:
    """Return what stays of a pin; all of it if it is not a version, which cannot be rewritten."""
    try:
        return f">={Version(version.removesuffix('.*')).public}"  # a local label is allowed after == only (PEP 440)
    except ValueError:
        return f"{operator}{version}"


def moved(text: str, target: Version, *, lower_bounds: bool = False) -> tuple[Edit, ...]:
    """Return the edits that make the requirement in ``text`` allow ``target``; none if it already does.

    ``text`` is a requirement (PEP 508) from a file; what follows its version specifier is ignored. With
    ``lower_bounds`` they are raised to ``target``. Raises Unwritable.
    """
    head = _HEAD.match(text)
    if head is None:
        raise Unwritable("not a version requirement")
    edits = tuple(_edits(text, head.end(), target, lower_bounds))
    after = edited(text, edits)
    specifier = ",".join(operator + version for operator, _, version in _clauses(after, head.end()))
    try:
        admitted = SpecifierSet(specifier).contains(target, prereleases=True)
    except ValueError:  # it is not, or has a number too long for Python
        raise Unwritable(f"{specifier!r} is not a version specifier") from None
    if not admitted:
        raise Unwritable(f"{specifier} does not allow {target}")
    return edits


def _clauses(text: str, start: int) -> Iterator[tuple[str, str, str]]:
    return ((match[1], match[2], match[3]) for match in _matches(text, start))


def _matches(text: str, start: int) -> Iterator[re.Match[str]]:
    """Yield the clauses of the specifier at ``start``, separated by commas, spaces or line continuations."""
    position = start
    while match := _CLAUSE.match(text, position):
        yield match
        further = re.compile(r"(?:\s|\\\r?\n)*,(?:\s|\\\r?\n)*").match(text, match.end())
        if further is None:
            return
        position = further.end()


def _edits(text: str, start: int, target: Version, lower_bounds: bool) -> Iterator[Edit]:
    for match in _matches(text, start):
        new = _version(match[1], match[3], target, lower_bounds)
        if new != match[3]:
            yield Edit(start=match.start(3), end=match.end(3), new=new)


def _version(operator: str, text: str, target: Version, lower_bounds: bool) -> str:
    """Return the new version for an operator. Raises Unwritable."""
    wildcard = text.endswith(".*")
    try:
        version = Version(text.removesuffix(".*"))
    except ValueError:  # not a version, or a number too long for Python
        if operator == "===":
            raise Unwritable(f"==={text} is not a comparable version") from None
        raise Unwritable(f"{text} is not a version") from None
    if operator == ">=" and lower_bounds and target > version:
        return _public(target, version)
    if operator not in UPPER or _admits(operator, text, target):
        return text
    if operator != "<" and target < version:
        return text  # versions are never lowered: the caller decides what this means
    if operator in ("==", "===", "<=") and not wildcard:
        return _public(target, version)
    parts = len(version.release)
    if operator == "<":
        return _above(version, target)
    release = ".".join(str(part) for part in _padded(target.release, parts)[:parts])
    return f"{_epoch(target)}{release}{'.*' if wildcard else ''}"


def _admits(operator: str, text: str, target: Version) -> bool:
    try:
        return SpecifierSet(operator + text).contains(target, prereleases=True)
    except ValueError:
        return False


def _public(target: Version, former: Version) -> str:
    """Return the version as a pin has it: with a local part only if it had one before."""
    return str(target) if former.local else target.public


def _above(bound: Version, target: Version) -> str:
    """Return the next upper bound above ``target``, as precise as the former one: ``<2.0`` becomes ``<3.0``."""
    parts = len(bound.release)
    significant = max((index + 1 for index, part in enumerate(bound.release) if part), default=1)
    release = list(_padded(target.release, significant)[:significant])
    release[-1] += 1
    return _epoch(target) + ".".join(str(part) for part in _padded(tuple(release), parts))


def _padded(release: tuple[int, ...], parts: int) -> tuple[int, ...]:
    return release + (0,) * (parts - len(release))


def _epoch(version: Version) -> str:
    return f"{version.epoch}!" if version.epoch else ""
