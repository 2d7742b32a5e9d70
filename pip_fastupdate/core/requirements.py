"""Requirements of distributions (PEP 508), parsed once each and evaluated for this interpreter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from .names import normalize

__all__ = ["Dependency", "InvalidRequirement", "allows", "is_requirement", "parse"]


_LONG, _TOO_LONG, _DIGITS = 256, 64 * 1024, 128
"""Characters up to which a field is not examined, and its maximum length; digits that no number has."""

_BIG_NUMBER = re.compile(rf"[0-9]{{{_DIGITS}}}")
"""Python refuses to read numbers of 4300 digits: they must not reach a comparison."""

_UNORDERED = re.compile(r"(?:extra|os_name|sys_platform|implementation_name|platform_\w+) *[<>]")
"""Comparisons of texts by their order, which some versions of packaging cannot evaluate."""

_VERSION = re.compile(r"^[0-9]+(?:\.[0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dependency:
    """One ``Requires-Dist`` field, parsed. Equal texts give the identical object."""

    name: str
    """Normalized (PEP 503)."""

    extras: frozenset[str]
    """Normalized names of the requested extras."""

    specifier: str
    """Text of the version specifier; what ``allows`` takes."""

    marker: Marker | None
    url: str | None
    """The URL of a direct reference: ``name @ URL``."""

    text: str
    """The field without its marker, as the author wrote it, for display."""

    def applies(self, extras: frozenset[str]) -> bool:
        """Return whether its marker is true for this interpreter with any of ``extras`` requested."""
        return self.marker is None or _holds(self, "") or any(_holds(self, extra) for extra in extras)


@cache
def parse(text: str) -> Dependency:
    """Return the parsed field. Raises InvalidRequirement if it does not follow PEP 508, or is excessively long."""
    if len(text) > _LONG and (len(text) > _TOO_LONG or _BIG_NUMBER.search(text)):
        raise InvalidRequirement(f"it is {len(text)} characters long, or has a number of {_DIGITS} digits or more")
    try:
        requirement = Requirement(text)
    except RecursionError:
        raise InvalidRequirement("its marker is nested too deeply") from None
    parsed = _dependency(requirement, text)
    marker = text.partition(";")[2]
    if parsed.marker is not None and (not _looks_right(marker) or _UNORDERED.search(marker)):
        _check_marker(parsed)
    return parsed


def _check_marker(dependency: Dependency) -> None:
    """Raise InvalidRequirement for a marker with an impossible comparison, which would fail later."""
    try:
        _holds(dependency, "")
    except (ValueError, KeyError) as error:  # KeyError: packaging before 26.1, for an unknown variable
        raise InvalidRequirement(f"its marker cannot be evaluated: {error}") from None


def _dependency(requirement: Requirement, text: str) -> Dependency:
    return Dependency(
        name=normalize(requirement.name),
        extras=frozenset(normalize(extra) for extra in requirement.extras),
        specifier=str(requirement.specifier),
        marker=requirement.marker,
        url=requirement.url,
        text=text.partition(";")[0].strip(),
    )


@cache
def allows(specifier: str, version: Version) -> bool:
    """Return whether the specifier allows the version; pre-releases are allowed, as in ``pip check``."""
    return not specifier or _specifier(specifier).contains(version, prereleases=True)


@cache
def bounds(specifier: str) -> tuple[tuple[str, Version], ...] | None:
    """Return the specifier as (operator, version) pairs if these can be taken literally; else None.

    Literally for versions that are not pre-, post-, dev- or local releases (PEP 440).
    """
    found = []
    for each in _specifier(specifier) if specifier else ():
        if each.operator in {"~=", "==="} or "*" in each.version or "+" in each.version:
            return None
        found.append((each.operator, Version(each.version)))
    return tuple(found)


@cache
def names_prerelease(specifier: str) -> bool:
    """Return whether the specifier itself names a pre-release, which may then be chosen (PEP 440)."""
    try:
        return bool(specifier) and bool(_specifier(specifier).prereleases)
    except InvalidVersion:  # what follows === need not be a version
        return False


@cache
def _specifier(text: str) -> SpecifierSet:
    return SpecifierSet(text)


@cache
def _environment() -> dict[str, str]:
    return {key: str(value) for key, value in default_environment().items()}


@cache
def _plain_environment() -> dict[str, str]:
    """Return the environment with values cut to the version at their start: ``6.8.0-41-generic`` is 6.8.0."""
    names = ("platform_release", "platform_version", "implementation_version", "python_full_version")
    found = _environment()
    return {**found, **{name: "".join(_VERSION.findall(found[name])[:1]) or "0" for name in names}}


@cache
def _holds(dependency: Dependency, extra: str) -> bool:
    if dependency.marker is None:
        return True
    try:
        return dependency.marker.evaluate({**_environment(), "extra": extra})
    except (ValueError, KeyError):
        return _holds_in_part(dependency.marker._markers, extra)


def _holds_in_part(parts: Sequence[Any], extra: str) -> bool:
    """Evaluate comparison by comparison, and all of them: if one is impossible, then for every extra."""
    found: list[list[bool]] = [[]]
    for part in parts:
        if part == "or":
            found.append([])
        elif isinstance(part, list):
            found[-1].append(_holds_in_part(part, extra))
        elif part != "and":
            found[-1].append(_compares(*[each.serialize() for each in part], extra=extra))
    return any(map(all, found))


def _compares(left: str, operator: str, right: str, *, extra: str) -> bool:
    """Evaluate one comparison. packaging before 26 takes texts for versions, such as the extra "2": those are compared
    as texts. Raises ValueError or KeyError if that means nothing.
    """
    marker = Marker(f"{left} {operator} {right}")
    try:
        return marker.evaluate({**_environment(), "extra": extra})
    except ValueError:
        try:
            return marker.evaluate({**_plain_environment(), "extra": extra})
        except ValueError:
            if operator not in ("==", "!="):
                raise
    known = {**_environment(), "extra": extra}
    one, other = (each[1:-1] if each[0] in "\"'" else known[each] for each in (left, right))
    same = normalize(one) == normalize(other) if "extra" in (left, right) else one == other
    return same == (operator == "==")


_NAME = r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*"
_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_CLAUSE = (
    rf"(?:(?:[<>]=?|[=!]=)\ *{_RELEASE}(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*"
    rf"|[=!]=\ *{_RELEASE}\.\*|~=\ *[0-9]+\.{_RELEASE})"
)
_USUAL = re.compile(
    rf"{_NAME}\ *(?:\[{_NAME}(?:\ *,\ *{_NAME})*\]\ *)?"
    rf"(\()?\ *(?:{_CLAUSE}(?:\ *,\ *(?=[<>=!~])|(?=[\ )]*\Z)))*(?(1)\ *\))\ *"
)
_VARIABLE = (
    r"(?:python(?:_full)?_version|extra|os_name|sys_platform|implementation_name"
    r"|platform_(?:system|machine|python_implementation))"
)
_MARKER = re.compile(
    rf" *(?:([()])|(and|or)(?= )"
    rf"|({_VARIABLE} *(?:[<>]=?|[=!]=|(?: not)? in(?= )) *(?:\"[^\"\\]*\"|'[^'\\]*')))"
)

_LONGEST = 10_000
"""Maximum length in characters of an installed requirement."""


def is_requirement(text: str) -> bool:
    """Return whether ``text`` follows PEP 508, within limits.

    The usual forms are matched by patterns, only the others are parsed.
    """
    if len(text) > _LONGEST or _BIG_NUMBER.search(text):
        return False
    head, semicolon, marker = text.partition(";")
    if _USUAL.fullmatch(head) and (not semicolon or _looks_right(marker)):
        return True
    try:
        parse(text)
    except (InvalidRequirement, RecursionError):  # parentheses may be nested
        return False
    return True


@cache
def _looks_right(marker: str) -> bool:
    """Return whether a marker consists of comparisons in the usual form, ``and``, ``or`` and balanced parentheses."""
    depth, position, after_test = 0, 0, False
    marker = marker.rstrip()
    while position < len(marker):
        token = _MARKER.match(marker, position)
        if token is None or (token[1] == "(" or token[3] is not None) == after_test:
            return False  # a comparison or "(" must not follow a comparison, anything else must
        depth += {"(": 1, ")": -1}.get(token[1] or "", 0)
        if depth < 0:
            return False
        after_test = token[1] == ")" or token[3] is not None
        position = token.end()
    return after_test and depth == 0
