"""Names of wheels and sdists, and the order of versions, parsed fast: popular projects list thousands of files."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from packaging.version import InvalidVersion, Version

from ..core.names import normalize

OrderKey = tuple[int, tuple[int, ...], tuple[str, int], int, float, tuple[tuple[int, int, str], ...]]
"""Sorts like the version it was made from (PEP 440)."""

Build = tuple[()] | tuple[int, str]
"""The build tag of a wheel; ``()`` without one, which sorts first."""

SDIST_ENDINGS = (
    *(".tar.gz", ".zip", ".tgz", ".tar", ".tar.bz2", ".tbz"),
    *(".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"),
)
"""What pip unpacks besides wheels."""

LONGEST = 1024
"""Maximum length of a file name in characters; file systems allow 255 bytes."""

_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII).fullmatch
_PROJECT = re.compile(r"[\w._]+", re.UNICODE).fullmatch
_BUILD = re.compile(r"(\d+)(.*)", re.ASCII).fullmatch
_FOR_PYTHON = re.compile(r"-py([123]\.?[0-9]?)$")
_FINAL = ("z", 0)
_NEVER = float("inf")


@cache
def version_of(text: str) -> Version:
    """Return the parsed version, cached. Raises InvalidVersion."""
    try:
        return Version(text)
    except InvalidVersion:
        raise
    except ValueError:  # more digits than an int may have
        raise InvalidVersion(f"Invalid version: {text[:50]!r}...") from None


@lru_cache(maxsize=1 << 13)
def order_key(text: str) -> OrderKey | None:
    """Return the sort key of version ``text``; None if PEP 440 does not allow it.

    Most versions are numbers and dots only: those are not worth ``Version``'s regular expression (confirming 1000 stale
    responses takes 1.12 s of processor time, 1.18 s with it). Projects share many of them.
    """
    try:
        if _PLAIN(text):
            return (0, _trimmed(tuple(map(int, text.split(".")))), _FINAL, -1, _NEVER, ())
        return _full_key(version_of(text))
    except ValueError:  # InvalidVersion, or more digits than an int may have
        return None


def is_final(key: OrderKey) -> bool:
    """Return whether the version is neither a pre-release nor a development release."""
    return key[2] == _FINAL and key[4] == _NEVER


def _trimmed(release: tuple[int, ...]) -> tuple[int, ...]:
    end = len(release)
    while end and release[end - 1] == 0:
        end -= 1
    return release[:end]


def _full_key(version: Version) -> OrderKey:
    pre = version.pre or _FINAL
    if version.pre is None and version.post is None and version.dev is not None:
        pre = ("", 0)  # 1.0.dev1 comes before 1.0a1
    post = -1 if version.post is None else version.post
    dev = _NEVER if version.dev is None else version.dev
    return (version.epoch, _trimmed(version.release), pre, post, dev, _local_key(version.local))


def _local_key(local: str | None) -> tuple[tuple[int, int, str], ...]:
    parts = local.split(".") if local else ()
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


@lru_cache(maxsize=4096)
def wheel_project(escaped: str) -> str | None:
    """Return the normalized project name at the start of a wheel's file name; None if it is malformed."""
    if len(escaped) > LONGEST or "__" in escaped or _PROJECT(escaped) is None:
        return None
    return normalize(escaped)


def build_tag(text: str) -> Build | None:
    """Return the build tag in its sortable form; None if it does not begin with a digit."""
    match = _BUILD(text) if len(text) <= LONGEST else None
    return (int(match[1]), match[2]) if match else None


def sdist_version(filename: str, project: str, python: str) -> str | None:
    """Return the version in the name of an sdist of ``project`` (normalized), as pip finds it; None if there is none.

    ``python`` is ``3.11``: a name ending in ``-py2.7`` is for another one.
    """
    if len(filename) > LONGEST:
        return None
    ending = next((each for each in SDIST_ENDINGS if filename.endswith(each)), None)
    if ending is None or (ending == ".zip" and "macosx10" in filename):
        return None
    stem = filename[: -len(ending)]
    version = _after_project(stem, project)
    other = _FOR_PYTHON.search(version) if version else None
    if version and other:
        return version[: other.start()] if other[1] == python else None
    return version


def _after_project(stem: str, project: str) -> str | None:
    """Split at the first dash that leaves the right name before it: names and versions may both contain dashes."""
    at = stem.find("-")
    while at >= 0:
        if normalize(stem[:at]) == project:
            return stem[at + 1 :] or None
        at = stem.find("-", at + 1)
    return None


__all__ = [
    "SDIST_ENDINGS",
    "Build",
    "InvalidVersion",
    "OrderKey",
    "build_tag",
    "is_final",
    "order_key",
    "sdist_version",
    "version_of",
    "wheel_project",
]
