"""The same plan, whatever order the index's answers come in."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Distribution, Inventory
from pip_fastupdate.core.settings import Network, Settings
from pip_fastupdate.index.catalog import Catalog
from pip_fastupdate.progress import Silent
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.resolver.explain import holds
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.support.fake_session import SIMPLE, FakeSession
from tests.support.source_records import HERE
from tests.support.wheels import make_metadata

ROOT = "https://index.invalid"
STEPS = range(1, 46)
RELEASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "app": {"1": ("lib<9",), "2": ("lib<9", "web[fast]"), "3": ("lib<3", "sdk")},
    "lib": {"1": (), "2": (), "4": (), "9": ()},
    "dates": {"2": (), "4": ()},
    "sdk": {str(each): (f"core>={each},<{each + 4}",) for each in STEPS},
    "core": {str(each): ("dates<3",) if each > 5 else () for each in STEPS},
    "web": {"1": ("speed<2; extra == 'fast'",), "2": ("speed<3; extra == 'fast'", "lib>=2")},
    "speed": {"1": (), "2": ("dates",), "3": ("nowhere",)},
    "left": {"1": (), "2": ("right<2",)},
    "right": {"1": (), "2": ("left<2",)},
}
INSTALLED = {"app": "1", "lib": "1", "dates": "2", "left": "1", "right": "1"}


def index() -> FakeSession:
    """Serves all of them, with sidecars."""
    session = FakeSession()
    for name, versions in RELEASES.items():
        files = [
            {
                "url": f"{ROOT}/files/{name}-{version}-py3-none-any.whl",
                "hashes": {"sha256": "ab" * 32},
                "core-metadata": True,
            }
            for version in versions
        ]
        session.page(f"{ROOT}/simple/{name}/", {"name": name, "files": files}, SIMPLE)
        for version, requires in versions.items():
            url = f"{ROOT}/files/{name}-{version}-py3-none-any.whl.metadata"
            session.page(url, make_metadata(name, version, requires=requires), "text/plain")
    return session


def planned(session: FakeSession, jobs: int) -> tuple[dict[str, str], list[object]]:
    """The plan, and the reasons of what is held."""
    source = Catalog(Settings(index_url=f"{ROOT}/simple", network=Network(jobs=jobs)), session, HERE)  # type: ignore[arg-type]
    source.look_up({name: Version(version) for name, version in INSTALLED.items()}, Silent())
    distributions = tuple(
        Distribution(
            name=name,
            version=Version(version),
            requires=RELEASES[name][version],
            location=Path("site"),
            info_name=f"{name}-{version}.dist-info",
        )
        for name, version in INSTALLED.items()
    )
    pool = CandidatePool(inventory=Inventory(distributions=distributions), source=source)
    solution = best_assignment(pool, Wishes())
    found = {name: str(each.version) for name, each in solution.assignment.items()}
    told = list(holds(pool, solution.assignment, INSTALLED))
    source.close()
    return dict(sorted(found.items())), told


@pytest.mark.parametrize("seed", range(12))
def test_latencies_make_no_difference(seed: int) -> None:
    """Neither to what is planned nor to the reasons; nor do more threads."""
    chance, session = random.Random(seed), index()
    waits = {url: chance.choice((0.0, 0.0, 0.001, 0.004)) for url in sorted(session.pages)}
    session.before = lambda url: time.sleep(waits.get(url, 0.0))
    assert planned(index(), jobs=1) == planned(session, jobs=chance.choice((2, 4, 16)))


def test_plan() -> None:
    """What the plan is: as much as possible at its newest."""
    found, _ = planned(index(), jobs=4)
    assert {"app": "3", "dates": "4", "lib": "2", "left": "2", "right": "1"}.items() <= found.items()
