from __future__ import annotations

from dataclasses import fields

from pip_fastupdate.core.counters import Counters
from pip_fastupdate.core.models import Stats


def test_every_number_arrives() -> None:
    """What is counted is in the figures of the run under the same name: no number is forgotten on the way."""
    counters = Counters()
    names = [each.name for each in fields(Stats) if each.name not in ("seconds", "peak_memory_mb")]
    for count, name in enumerate(names, 1):
        counters.add(**{name: count})
    stats = counters.stats(seconds={"scan": 0.5}, peak_memory_mb=61.3)
    assert list(range(1, len(names) + 1)) == [getattr(stats, name) for name in names]
    assert ({"scan": 0.5}, 61.3) == (stats.seconds, stats.peak_memory_mb)


def test_counting_adds_up() -> None:
    """Each count comes on top of the former ones, and of its own number alone."""
    counters = Counters()
    counters.add(requests=1, retries=2)
    counters.add(requests=3)
    assert (4, 2, 0) == (counters.counts.requests, counters.counts.retries, counters.counts.cache_hits)
