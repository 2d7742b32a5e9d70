"""What the common runs cost, in counts that do not depend on the machine: requests, renames, modules imported."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

import pytest

from tests.support.environments import Env, install, installed, variables
from tests.support.local_index import LocalIndex

COUNT = 12

WATCHED = """
import json, os, sys
renames = []
sys.addaudithook(lambda event, args: renames.append([*map(os.fspath, args[:2])]) if event == "os.rename" else None)
from pip_fastupdate.cli import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted(sys.modules), "renames": renames}), file=sys.stderr)
"""

HTTP = frozenset({"http.client", "requests", "requests_cache", "ssl", "urllib3"})
"""0.15 s, for runs that have something to ask."""

PIP = frozenset({"pip._internal.cli.req_command", "pip._internal.operations.install.wheel", "pip._vendor.requests"})
"""0.3 s, for runs that do not know pip's settings yet, or have something to install."""

CHANGING = frozenset(
    f"pip_fastupdate.{each}"
    for each in (
        "transaction.moves.planner",
        "transaction.transaction",
        "update.stages.check",
        "update.stages.fetch",
        "update.stages.stage",
        "update.stages.swap",
        "update.stages.verify",
        "wheels",
    )
)
"""Our own parts that change an environment."""

SEARCHING = frozenset({"pip_fastupdate.resolver.search", "pip_fastupdate.resolver.solver"})
CHOOSING = frozenset(
    f"pip_fastupdate.{each}"
    for each in (
        "advisories",
        "environment.differences",
        "index.description",
        "interactive",
        "policy.age",
        "policy.vulnerable",
        "report.changes",
        "report.sarif",
        "update.advice",
        "update.changes",
    )
)
"""What only the policy options need."""

OTHERS = frozenset({"asyncio", "importlib.metadata", "msgspec", "rich", "xml.etree.ElementTree"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a run did."""

    code: int
    modules: frozenset[str]
    renames: list[list[str]]


@pytest.fixture
def dozen(environment: Env, index: LocalIndex) -> Env:
    """Twelve packages, each with a newer version; each requires the one before."""
    old = []
    for number in range(COUNT):
        requires = [f"p{number - 1:02}>=1"] if number else []
        old.append(index.release(f"p{number:02}", "1.0", requires=requires))
        index.release(f"p{number:02}", "2.0", requires=requires)
    install(environment, old)
    return environment


def watch(env: Env, index: LocalIndex, *arguments: str) -> Watched:
    """Run the program, and note what it does."""
    done = subprocess.run(
        [str(env.python), "-c", WATCHED, *arguments],
        env=variables(env, index=index),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    said = json.loads(done.stderr.splitlines()[-1])
    return Watched(code=said["code"], modules=frozenset(said["modules"]), renames=said["renames"])


def into_or_out_of(env: Env, renames: list[list[str]]) -> list[list[str]]:
    """The renames that change the folder of the packages itself."""
    folder = str(env.site_packages.resolve())
    return [each for each in renames if folder in (path.rpartition("/")[0] for path in each)]


def test_first_look_asks_once_for_each_project(dozen: Env, index: LocalIndex) -> None:
    """A page for each, and a sidecar for each newer version; nothing that installs is imported."""
    done = watch(dozen, index, "--check")
    assert (3, 2 * COUNT) == (done.code, len(index.requests))
    pages = {f"/simple/p{number:02}/" for number in range(COUNT)}
    assert pages | {f"/files/p{number:02}-2.0-py3-none-any.whl.metadata" for number in range(COUNT)} == set(
        index.paths()
    )
    assert frozenset() == done.modules & (CHANGING | CHOOSING | {"rich"})
    assert [] == into_or_out_of(dozen, done.renames)


def test_second_look_asks_nothing_and_imports_little(dozen: Env, index: LocalIndex) -> None:
    """The cache is read with the standard library, pip's settings are remembered."""
    watch(dozen, index, "--check")
    index.reset()
    done = watch(dozen, index, "--check")
    assert (3, []) == (done.code, index.requests)
    assert frozenset() == done.modules & (HTTP | PIP | CHANGING | CHOOSING | OTHERS)


def test_stale_answers_are_confirmed(dozen: Env, index: LocalIndex) -> None:
    """One conditional request for each project, and a body for none."""
    watch(dozen, index, "--check")
    index.reset()
    done = watch(dozen, index, "--check", "--cache-ttl=0")
    assert (3, COUNT) == (done.code, len(index.requests))
    assert {304} == {each.status for each in index.requests}


def test_update_renames_whole_folders(dozen: Env, index: LocalIndex) -> None:
    """A package and its metadata are two renames out and two in; each wheel comes once, beside page and sidecar."""
    done = watch(dozen, index)
    assert {f"p{number:02}": "2.0" for number in range(COUNT)} == installed(dozen)
    assert (0, 4 * COUNT) == (done.code, len(into_or_out_of(dozen, done.renames)))
    assert COUNT == len(index.paths("/files/*.whl"))
    assert 3 * COUNT == len(index.requests)


def test_nothing_to_do_is_found_out_cheaply(dozen: Env, index: LocalIndex) -> None:
    """After an update: no request, no search, no rename, and none of the parts that would be needed for any."""
    watch(dozen, index)
    index.reset()
    done = watch(dozen, index)
    assert (0, [], []) == (done.code, index.requests, done.renames)
    assert frozenset() == done.modules & (HTTP | PIP | CHANGING | CHOOSING | SEARCHING | OTHERS)
    ours = [each for each in done.modules if each.startswith("pip_fastupdate")]
    assert len(ours) <= 115  # with 106, before files were split: 0.177 s of processor time, as with 115
