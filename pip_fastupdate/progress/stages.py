"""A stage of the run, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..core.text import duration, plural, size

BYTES = frozenset({"download", "fetch"})
"""Stages whose steps are bytes."""


class Words(NamedTuple):
    """How a stage is spoken of."""

    now: str
    done: str
    step: str


_WORDS: Mapping[str, Words] = {
    "scan": Words("Scanning", "Scanned", "distribution"),
    "advisories": Words("Reading advisories", "Read advisories", "advisory"),
    "look up": Words("Looking up", "Looked up", "project"),
    "plan": Words("Planning", "Planned", "step"),
    "download": Words("Downloading", "Downloaded", "byte"),
    "build": Words("Building", "Built", "wheel"),
    "stage": Words("Staging", "Staged", "wheel"),
    "compile": Words("Compiling", "Compiled", "wheel"),
    "swap": Words("Swapping", "Swapped", "distribution"),
    "check": Words("Checking", "Checked", "distribution"),
    "test": Words("Testing", "Tested", "step"),
}


@dataclass(slots=True, kw_only=True, eq=False)
class Stage:
    """A stage under way."""

    name: str
    total: int | None = None
    """Steps to be done, or bytes to be had; None when unknown."""

    done: int = 0
    detail: str = ""
    """What the latest step was about."""

    @property
    def words(self) -> Words:
        """Its words; a stage without any is called by its name."""
        name = self.name.capitalize()
        return _WORDS.get(self.name, Words(name, f"{name}:", "step"))

    @property
    def count(self) -> str:
        """How far it is: ``3 of 98 projects``, ``1.2 MB of 72.3 MB``, ``3 steps``, or "" before the first step."""
        if not self.total:
            return self._amount(self.done) if self.done else ""
        done = size(self.done) if self.name in BYTES else str(self.done)
        return f"{done} of {self._amount(self.total)}"

    def _amount(self, count: int) -> str:
        return size(count) if self.name in BYTES else plural(count, self.words.step)


def summary(stage: Stage, seconds: float) -> str:
    """A finished stage in words: ``Looked up 98 projects in 1.2 s``."""
    finished = Stage(name=stage.name, done=stage.done)
    return f"{stage.words.done} {finished.count} in {duration(seconds)}".replace("  ", " ")
