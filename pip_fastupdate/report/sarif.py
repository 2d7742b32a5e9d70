"""The known vulnerabilities as SARIF 2.1.0, for services that show findings next to the code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from .. import __version__
from ..core.cache_folder import CacheInfo
from ..core.entry import HistoryEntry
from ..core.models import KnownVulnerability, Report, Row
from ..core.text import clean, redact
from . import json_
from .table import settings, venvs
from .view import PLAIN, View

__all__ = ["cache", "history", "render", "settings", "venvs"]

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""Scores for sorting, if a database gives only a word: the middle of that word's CVSS range."""


def render(report: Report, view: View = PLAIN) -> str:
    """Return one run with a rule per vulnerability and a result per package that has it after the run.

    After a dry run these are all vulnerable packages, because nothing was changed. Vulnerabilities that the user
    ignores are results with a suppression.
    """
    found = [(row, each) for row in report.rows for each in row.vulnerabilities if each.remains or report.dry_run]
    rules = {each.id: each for _, each in found}
    driver = {
        "name": "pip-update",
        "semanticVersion": __version__,
        "rules": [_rule(each) for _, each in sorted(rules.items())],
    }
    places = {id: place for place, id in enumerate(sorted(rules))}
    results = [_result(row, each, places[each.id], report.dry_run) for row, each in found]
    return json_.dumps(
        {
            "version": "2.1.0",
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "runs": [{"tool": {"driver": driver}, "results": results, "invocations": [_invocation(report)]}],
        }
    )


def history(entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
    """Render JSON: SARIF cannot express it."""
    return json_.history(entries, view)


def cache(facts: CacheInfo, view: View = PLAIN) -> str:
    """Render JSON."""
    return json_.cache(facts, view)


def _rule(vulnerability: KnownVulnerability) -> dict[str, Any]:
    tags = ["security", *vulnerability.aliases]
    properties: dict[str, Any] = {"tags": tags}
    score = "10.0" if vulnerability.malware else _SCORES.get(vulnerability.severity)
    if score is not None:
        properties["security-severity"] = score
    return {
        "id": vulnerability.id,
        "shortDescription": {"text": _shown(vulnerability.summary or vulnerability.id)},
        "properties": properties,
    }


def _result(row: Row, vulnerability: KnownVulnerability, rule: int, dry_run: bool) -> dict[str, Any]:
    version = row.installed if dry_run else row.target or row.installed
    fix = vulnerability.fix + ("" if vulnerability.remains else f"; pip-update would upgrade it to {row.target}")
    what = "is malware" if vulnerability.malware else f"is affected by {vulnerability.id}"
    level = "error" if vulnerability.malware else _LEVELS.get(vulnerability.severity, "warning")
    return {
        "ruleId": vulnerability.id,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": _shown(f"{row.name} {version} {what}: {vulnerability.summary or 'no summary'}; {fix}")},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"site-packages/{row.name}"}},
                "logicalLocations": [{"name": row.name, "fullyQualifiedName": _purl(row.name, version or "")}],
            }
        ],
        "partialFingerprints": {"package": f"{row.name}@{version}/{vulnerability.id}"},
        **({"suppressions": list(_suppressions())} if vulnerability.ignored else {}),
    }


def _purl(name: str, version: str) -> str:
    """Return its package URL: in a version, ``+`` and ``!`` are escaped."""
    return f"pkg:pypi/{name}@{quote(version, safe='')}"


def _shown(text: str) -> str:
    """Return the text for display."""
    return clean(redact(text))


def _suppressions() -> Iterator[dict[str, str]]:
    yield {"kind": "external", "justification": "--ignore-vuln or --ignore-until-fixed"}


def _invocation(report: Report) -> dict[str, Any]:
    notes = [{"level": "warning", "message": {"text": _shown(text)}} for text in report.warnings]
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}
