"""The report as JSON, whose keys are a promise to programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.cache_folder import CacheInfo
from ..core.entry import HistoryEntry
from ..core.models import Difference, DiskUse, HostStats, KnownVulnerability, Reason, Report, Row, Stats
from ..core.text import redact
from .rows import summarize
from .view import PLAIN, View

if TYPE_CHECKING:
    from .given import Shown, Venv

SCHEMA = 2
"""Incremented when a key is removed or changes its meaning, or when many are added. All keys of 1 are in 2."""

HISTORY = 1
"""The same for the history."""


def render(report: Report, view: View = PLAIN) -> str:
    """Return the document, indented except for its rows, one per line; ASCII only, without a final line end."""
    import json

    whole = document(report)
    rows = [json.dumps(row) for row in whole["packages"]]  # json is fast only without indentation
    text = dumps({**whole, "packages": []})
    listed = ",\n    ".join(rows)
    return text.replace('"packages": []', f'"packages": [\n    {listed}\n  ]', 1) if rows else text


def history(entries: Sequence[HistoryEntry], view: View = PLAIN) -> str:
    """Return ``{"schema", "transactions": […]}``, each with all of its changes."""
    from .history import document as transaction

    return dumps({"schema": HISTORY, "transactions": [transaction(entry) for entry in entries]})


def cache(facts: CacheInfo, view: View = PLAIN) -> str:
    """Return the facts as numbers and days."""
    from .figures import cache_document

    return dumps(cache_document(facts))


def settings(shown: Sequence[Shown]) -> str:
    """Render a list of ``{"key", "value", "source"}``."""
    import json

    from .settings import document as settings_document

    return json.dumps(list(settings_document(shown)))


def venvs(found: Sequence[Venv]) -> str:
    """Render a list of the fields of each."""
    return dumps([each.fields for each in found])


def dumps(value: object) -> str:
    """Return the value as ASCII JSON text, indented by 2."""
    import json  # only runs with JSON output pay for it

    return json.dumps(value, indent=2)


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain lists, dicts, strings and numbers."""
    target = report.target
    return {
        "schema": SCHEMA,
        "environment": {"prefix": str(target.prefix), "python": target.python, "pip": target.pip},
        "dry_run": report.dry_run,
        "packages": [_package(row) for row in report.rows],
        "failures": [
            {"name": each.name, "version": each.version, "kind": each.kind, "text": redact(each.text)}
            for each in report.failures
        ],
        "warnings": [redact(text) for text in report.warnings],
        "transaction": report.transaction,
        "stats": _stats(report.stats),
        "summary": _summary(report),
        "files": [
            {
                "path": str(each.path),
                "changed": [{"where": where, "before": old, "after": new} for where, old, new in each.changed],
                "diff": each.diff,
            }
            for each in report.files
        ],
    }


def _summary(report: Report) -> dict[str, Any]:
    """Return the answer to ``--check``, also if packages are behind and cannot be upgraded."""
    facts = summarize(report)
    return {
        "answer": facts.answer,
        "behind": sum(facts.behind.values()),
        "behind_reasons": dict(facts.behind),
        "skipped_reasons": dict(facts.skipped),
        "warned_of": sum(each.warned_of for each in facts.lines),
        "download_bytes": facts.download,
        "growth_bytes": report.growth,
        "leftovers": list(report.leftovers),
        "running": [{"pid": each.pid, "command": redact(each.command)} for each in report.running],
    }


def _package(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "installed": row.installed,
        "target": row.target,
        "latest": row.latest,
        "action": row.action,
        "status": row.status,
        "reasons": [_reason(each) for each in row.reasons],
        "index": None if row.index is None else redact(row.index),
        "level": row.level,
        "direct": row.direct,
        "uploaded": row.uploaded,
        "size": row.size,
        "changes": None if row.changes is None else _changes(row.changes),
        "vulnerabilities": [_vulnerability(each) for each in row.vulnerabilities],
    }


def _changes(difference: Difference) -> dict[str, Any]:
    from .changes import document

    return document(difference)


def _vulnerability(found: KnownVulnerability) -> dict[str, Any]:
    return {
        "id": found.id,
        "aliases": list(found.aliases),
        "summary": redact(found.summary),
        "severity": found.severity or None,
        "fixed_in": found.fixed_in,
        "remains": found.remains,
        "malware": found.malware,
        "ignored": found.ignored,
    }


def _reason(reason: Reason) -> dict[str, str]:
    further = {key: redact(value) for key, value in reason.data.items()}
    return {"kind": reason.kind, "text": redact(reason.text)} | further


def _stats(stats: Stats) -> dict[str, Any]:
    peak = stats.peak_memory_mb
    return {
        "requests": stats.requests,
        "cache_hits": stats.cache_hits,
        "bytes_received": stats.bytes_received,
        "bytes_cached": stats.bytes_cached,
        "bytes_shared": stats.bytes_shared,
        "hosts": [_host(each) for each in stats.hosts],
        "disk": None if stats.disk is None else _disk(stats.disk),
        "seconds": {name: round(seconds, 4) for name, seconds in stats.seconds.items()},
        "peak_memory_mb": None if peak is None else round(peak, 1),
    }


def _host(host: HostStats) -> dict[str, Any]:
    return {
        "host": redact(host.host),
        "requests": host.requests,
        "mean_seconds": None if host.mean_seconds is None else round(host.mean_seconds, 4),
        "p95_seconds": None if host.p95_seconds is None else round(host.p95_seconds, 4),
        "bytes_received": host.bytes_received,
    }


def _disk(disk: DiskUse) -> dict[str, Any]:
    return {
        "files_read": disk.files_read,
        "files_written": disk.files_written,
        "bytes_read": disk.bytes_read,
        "bytes_written": disk.bytes_written,
    }
