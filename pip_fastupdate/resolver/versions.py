"""Sets of a project's versions as masks: a specifier over a thousand versions costs ten comparisons."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

from ..core.requirements import allows, bounds


class Versions:
    """The versions of a package's values."""

    def __init__(self, values: Iterable[tuple[int, Version]]) -> None:
        """``values`` are the positions of versions, each with its version."""
        found = sorted(values, key=lambda each: each[1])
        self._odd = [(1 << place, each) for place, each in found if _is_odd(each)]
        self._plain = [each for _, each in found if not _is_odd(each)]
        self._below = [0]
        """The mask of the first plain versions, for each number of them."""

        for place, each in found:
            if not _is_odd(each):
                self._below.append(self._below[-1] | 1 << place)

    def admitted(self, specifier: str) -> int:
        """Return the mask of the versions that a specifier allows, as ``allows`` does."""
        mask = self._among_plain(specifier)
        for bit, version in self._odd:
            if allows(specifier, version):
                mask |= bit
        return mask

    def _among_plain(self, specifier: str) -> int:
        compared = bounds(specifier)
        below = self._below
        if compared is None:
            masks = (
                below[place + 1] ^ below[place] for place, each in enumerate(self._plain) if allows(specifier, each)
            )
            return sum(masks)
        mask = below[-1]
        for operator, bound in compared:
            lower, upper = below[self._fewer(bound, equal=False)], below[self._fewer(bound, equal=True)]
            mask &= _MASKS[operator](lower, upper)
        return mask

    def _fewer(self, bound: Version, *, equal: bool) -> int:
        """Return how many plain versions are less than a bound, or equal."""
        low, high = 0, len(self._plain)
        while low < high:
            middle = (low + high) // 2
            if self._plain[middle] < bound or (equal and self._plain[middle] == bound):
                low = middle + 1
            else:
                high = middle
        return low


_MASKS = {
    "<": lambda lower, upper: lower,
    "<=": lambda lower, upper: upper,
    "==": lambda lower, upper: upper & ~lower,
    "!=": lambda lower, upper: ~upper | lower,
    ">": lambda lower, upper: ~upper,
    ">=": lambda lower, upper: ~lower,
}
"""By operator: what is allowed, from the masks of what is less, and of what is not greater."""


def _is_odd(version: Version) -> bool:
    """Return whether PEP 440 has rules for it beyond comparisons."""
    return version.is_prerelease or version.is_postrelease or version.local is not None
