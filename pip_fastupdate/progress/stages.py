"""A stage of the run and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..core.text import duration, plural, size

BYTES = frozenset({"download", "fetch"})
"""Stages whose steps are bytes."""


class Words(NamedTuple):
    """The labels of a stage."""

    now: str
    done: str
    step: str


_WORDS: Mapping[str, Words] = {
    "scan": Words("Scanning", "Scanned", "package"),
    "advisories": Words("Reading advisories", "Read advisories", "advisory"),
    "look up": Words("Looking up", "Looked up", "package"),
    "plan": Words("Planning", "Planned", "step"),
    "download": Words("Downloading", "Downloaded", "byte"),
    "build": Words("Building", "Built", "wheel"),
    "stage": Words("Unpacking", "Unpacked", "wheel"),
    "compile": Words("Compiling", "Compiled", "wheel"),
    "swap": Words("Applying", "Applied", "change"),
    "check": Words("Verifying", "Verified", "package"),
    "test": Words("Testing", "Tested", "step"),
}


@dataclass(slots=True, kw_only=True, eq=False)
class Stage:
    """The current state of a stage."""

    name: str
    total: int | None = None
    """Steps or bytes to do; None if unknown."""

    done: int = 0
    detail: str = ""
    """Subject of the latest step."""

    @property
    def words(self) -> Words:
        """Its labels; a stage without labels uses its name."""
        name = self.name.capitalize()
        return _WORDS.get(self.name, Words(name, f"{name}:", "step"))

    @property
    def count(self) -> str:
        """How far it is: ``3 of 98 packages``, ``1.2 MB of 72.3 MB``, ``3 steps``, or "" before the first step."""
        if not self.total:
            return self._amount(self.done) if self.done else ""
        done = size(self.done) if self.name in BYTES else str(self.done)
        return f"{done} of {self._amount(self.total)}"

    def _amount(self, count: int) -> str:
        return size(count) if self.name in BYTES else plural(count, self.words.step)


def summary(stage: Stage, seconds: float) -> str:
    """Return a finished stage in words: ``Looked up 98 packages in 1.2 s``."""
    finished = Stage(name=stage.name, done=stage.done)
    return f"{stage.words.done} {finished.count} in {duration(seconds)}".replace("  ", " ")
