"""The ``--hash`` options of a line in a requirements file, as pip's hash-checking mode has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .rewrite import Edit, Unwritable

_OPTION = re.compile(r"--hash[= \t]\w+:[0-9A-Fa-f]+")
_GAP = re.compile(r"(?:[ \t]|\\\r?\n)+")
"""What may stand between two of them."""

_PIN = re.compile(r"===?[^,*]+")


def is_pin(specifier: str) -> bool:
    """Return whether it allows one version only."""
    return _PIN.fullmatch(specifier) is not None


def with_hashes(text: str, hashes: Sequence[str]) -> Edit:
    """Return the edit that gives the line these hashes (``sha256:0123…``) instead of its own, laid out as those are.

    ``text`` is a logical line with at least one hash. Raises Unwritable.
    """
    found = list(_OPTION.finditer(text))
    gaps = [text[one.end() : other.start()] for one, other in pairwise(found)]
    if not found or not all(map(_GAP.fullmatch, gaps)) or not hashes:
        raise Unwritable("its hashes are not next to each other" if hashes else NO_HASHES)
    gap = gaps[0] if gaps else text[len(text[: found[0].start()].rstrip(" \t\r\n\\")) : found[0].start()]
    return Edit(start=found[0].start(), end=found[-1].end(), new=gap.join(f"--hash={each}" for each in hashes))


NO_HASHES = "the index does not give a sha256 hash of every file of the new version"
