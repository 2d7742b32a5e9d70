"""The best plan, through the command: worlds in which a plan that looks good is not the best."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.support.environments import Env, install, installed, pip_check, run
from tests.support.local_index import LocalIndex

Releases = Mapping[str, Mapping[str, tuple[str, ...]]]

OLD_PARTNER = {
    "a": {"1": (), "2": ("c", "f<1")},
    "c": {"0": ("f",), **{str(each): ("f>=1",) for each in range(1, 10)}},
    "f": {str(each): () for each in range(60)},
}
NOWHERE = {
    "p": {"4": (), "9": ("q>=2",), "10": ("nowhere",)},
    "q": {"1": (), "2": (), "3": ("nowhere",)},
    "x": {"1": (), **{str(each): (f"y=={each}",) for each in range(2, 9)}},
    "y": {"1": (), **{str(each): ("nowhere",) for each in range(2, 9)}},
}
HALF_WAY = {"p0": {"1.0": (), "2.0": (), "3.0": ("p2<2.5",)}, "p1": {"2.0": (), "4.0": ("p0<=1.0",)}}


@pytest.mark.parametrize(
    ("releases", "today", "expected"),
    [
        (OLD_PARTNER, {"a": "1"}, {"a": "2", "c": "0", "f": "0"}),
        (NOWHERE, {"p": "4", "q": "1", "x": "1", "y": "1"}, {"p": "9", "q": "2", "x": "1", "y": "1"}),
        (HALF_WAY, {"p0": "1.0", "p1": "2.0"}, {"p0": "1.0", "p1": "4.0"}),
    ],
)
def test_best_plan(
    environment: Env, index: LocalIndex, releases: Releases, today: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    """What can be had is had, and the environment is consistent; a second run has nothing to add."""
    for name, versions in releases.items():
        for version, requires in versions.items():
            wheel = index.release(name, version, requires=requires)
            if today.get(name) == version:
                install(environment, [wheel])
    assert 0 == run(environment, index=index).returncode
    assert expected == installed(environment)
    assert [] == pip_check(environment)
    again = run(environment, "--format", "json", index=index)
    assert {"hold", "current"} >= {each["action"] for each in json.loads(again.stdout)["packages"]}


def test_direct_reference_is_held_and_named(environment: Env, index: LocalIndex) -> None:
    """What an index has by the name of something at a URL is not installed in its place."""
    install(environment, [index.release("a", "1.0")])
    index.release("a", "2.0", requires=["private @ https://example.com/private-1.0-py3-none-any.whl"])
    index.release("private", "99.0")
    done = run(environment, "--format", "json", index=index)
    assert {"a": "1.0"} == installed(environment)
    (row,) = json.loads(done.stdout)["packages"]
    expected = ("direct-url", "a 2.0 requires private @ https://example.com/private-1.0-py3-none-any.whl")
    assert [expected] == [(each["kind"], each["text"]) for each in row["reasons"]]
