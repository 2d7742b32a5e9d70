"""Random worlds in plain words, for the oracles and for the planner alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from packaging.version import Version

from pip_fastupdate.core.models import Inventory, Reason
from pip_fastupdate.resolver.candidates import CandidatePool
from tests.support.pools import Catalog, distribution

EARLY = Reason(kind="pre-release", text="is a pre-release")
STAYS = Reason(kind="editable", text="editable")
SPECIFIERS = ("", "", ">=2", "<3", "==2", "!=3", "<2", ">=3", "==4", "<=1", ">1", ">=2,<4", "~=2.0", "<5", ">=5")
EARLY_SPECIFIERS = (">=4.0b1", "==4b1", ">3,<4", ">=3b1", "<4b9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A world: who is installed, and what could be."""

    installed: Mapping[str, str]
    releases: Mapping[str, Mapping[str, tuple[str, ...]]]
    stays: frozenset[str] = frozenset()
    requested: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    unreadable: frozenset[tuple[str, str]] = frozenset()
    seed: int = field(default=0, compare=False)

    def pool(self) -> CandidatePool:
        """For the planner."""
        distributions = tuple(
            distribution(name, version, self.releases[name][version], requested=name in self.requested)
            for name, version in sorted(self.installed.items())
        )
        blocked = {(n, v): EARLY for n, all_ in self.releases.items() for v in all_ if self.early(n, v)}
        source = Catalog(self.releases, blocked=blocked, unreadable=self.unreadable)
        stays = dict.fromkeys(sorted(self.stays), STAYS)
        return CandidatePool(inventory=Inventory(distributions=distributions), source=source, stays=stays)

    def early(self, name: str, version: str) -> bool:
        """Whether it is a pre-release that the policy rules out: what is installed as one may go on to another."""
        today = self.installed.get(name)
        return Version(version).is_prerelease and not (today and Version(today).is_prerelease)


def small(seed: int) -> Plain:
    """A world that has few enough choices to try them all."""
    random = Random(seed)
    return _pool(random, seed, installed=random.randint(1, 5), others=random.randint(0, 2), tops=(1, 4), needs=2)


def middling(seed: int) -> Plain:
    """8 to 25 names."""
    random = Random(seed)
    size = random.randint(8, 25)
    return _pool(random, seed, installed=size, others=random.randint(0, 5), tops=(1, 6), needs=random.randint(1, 3))


def dense(seed: int) -> Plain:
    """40 to 100 names with two to four requirements each."""
    random = Random(seed)
    size = random.randint(40, 100)
    return _pool(random, seed, installed=size, others=random.randint(0, 10), tops=(2, 8), needs=random.randint(2, 4))


def _pool(random: Random, seed: int, *, installed: int, others: int, tops: tuple[int, int], needs: int) -> Plain:
    names = [f"n{number:02}" for number in range(installed)]
    additions = [f"x{number}" for number in range(others)]
    everyone = [*names, *additions, "gone"]
    early = random.random() < 0.3
    releases = {}
    for name in [*names, *additions]:
        versions = [str(version) for version in range(1, random.randint(*tops) + 1)]
        if early and random.random() < 0.4:
            versions.append(f"{len(versions) + 1}b1")
        releases[name] = {each: _needs(random, name, everyone, needs, early) for each in versions}
    consistent = random.random() < 0.7
    today = {}
    for name in names:
        finals = [each for each in releases[name] if not Version(each).is_prerelease]
        today[name] = random.choice(finals[: 1 if consistent else 2])
    if consistent:
        for name, version in today.items():
            releases[name][version] = _kept(releases[name][version], today)
    named = (
        frozenset(random.sample(names, random.randint(1, min(3, installed)))) if random.random() < 0.2 else frozenset()
    )
    return Plain(
        installed=today,
        releases=releases,
        stays=frozenset(name for name in [*names, *additions] if random.random() < 0.08),
        requested=frozenset(name for name in names if random.random() < 0.3),
        named=named,
        unreadable=frozenset(
            (n, v) for n in releases for v in releases[n] if random.random() < 0.02 and today.get(n) != v
        ),
        seed=seed,
    )


def _needs(random: Random, own: str, everyone: list[str], most: int, early: bool) -> tuple[str, ...]:
    found = []
    for name in random.sample(everyone, min(random.randint(0, most), len(everyone))):
        if name == own or (name == "gone" and random.random() < 0.7):
            continue
        extras = random.choice(["", "", "", "[e]"])
        specifier = random.choice(EARLY_SPECIFIERS if early and random.random() < 0.2 else SPECIFIERS)
        marker = random.choice(["", "", "", "", "; extra == 'e'", "; sys_platform == 'nowhere'"])
        found.append(f"{name}{extras}{specifier}{marker}")
    return tuple(found)


def _kept(needs: tuple[str, ...], today: Mapping[str, str]) -> tuple[str, ...]:
    """The requirements that the environment of today fulfils."""
    from packaging.requirements import Requirement

    parsed = [(text, Requirement(text)) for text in needs]
    return tuple(
        text
        for text, each in parsed
        if each.name in today and each.specifier.contains(today[each.name], prereleases=True)
    )
