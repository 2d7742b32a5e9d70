"""Hashes of files by the names that indexes use, strongest first; no other module ranks them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

SIZES: Mapping[str, int] = {
    "sha512": 64,
    "sha3_512": 64,
    "blake2b": 64,
    "sha384": 48,
    "sha3_384": 48,
    "sha256": 32,
    "sha3_256": 32,
    "blake2b_256": 32,
    "blake2s": 32,
    "sha224": 28,
    "sha3_224": 28,
    "sha1": 20,
    "md5": 16,
}
"""Bytes of a digest by algorithm, strongest first. ``blake2b_256`` is the name of the third hash in the JSON API."""

WEAK = frozenset({"sha1", "md5"})
"""These detect damage, but not tampering: two files with the same digest can be made at will."""

Hashes = tuple[tuple[str, str], ...]
"""(algorithm, hexadecimal digest) in lower case, strongest first."""

_HEX = re.compile(r"[0-9a-f]+")
_RANKS = {name: rank for rank, name in enumerate(SIZES)}


def arrange(pairs: Iterable[tuple[str, object]]) -> Hashes:
    """Return the pairs in lower case, strongest first, each once.

    Unknown algorithms and invalid digests stay in it, last: see ``problem``. So does an algorithm with two digests.
    """
    plain = dict.fromkeys(
        (str(name).strip().lower(), str(value).strip().lower()) for name, value in pairs if value is not None
    )
    return tuple(sorted(plain, key=lambda each: (_RANKS.get(each[0], len(_RANKS)), each)))


def problem(hashes: Hashes) -> str | None:
    """Return why no file could be verified with the hashes, a phrase for display; None if one can, or there are none.

    Unknown algorithms are ignored if there is a known one.
    """
    seen: dict[str, str] = {}
    for name, value in hashes:
        if name in SIZES and (len(value) != 2 * SIZES[name] or not _HEX.fullmatch(value)):
            return f"an invalid {name}"
        if name in SIZES and seen.setdefault(name, value) != value:
            return f"two different {name} hashes"
    if hashes and not seen:
        return f"only a hash of an unknown kind ({hashes[0][0][:20]!r})"
    return None


class Hasher:
    """Several hashes of the same bytes at once."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        """Those of ``SIZES``; others are ignored."""
        self._machines = {name: _machine(name) for name in algorithms if name in SIZES}

    def update(self, data: bytes | memoryview) -> None:
        """Add these bytes."""
        for machine in self._machines.values():
            machine.update(data)

    def differing(self, hashes: Hashes) -> tuple[str, str, str] | None:
        """Return the first algorithm whose digest differs, the expected and the actual digest; else None."""
        found = {name: machine.hexdigest() for name, machine in self._machines.items()}
        wrong = (
            (name, expected, found[name]) for name, expected in hashes if name in found and found[name] != expected
        )
        return next(wrong, None)


def _machine(name: str) -> Any:
    if name == "blake2b_256":
        return hashlib.blake2b(digest_size=32)
    return hashlib.new(name, usedforsecurity=False)  # so that md5 works where FIPS excludes it for signatures
