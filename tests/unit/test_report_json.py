from __future__ import annotations

import json
from typing import Any

from pip_fastupdate.core.models import DiskUse, Failure, HostStats, Reason, Row, Stats
from pip_fastupdate.report import json_
from tests.support.reports import mixed, report, row


def test_keys() -> None:
    """The keys, and their order, are a promise."""
    document: dict[str, Any] = json.loads(json_.render(mixed()))
    expected = ["schema", "environment", "dry_run", "packages", "failures", "warnings", "transaction", "stats"]
    expected += ["summary", "files"]
    assert expected == list(document)
    assert ["prefix", "python", "pip"] == list(document["environment"])
    keys = ["name", "installed", "target", "latest", "action", "status", "reasons", "index"]
    keys += ["level", "direct", "uploaded", "size", "changes", "vulnerabilities"]
    assert [keys] * 7 == [list(package) for package in document["packages"]]
    assert ["kind", "text", "by"] == list(document["packages"][1]["reasons"][0])
    assert [["name", "version", "kind", "text"]] == [list(failure) for failure in document["failures"]]
    figures = [
        "requests",
        "cache_hits",
        "bytes_received",
        "bytes_cached",
        "bytes_shared",
        "hosts",
        "disk",
        "seconds",
        "peak_memory_mb",
    ]
    assert figures == list(document["stats"])


def test_values() -> None:
    """Rows come as they are: null for what is unknown, the target of a hold equals what is installed."""
    document = json_.document(mixed())
    packages = {package.pop("name"): package for package in document["packages"]}
    assert document["schema"] == 2
    assert document["transaction"] == "20261120T101500Z"
    assert packages["typing-inspection"] == {
        "installed": None,
        "target": "0.4",
        "latest": "0.4",
        "action": "add",
        "status": "done",
        "reasons": [],
        "index": None,
        "level": None,
        "direct": None,
        "uploaded": None,
        "size": None,
        "changes": None,
        "vulnerabilities": [],
    }
    assert packages["pydantic-core"]["target"] == packages["pydantic-core"]["installed"] == "2.1"
    assert packages["myproject"]["latest"] is None
    assert document["failures"] == [
        {"name": "broken", "version": "0.3", "kind": "hash", "text": "the wheel is not what the index says"}
    ]


def test_dry_run() -> None:
    """A dry run says so, and has no transaction."""
    document = json_.document(mixed(status="planned", dry_run=True))
    assert (document["dry_run"], document["transaction"]) == (True, None)
    assert document["packages"][0]["status"] == "planned"


def test_stats() -> None:
    """Figures are rounded; memory is null where the system does not tell."""
    stats = Stats(
        requests=3,
        cache_hits=95,
        bytes_received=7,
        bytes_cached=8,
        seconds={"look up": 1.234567},
        peak_memory_mb=61.26,
        hosts=(HostStats(host="a", requests=3, mean_seconds=0.12345, p95_seconds=None, bytes_received=7),),
        disk=DiskUse(files_read=1, files_written=2, bytes_read=3, bytes_written=None),
    )
    host = {"host": "a", "requests": 3, "mean_seconds": 0.1235, "p95_seconds": None, "bytes_received": 7}
    expected = {
        "requests": 3,
        "cache_hits": 95,
        "bytes_received": 7,
        "bytes_cached": 8,
        "bytes_shared": 0,
        "hosts": [host],
        "disk": {"files_read": 1, "files_written": 2, "bytes_read": 3, "bytes_written": None},
        "seconds": {"look up": 1.2346},
        "peak_memory_mb": 61.3,
    }
    assert expected == json_.document(report(stats=stats))["stats"]
    assert json_.document(report())["stats"]["peak_memory_mb"] is None


def test_no_secrets_and_no_bytes_beyond_ascii() -> None:
    """Passwords in URLs are left out everywhere, and any stream can take the text."""
    url = "https://me:secret@host/ ü"
    reason = Reason(kind="note", text=url, data={"index": url})
    leaky = Row(name="a", installed="1", target="1", latest="1", action="current", status="done", reasons=(reason,))
    failure = Failure(name="b", kind="http", text=url)
    text = json_.render(report(leaky, failures=(failure,), warnings=(url,)))
    assert text.count("https://****@host/") == 4
    assert "secret" not in text
    assert text.isascii()


def test_reason_data_never_hides_kind_and_text() -> None:
    """All fields of a reason are side by side."""
    document = json_.document(report(row("a", "1", "1", "2", "hold", "because")))
    assert document["packages"][0]["reasons"] == [{"kind": "required-by", "text": "because", "by": "a"}]


def test_index_of_what_is_installed() -> None:
    """A URL without credentials, should there have been any."""
    secret = "https://user:word@index.invalid/simple"
    made = Row(name="a", installed="1", target="2", latest="2", action="upgrade", status="done", index=secret)
    assert "https://****@index.invalid/simple" == json_.document(report(made))["packages"][0]["index"]
