"""Reports as a user gets them: in a file, as a tree, and as the schema says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.environments import Env, install, run, tree, variables
from tests.support.local_index import LocalIndex
from tests.support.schema import problems


def test_report_in_a_file_and_why(environment: Env, index: LocalIndex) -> None:
    """A dry run and an update write what the schema describes beside the table; --why draws the chain."""
    env = environment
    old = index.release("lib", "1.0")
    install(env, [old, index.release("app", "1.0", requires=["lib<2"]), index.release("free", "1.0")])
    index.release("lib", "2.0")
    index.release("free", "2.0", requires=["lib"])
    before = tree(env.site_packages)
    why = run(env, "--why", "Lib", index=index)
    assert 0 == why.returncode
    assert (
        "lib 1.0: held; 2.0 is the newest\n└─ app 1.0 requires lib<2\n\nwhat requires lib\n"
        "├─ app 1.0 requires lib<2\n├─ free 2.0 requires lib\n└─ you asked for it by name\n" == why.stdout
    )
    unknown = run(env, "--why", "nothing", index=index)
    assert (2, True) == (unknown.returncode, "\nerror: nothing is not installed in " in unknown.stderr)
    assert "hint: try the closest name: free" in run(env, "--why", "fre", index=index).stderr
    assert before == tree(env.site_packages)
    report = env.home / "report.json"
    shown = run(env, "-n", "--output", "report.json", index=index)
    assert (0, True) == (shown.returncode, "would upgrade" in shown.stdout)
    assert [] == problems(json.loads(report.read_bytes()))
    _write_inputs(env)
    words = ["--changes", "--audit", "--advisories", "records", "--write", "requirements.txt"]
    done = run(env, "--output", "report.json", "--output", "report.html", "-q", *words, index=index)
    told = json.loads(report.read_bytes())
    assert (0, []) == (done.returncode, problems(told)), done.stderr
    assert told["transaction"] is not None
    assert ["free"] == [each["name"] for each in told["packages"] if each["vulnerabilities"] and each["changes"]]
    assert "free==2.0" in told["files"][0]["diff"]
    assert "<h2>Known vulnerabilities</h2>" in (env.home / "report.html").read_text(encoding="ascii")


def _write_inputs(env: Env) -> None:
    """An advisory about free 1.0, and a file that names it."""
    affected = {"package": {"name": "free", "ecosystem": "PyPI"}, "versions": ["1.0"]}
    record = {"id": "X-1", "modified": "2026-01-01T00:00:00Z", "summary": "bad", "affected": [affected]}
    (env.home / "records").mkdir()
    (env.home / "records" / "X-1.json").write_text(json.dumps(record), encoding="utf-8")
    (env.home / "requirements.txt").write_text("free==1.0\nlib\napp\n", encoding="utf-8")


def test_nothing_is_done_if_the_report_cannot_be_written(environment: Env, index: LocalIndex) -> None:
    """That is found out before anything changes."""
    install(environment, [index.release("lib", "1.0")])
    index.release("lib", "2.0")
    done = run(environment, "--output", "no/report.json", index=index)
    assert (2, []) == (done.returncode, index.requests)
    assert "error: could not write " in done.stderr


@pytest.mark.parametrize("path", ["out.txt", "/dev/stdout"])
def test_redirected_streams_are_not_replaced(environment: Env, path: str) -> None:
    """What standard output goes to is not taken away from under it."""
    if path.startswith("/dev") and not Path("/dev/stdout").exists():
        pytest.skip("no such device here")
    place = environment.home / "out.txt"
    with place.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            [str(environment.python), "-m", "pip_fastupdate", "--output", path, "--format", "table"],
            env=variables(environment),
            cwd=environment.home,
            stdout=stream,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert (2, "") == (done.returncode, place.read_text(encoding="utf-8"))
    assert "standard output or error goes there" in done.stderr
