"""What of an index fits this interpreter: its version and the tags of its wheels (PEP 425)."""

from __future__ import annotations

import math
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache

FOREIGN = -1
"""The rank of a wheel that does not fit."""

MALFORMED = -2
"""The rank of an invalid tag."""


class Interpreter:
    """Results are cached: few distinct tags and ``Requires-Python`` texts occur in whole indexes."""

    def __init__(self, python: str, tags: Callable[[], Sequence[str]], signature: str = "") -> None:
        """``python`` is its full version; ``tags`` are ``cp311-cp311-linux_x86_64`` …, best first, computed once.

        ``signature`` stands for both in the keys of the cache; by default it is made from them.
        """
        self.python = python
        self.short = ".".join(python.split(".")[:2])
        self.signature = signature or _hash(python, *tags())
        self._tags = tags
        self._ranks_of_tags: dict[str, int] | None = None
        self._ranks: dict[tuple[str, str, str], int] = {}
        self._runs: dict[str, bool] = {"": True}

    def rank(self, python: str, abi: str, platform: str) -> int:
        """Return the rank of a wheel's best (compressed) tag among those that fit; less is better.

        FOREIGN if none fits, MALFORMED if they are not tags.
        """
        key = (python, abi, platform)
        rank = self._ranks.get(key)
        if rank is None:
            rank = self._ranks[key] = self._rank(*key)
        return rank

    def _rank(self, python: str, abi: str, platform: str) -> int:
        fields = [field.lower().split(".") for field in (python, abi, platform)]
        if any("" in field for field in fields) or not all(each.isidentifier() for each in fields[0]):
            return MALFORMED
        if self._ranks_of_tags is None:
            self._ranks_of_tags = {tag: rank for rank, tag in reversed(list(enumerate(self._tags())))}
        known = self._ranks_of_tags
        tags: Iterable[str] = (
            f"{each}-{other}-{last}" for each in fields[0] for other in fields[1] for last in fields[2]
        )
        if math.prod(map(len, fields)) > len(known):  # a name of a few kilobytes can stand for millions of tags
            sets = [frozenset(field) for field in fields]
            tags = (
                tag for tag in known if all(part in held for part, held in zip(tag.split("-", 2), sets, strict=True))
            )
        return min((known[tag] for tag in tags if tag in known), default=FOREIGN)

    def runs(self, requires_python: str | None) -> bool:
        """Return whether ``Requires-Python`` allows it; an invalid specifier excludes nothing, as in pip."""
        runs = self._runs.get(requires_python or "")
        if runs is None:
            runs = self._runs[requires_python or ""] = _admits(requires_python or "", self.python)
        return runs


def _admits(specifier: str, python: str) -> bool:
    from packaging.specifiers import SpecifierSet

    try:
        return SpecifierSet(specifier).contains(python)
    except ValueError:  # InvalidSpecifier, or a number with more digits than an int may have
        return True


@cache
def this() -> Interpreter:
    """Return the running interpreter."""
    python = ".".join(map(str, sys.version_info[:3]))
    return Interpreter(python, _tags, _signature())


@cache
def _tags() -> tuple[str, ...]:
    from packaging.tags import sys_tags  # 25 ms: not before a file name has to be judged

    return tuple(map(str, sys_tags()))


def _signature() -> str:
    """Return a cheap stand-in for the tags: whatever they are derived from.

    Not the version of packaging, which derives them: a new one has the same tags, except sometimes for a new platform,
    and then pages are requested again within the TTL. Otherwise an update of packaging would make all responses stale.
    musl's version is not available cheaply, so there the tags themselves are used.
    """
    multiarch = str(getattr(sys.implementation, "_multiarch", ""))
    return _hash(
        sys.version,
        sys.implementation.name,
        sys.platform,
        str(sys.maxsize),
        getattr(sys, "abiflags", ""),
        multiarch,
        *_libc(),
        *(_tags() if "musl" in multiarch else ()),
    )


def _libc() -> tuple[str, ...]:
    if not hasattr(os, "uname"):
        return ()
    uname = os.uname()
    kernel = uname.release if sys.platform == "darwin" else ""  # rises with the version of macOS
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        libc = ""
    return (uname.machine, kernel, libc, os.environ.get("_PYTHON_HOST_PLATFORM", ""))


def _hash(*parts: str) -> str:
    return f"{zlib.crc32(chr(0).join(parts).encode()):08x}"
