"""Known vulnerabilities and malware: what is told, what moves, and who gets to know of what is installed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex
from tests.support.osv_server import OsvServer, record


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    """The packages of a JSON report, by name."""
    assert done.stdout, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)["packages"]}


RECORDS = (
    record("GHSA-aaaa", "app", ["1.0", "1.1"], introduced="0", fixed="1.2", aliases=["CVE-1"], modified="1"),
    record("PYSEC-1", "app", ["1.0", "1.1"], introduced="0", fixed="1.2", aliases=["CVE-1"], modified="1"),
    record("GHSA-bbbb", "app", ["1.2"], introduced="1.2", fixed="1.3", modified="1"),
    record("GHSA-cccc", "stuck", ["1.0"], introduced="0", modified="1"),
    record("MAL-1", "lib", ["2.0"], modified="1"),
)


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    """A service with the records, one id a page."""
    with OsvServer(RECORDS, page=1) as server:
        yield server


@pytest.fixture
def env(environment: Env, index: LocalIndex) -> Env:
    """``app`` with a fix that needs a newer ``dep``, ``stuck`` without any, ``lib`` whose newest version is malware."""
    names = ("app", "stuck", "lib", "dep", "calm")
    install(environment, [index.release(name, "1.0") for name in names])
    index.release("app", "1.1")
    index.release("app", "1.2")
    index.release("app", "1.3", requires=["dep>=1.1"], upload_time=datetime.now(timezone.utc).isoformat())
    index.release("app", "2.0")
    for name in ("lib", "dep", "calm"):
        index.release(name, "1.1")
        index.release(name, "2.0")
    return environment


def test_audit(env: Env, index: LocalIndex, osv: OsvServer, tmp_path: Path) -> None:
    """Told once for all records of one thing, with the fix; nothing else changes; the second time from the cache."""
    words = ("-n", "--audit", "--osv-url", osv.url, "--format", "json")
    done = run(env, *words, index=index)
    found = rows(done)
    assert 0 == done.returncode
    assert [("PYSEC-1", ["CVE-1", "GHSA-aaaa"], "1.2", False)] == [
        (each["id"], each["aliases"], each["fixed_in"], each["remains"]) for each in found["app"]["vulnerabilities"]
    ]
    assert [("GHSA-cccc", None, True)] == [
        (each["id"], each["fixed_in"], each["remains"]) for each in found["stuck"]["vulnerabilities"]
    ]
    assert ("2.0", "1.1", ["malware"]) == (
        found["app"]["target"],
        found["lib"]["target"],
        [each["kind"] for each in found["lib"]["reasons"]],
    )
    before = len(osv.asked)
    assert found == rows(run(env, *words, index=index))
    assert before == len(osv.asked)
    sarif = json.loads(run(env, "-n", "--osv-url", osv.url, "--format", "sarif", index=index).stdout)
    results = {each["ruleId"]: each["message"]["text"] for each in sarif["runs"][0]["results"]}
    assert {"GHSA-cccc", "PYSEC-1"} == results.keys()
    assert results["PYSEC-1"].startswith("app 1.0 is affected by PYSEC-1")
    assert results["PYSEC-1"].endswith("fixed in 1.2; pip-update would upgrade it to 2.0")
    ignored = run(env, *words, "--ignore-vuln", "GHSA-cccc", "--ignore-until-fixed", "CVE-9", index=index)
    assert ([True], True) == (
        [each["ignored"] for each in rows(ignored)["stuck"]["vulnerabilities"]],
        "CVE-9 does not match any" in ignored.stderr,
    )


def test_security(env: Env, index: LocalIndex, osv: OsvServer) -> None:
    """The smallest version that is affected by nothing, whatever its age; others as far as that needs."""
    words = ("--security", "--osv-url", osv.url, "--format", "json", "--cooldown", "7")
    checked = run(env, "--check", *words, index=index)
    assert (3, "1.3") == (checked.returncode, rows(checked)["app"]["target"])
    assert "cooldown-exempt" in [each["kind"] for each in rows(checked)["app"]["reasons"]]
    done = run(env, *words, index=index)
    assert (4, {"app": "1.3", "calm": "1.0", "dep": "1.1", "lib": "1.0", "stuck": "1.0"}) == (
        done.returncode,
        installed(env),
    )
    again = run(env, "--check", *words, "--ignore-until-fixed", "GHSA-cccc", index=index)
    assert 0 == again.returncode
    newest = run(env, "--undo")
    newest = run(env, "-n", "--security=newest", "--osv-url", osv.url, "--format", "json", index=index)
    assert "2.0" == rows(newest)["app"]["target"]


def test_a_folder_needs_no_service(env: Env, index: LocalIndex, tmp_path: Path) -> None:
    """The same answers; what is no record is told."""
    tmp_path /= "records"
    tmp_path.mkdir()
    for each in RECORDS:
        (tmp_path / f"{each['id']}.json").write_text(json.dumps(each))
    (tmp_path / "other.json").write_text("[]")
    done = run(env, "-n", "--security", "--advisories", str(tmp_path), "--format", "json", index=index)
    assert ("1.3", "1.1", True) == (
        rows(done)["app"]["target"],
        rows(done)["dep"]["target"],
        "1 file" in done.stderr and "other.json" in done.stderr,
    )


def test_a_service_that_fails(env: Env, index: LocalIndex, osv: OsvServer) -> None:
    """An update goes on with a warning; --security does not, as "nothing found" would be a lie."""
    for status, body in ((503, None), (200, b"<html>"), (200, b'{"results": []}')):
        osv.status, osv.body = status, body
        words = ("--osv-url", osv.url, "--retries", "0", "--format", "json", "calm")
        audit = run(env, "-n", "--audit", *words, index=index)
        assert (0, True) == (audit.returncode, "vulnerabilities were not checked" in audit.stderr)
        security = run(env, "--check", "--security", *words, index=index)
        assert (1, True, "") == (
            security.returncode,
            "could not read the advisories" in security.stderr,
            security.stdout,
        )


def test_a_record_that_cannot_be_read(env: Env, index: LocalIndex, osv: OsvServer) -> None:
    """It is told, and that its fix is unknown; the others count."""
    bad = {"id": "GHSA-bad", "affected": [{"package": {"name": "calm", "ecosystem": "PyPI"}, "versions": ["1.0"]}]}
    osv.records["GHSA-bad"] = bad
    answer = osv.answer
    osv.answer = lambda path, body: (200, []) if path.endswith("/GHSA-bad") else answer(path, body)
    words = ("--security", "--osv-url", osv.url, "--format", "json", "-n")
    done = run(env, *words, index=index)
    found = rows(done)
    assert "warning: the advisory GHSA-bad could not be read: " in done.stderr
    assert ("1.3", "1.0") == (found["app"]["target"], found["calm"]["target"])
    assert [("GHSA-bad", "its record could not be read", None, True)] == [
        (each["id"], each["summary"], each["fixed_in"], each["remains"]) for each in found["calm"]["vulnerabilities"]
    ]
    assert ["advisory-unread"] == [each["kind"] for each in found["calm"]["reasons"]]
    alone = run(env, *words[:3], "--check", "calm", index=index)
    assert 4 == alone.returncode, "nobody knows whether that can be fixed"
    lines = {line.split()[0]: line for line in alone.stdout.splitlines() if line}
    assert lines["calm"].endswith("unchanged: GHSA-bad: its record could not be read; fix unknown")
    assert lines["app"].endswith("unchanged: PYSEC-1 (CVE-1, GHSA-aaaa): app is not safe; fixed in 1.2")
    assert lines["stuck"].endswith("up to date: GHSA-cccc: stuck is not safe; no fix known")
    assert "1 with an unreadable advisory" in alone.stdout


def test_installed_malware_is_told_loudest(env: Env, index: LocalIndex, osv: OsvServer) -> None:
    """With the update that brought it, and exit 4 in any run that knows."""
    run(env, "lib", index=index)
    assert "2.0" == installed(env)["lib"]
    done = run(env, "--audit", "--osv-url", osv.url, "calm", "lib", index=index)
    assert 4 == done.returncode
    assert "MALWARE" in done.stdout
    assert "lib 2.0 is malware (MAL-1)" in done.stderr
    assert "pip-update --undo" in done.stderr
