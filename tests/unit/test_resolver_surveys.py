"""Packages with many versions, of which only some are looked at."""

from __future__ import annotations

import random

import pytest

from pip_fastupdate.resolver import encoding
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.support.pools import make_pool, versions


class Watched:
    """A source that notes whose requirements were asked for."""

    def __init__(self, source) -> None:
        self.project, self.prefetch, self._requires = source.project, source.prefetch, source.requires
        self.asked: list[str] = []

    def requires(self, release):
        """As the source has it."""
        self.asked.append(release.name)
        return self._requires(release)


def watched(installed, releases, **more):
    """A world, and the names of the projects whose versions were looked at, once for each of these."""
    pool = make_pool(installed, releases, **more)
    source = pool.source = Watched(pool.source)
    return pool, source.asked


def test_boundary_is_found_by_halves() -> None:
    """The newest version without a requirement, among three hundred with it and forty without."""
    b = {str(each): ("a<2",) if each > 40 else () for each in range(1, 341)}
    releases = {"a": {"1": (), "2": ()}, "b": b, "c": {"1": ("a",), "2": ("a>=2",)}}
    pool, asked = watched(dict.fromkeys("abc", "1"), releases, requested=["a", "c"])
    assert {"a": "2", "b": "40", "c": "2"} == versions(best_assignment(pool, Wishes()))
    assert asked.count("b") <= 24


def test_two_that_move_in_step() -> None:
    """Each version requires another range of its partner's, and all of these the same: none of many is possible."""
    steps = range(1, 301)
    releases = {
        "dates": {"2": (), "4": ()},
        "model": {"1": (), "2": ("sdk",)},
        "sdk": {str(each): (f"core>={each},<{each + 9}",) for each in steps},
        "core": {str(each): ("dates<3",) for each in steps},
    }
    pool, asked = watched({"dates": "2", "model": "1"}, releases, requested=["dates"])
    assert {"dates": "4", "model": "1"} == versions(best_assignment(pool, Wishes()))
    assert asked.count("sdk") + asked.count("core") <= 60


@pytest.mark.parametrize("seed", range(25))
def test_same_plan_as_when_all_are_looked_at(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bounds move one way from version to version; and whatever is chosen has been read."""
    chance = random.Random(seed)
    names, count = ["p", "q", "r", "s"], 70
    releases = {name: {} for name in names}
    for name in names:
        partners = [each for each in names if each != name and chance.random() < 0.7]
        changes = {each: sorted(chance.sample(range(2, count), 3)) for each in partners}
        for version in range(1, count + 1):
            caps = {each: sum(version >= at for at in changes[each]) for each in partners}
            releases[name][str(version)] = tuple(
                f"{each}<{count - 20 * cap}" if cap else each for each, cap in caps.items()
            )
    installed = dict.fromkeys(names, "1")
    pool, asked = watched(installed, releases)
    found = best_assignment(pool, Wishes())
    assert [] == pool.problems(found.assignment)
    monkeypatch.setattr(encoding, "FAR", 10_000)
    whole, all_asked = watched(installed, releases)
    assert versions(best_assignment(whole, Wishes())) == versions(found)
    assert len(asked) <= len(all_asked)
