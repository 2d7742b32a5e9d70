"""The counters of a session for ``--stats``."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import fields

from ..core.models import Counts, DiskUse, HostStats, Stats


class _Host:
    """The counters of one server."""

    __slots__ = ("received", "requests", "seconds")

    def __init__(self) -> None:
        self.requests = 0
        self.seconds: list[float] = []
        self.received = 0

    def stats(self, name: str) -> HostStats:
        """Return the figures so far."""
        ordered = sorted(self.seconds)
        return HostStats(
            host=name,
            requests=self.requests,
            mean_seconds=sum(ordered) / len(ordered) if ordered else None,
            p95_seconds=ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None,
            bytes_received=self.received,
        )


class Counters:
    """Thread-safe counters."""

    def __init__(self) -> None:
        self._numbers = {each.name: 0 for each in fields(Counts)}
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def add(self, **numbers: int) -> None:
        """Count: fields of ``Counts`` by their names. Raises KeyError for any other."""
        with self._lock:
            for name, number in numbers.items():
                self._numbers[name] += number

    def asked(self, host: str) -> None:
        """Count a request to ``host``."""
        with self._lock:
            self._numbers["requests"] += 1
            self._host(host).requests += 1

    def answered(self, host: str, seconds: float) -> None:
        """Record the seconds between a request to ``host`` and the head of its response."""
        with self._lock:
            self._host(host).seconds.append(seconds)

    def received(self, host: str, size: int) -> None:
        """Count bytes of a body from ``host``."""
        with self._lock:
            self._numbers["bytes_received"] += size
            self._host(host).received += size

    def _host(self, name: str) -> _Host:
        found = self._hosts.get(name)
        if found is None:
            found = self._hosts[name] = _Host()
        return found

    @property
    def counts(self) -> Counts:
        """Return the counters so far."""
        return Counts(**self._numbers)

    def stats(
        self, *, seconds: Mapping[str, float], peak_memory_mb: float | None, disk: DiskUse | None = None
    ) -> Stats:
        """Return the figures of the run so far: wall seconds by stage, and MB (10^6 bytes)."""
        with self._lock:
            hosts = [host.stats(name) for name, host in self._hosts.items()]
        hosts.sort(key=lambda each: (-each.requests, each.host))
        return Stats(**self._numbers, seconds=seconds, peak_memory_mb=peak_memory_mb, hosts=tuple(hosts), disk=disk)
