"""The marker of the best result never hides that more is possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_fastupdate.core.models import Reason
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.update.up_to_date_marker import UpToDateMarker
from tests.support.pools import Releases, best, make_pool

EARLY = {("lib", "2.0b2"): Reason(kind="pre-release", text="is a pre-release")}


def world(installed: dict[str, str], releases: Releases) -> CandidatePool:
    """A pool in which the application is an editable install."""
    stays = {"app": Reason(kind="editable", text="editable install")}
    return make_pool(installed, releases, stays=stays, blocked=EARLY)


@pytest.mark.parametrize(
    ("installed", "before", "after", "expected"),
    [
        pytest.param(
            {"app": "1", "lib": "1"},
            {"app": {"1": ["lib<2"]}, "lib": {"1": [], "2": []}},
            {"app": {"1": ["lib<3"]}, "lib": {"1": [], "2": []}},
            {"app": "1", "lib": "2"},
            id="requirements of an editable install",
        ),
        pytest.param(
            {"app": "1", "lib": "2.0b1"},
            {"app": {"1": ["lib>=2.0b1"]}, "lib": {"2.0b1": []}},
            {"app": {"1": ["lib>=2.0b1"]}, "lib": {"2.0b1": [], "2.0b2": []}},
            {"app": "1", "lib": "2.0b2"},
            id="a pre-release that a requirement names",
        ),
        pytest.param(
            {"app": "1"},
            {"app": {"1": ["lib"]}},
            {"app": {"1": ["lib"]}, "lib": {"1": []}},
            {"app": "1", "lib": "1"},
            id="a missing requirement",
        ),
    ],
)
def test_new_possibilities_are_searched(
    tmp_path: Path, installed: dict[str, str], before: Releases, after: Releases, expected: dict[str, str]
) -> None:
    """What may change the result is part of the marker; the same world again has nothing to do."""
    marker = UpToDateMarker.of(tmp_path, Path("/env"))
    pool = world(installed, before)
    assert installed == best(pool)
    marker.keep(pool, pool.installed)
    assert marker.holds(world(installed, before))
    changed = world(installed, after)
    assert expected == best(changed)
    assert not marker.holds(changed)
