"""Figures as aligned lines: a run's for ``--stats``, the cache's for ``--cache-info``."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

from ..core.cache_folder import CacheInfo
from ..core.models import Counts, HostStats, Report
from ..core.text import clean, duration, pairs, plural, redact, size
from .rows import total_seconds


def stats_lines(report: Report) -> tuple[str, ...]:
    """Return aligned lines: requests per host, the cache's share, the disk, seconds per stage, peak memory."""
    stats = report.stats
    facts = _counts(stats)
    facts |= {clean(redact(each.host)): _host(each) for each in stats.hosts}
    if stats.disk is not None:
        facts["files read"] = _files(stats.disk.files_read, stats.disk.bytes_read, "from disk")
        facts["files written"] = _files(stats.disk.files_written, stats.disk.bytes_written, "to disk")
    facts |= {clean(name): duration(seconds) for name, seconds in stats.seconds.items() if name != "total"}
    facts["total"] = duration(total_seconds(stats.seconds))
    if stats.peak_memory_mb is not None:
        facts["peak memory"] = f"{stats.peak_memory_mb:.1f} MB"
    return tuple(pairs(facts).splitlines())


def _counts(stats: Counts) -> dict[str, str]:
    """Return all numbers that have a label, by it."""
    asked = stats.requests + stats.cache_hits
    facts = {}
    for each in fields(Counts):
        if "label" in each.metadata:
            number = getattr(stats, each.name)
            facts[each.metadata["label"]] = size(number) if each.name.startswith("bytes_") else str(number)
    if asked:
        facts["cache hits"] += f" of {asked} ({stats.cache_hits / asked:.0%})"
    return facts


def _host(host: HostStats) -> str:
    asked = f"{plural(host.requests, 'request')}, {size(host.bytes_received)}"
    if host.mean_seconds is None or host.p95_seconds is None:
        return f"{asked}, no response"
    return f"{asked}, responses after {_seconds(host.mean_seconds)} on average, 95% within {_seconds(host.p95_seconds)}"


def _seconds(seconds: float) -> str:
    """Return ``duration``, to the millisecond if that matters: nearby servers take only some."""
    return f"{seconds:.3f} s" if seconds < 0.0995 else duration(seconds)


def _files(count: int, amount: int | None, where: str) -> str:
    return str(count) if amount is None else f"{count} ({size(amount)} {where})"


def cache_facts(info: CacheInfo) -> dict[str, str]:
    """Return the facts about the cache for display."""
    unpacked = {"unpacked files": size(info.unpacked_bytes)} if info.unpacked_bytes else {}
    return {
        "directory": clean(str(info.path)),
        "responses": f"{info.entries} ({size(info.bytes)})",
        "least recently used": _day(info.oldest) or "-",
        "most recently used": _day(info.newest) or "-",
        "wheels": f"{info.wheels} ({size(info.wheel_bytes)})",
        **unpacked,
    }


def cache_document(info: CacheInfo) -> dict[str, Any]:
    """Return the facts about the cache for JSON: bytes, and days in UTC (ISO 8601) or null."""
    return {
        "schema": 1,
        "path": str(info.path),
        "entries": info.entries,
        "bytes": info.bytes,
        "oldest": _day(info.oldest),
        "newest": _day(info.newest),
        "wheels": info.wheels,
        "wheel_bytes": info.wheel_bytes,
        "unpacked_bytes": info.unpacked_bytes,
    }


def _day(at: float | None) -> str | None:
    return None if at is None else time.strftime("%Y-%m-%d", time.gmtime(at))
