from __future__ import annotations

from dataclasses import fields

from pip_fastupdate.core.models import Counts, HostStats
from pip_fastupdate.network.counters import Counters


def test_every_number_arrives() -> None:
    """What is counted is in the figures of the run under the same name: no number is forgotten on the way."""
    counters = Counters()
    names = [each.name for each in fields(Counts)]
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


def test_hosts() -> None:
    """Each server has its own figures, the busiest comes first, and they add up to the run's."""
    counters = Counters()
    for number in range(1, 21):
        counters.asked("index")
        counters.answered("index", number / 4)
        counters.received("index", 10)
    counters.asked("files:8080")
    counters.answered("files:8080", 2.0)
    counters.received("files:8080", 1000)
    stats = counters.stats(seconds={}, peak_memory_mb=None)
    index = HostStats(host="index", requests=20, mean_seconds=2.625, p95_seconds=4.75, bytes_received=200)
    files = HostStats(host="files:8080", requests=1, mean_seconds=2.0, p95_seconds=2.0, bytes_received=1000)
    assert (index, files) == stats.hosts
    assert (21, 1200) == (stats.requests, stats.bytes_received)


def test_a_host_that_never_answers() -> None:
    """Its requests count, and it has no response time."""
    counters = Counters()
    counters.asked("away")
    expected = HostStats(host="away", requests=1, mean_seconds=None, p95_seconds=None, bytes_received=0)
    assert (expected,) == counters.stats(seconds={}, peak_memory_mb=None).hosts
