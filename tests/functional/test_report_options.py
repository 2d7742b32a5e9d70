"""Reports as a user gets them: in a file, as a tree, and as the schema says."""

from __future__ import annotations

import json

from tests.support.environments import Env, install, run, tree
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
        "lib 1.0: held; 2.0 is the newest\n└─ app 1.0 requires lib<2\n\nwho requires lib\n"
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
    done = run(env, "--output", "report.json", "--changes", "-q", index=index)
    assert (0, []) == (done.returncode, problems(json.loads(report.read_bytes())))
    assert json.loads(report.read_bytes())["transaction"] is not None


def test_nothing_is_done_if_the_report_cannot_be_written(environment: Env, index: LocalIndex) -> None:
    """That is found out before anything changes."""
    install(environment, [index.release("lib", "1.0")])
    index.release("lib", "2.0")
    done = run(environment, "--output", "no/report.json", index=index)
    assert (2, []) == (done.returncode, index.requests)
    assert "error: could not write " in done.stderr
