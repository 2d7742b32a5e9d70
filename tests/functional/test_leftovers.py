"""What an update added for somebody and nobody needs any more: told, and taken away with --prune."""

from __future__ import annotations

import json

from tests.support.environments import Env, install, installed, run, tree
from tests.support.local_index import LocalIndex


def test_leftovers(environment: Env, index: LocalIndex) -> None:
    """Only what the program itself added goes, with what that alone required; an undo brings it all back."""
    env = environment
    install(env, [index.release("app", "1.0"), index.release("lib", "1.0")])
    install(env, [index.release("old", "1.0")], requested=False)
    index.release("app", "1.1", requires=["helper"])
    index.release("helper", "1.0", requires=["deep"])
    index.release("deep", "1.0")
    assert 0 == run(env, index=index).returncode
    index.release("app", "1.2")
    told = run(env, "--refresh", "--format", "json", index=index)
    assert ["deep", "helper"] == json.loads(told.stdout)["summary"]["leftovers"]
    before = tree(env.site_packages)
    everything = {"app": "1.2", "deep": "1.0", "helper": "1.0", "lib": "1.0", "old": "1.0"}
    assert everything == installed(env)
    index.release("helper", "2.0", requires=["deep"])
    foreseen = run(env, "--check", "--prune", "--refresh", index=index)
    assert (3, True) == (foreseen.returncode, "would remove" in foreseen.stdout)
    done = run(env, "--prune", "--format", "json", index=index)
    rows = {each["name"]: each["action"] for each in json.loads(done.stdout)["packages"]}
    assert (0, {"app": "1.2", "lib": "1.0", "old": "1.0"}) == (done.returncode, installed(env)), done.stderr
    assert ("remove", "remove", "current") == (rows["deep"], rows["helper"], rows["old"])
    assert 0 == run(env, "--undo").returncode
    assert everything == installed(env)
    assert before == tree(env.site_packages)
