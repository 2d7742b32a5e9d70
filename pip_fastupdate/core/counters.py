"""What a session counts for ``--stats``."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from .models import Stats


class Counters:
    """Safe to count with from many threads; reading is a snapshot of each number."""

    def __init__(self) -> None:
        self.requests = 0
        """Requests that were sent, redirects and repetitions included."""

        self.cache_hits = 0
        """Answers out of the cache without a request."""

        self.revalidated = 0
        """Answers in the cache that the server confirmed (304)."""

        self.bytes_received = 0
        """Of bodies, as they were sent."""

        self.retries = 0
        """Attempts after the first."""

        self._lock = threading.Lock()

    def add(
        self, *, requests: int = 0, cache_hits: int = 0, revalidated: int = 0, bytes_received: int = 0, retries: int = 0
    ) -> None:
        """Count."""
        with self._lock:
            self.requests += requests
            self.cache_hits += cache_hits
            self.revalidated += revalidated
            self.bytes_received += bytes_received
            self.retries += retries

    def stats(self, *, seconds: Mapping[str, float], peak_memory_mb: float | None) -> Stats:
        """The figures of the run so far: wall seconds by stage, and MB (10^6 bytes)."""
        return Stats(
            requests=self.requests,
            cache_hits=self.cache_hits,
            bytes_received=self.bytes_received,
            retries=self.retries,
            seconds=seconds,
            peak_memory_mb=peak_memory_mb,
        )
