"""Facts of records of the public advisory database (PyPA's): ids, ranges, versions, aliases, what was withdrawn.

``tests/data/advisories.json`` has, by project, all versions that any record names, and of each record the runs of them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "data" / "advisories.json"


@cache
def versions() -> dict[str, tuple[str, ...]]:
    """By project, all versions that its records name."""
    return {name: tuple(text.split()) for name, text in json.loads(FILE.read_text())["versions"].items()}


@cache
def records() -> tuple[dict[str, Any], ...]:
    """The records in the OSV format."""
    return tuple(map(_record, json.loads(FILE.read_text())["records"]))


def _record(kept: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": kept["id"], "modified": "2024-10-10T00:00:00Z", "summary": ""}
    found["aliases"] = kept.get("aliases", [])
    if kept.get("withdrawn"):
        found["withdrawn"] = "2024-01-01T00:00:00Z"
    found["affected"] = [
        {
            "package": {"name": name, "ecosystem": "PyPI"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in events]} for events in ranges
            ],
            "versions": [version for start, end in runs for version in versions()[name][start:end]],
        }
        for name, ranges, runs in kept["affected"]
    ]
    return found
