"""What a session counts for ``--stats``."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import fields

from .models import Counts, Stats


class Counters:
    """Safe to count with from many threads."""

    def __init__(self) -> None:
        self._numbers = {each.name: 0 for each in fields(Counts)}
        self._lock = threading.Lock()

    def add(self, **numbers: int) -> None:
        """Count: fields of ``Counts`` by their names. Raises KeyError for any other."""
        with self._lock:
            for name, number in numbers.items():
                self._numbers[name] += number

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        return Counts(**self._numbers)

    def stats(self, *, seconds: Mapping[str, float], peak_memory_mb: float | None) -> Stats:
        """The figures of the run so far: wall seconds by stage, and MB (10^6 bytes)."""
        return Stats(**self._numbers, seconds=seconds, peak_memory_mb=peak_memory_mb)
