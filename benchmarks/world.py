"""The generated projects: deterministic, and the first N are the same whatever the size of the world."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

MEDIAN_BODY, MEAN_BODY = 125_000, 265_000
"""Bytes of the JSON API's answers, as measured over the projects of real environments."""

PURE = ("py3-none-any",)
BINARY = tuple(
    f"cp3{minor}-cp3{minor}-{platform}"
    for minor in range(10, 15)
    for platform in (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "manylinux_2_17_aarch64.manylinux2014_aarch64",
        "macosx_11_0_arm64",
        "win_amd64",
    )
)
FILE_ENTRY = 720
"""Bytes that one file takes in the JSON API's answer, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One generated project."""

    name: str
    installed: str
    """The version in the generated environments."""

    latest: str
    versions: tuple[str, ...]
    """All of them, oldest first."""

    tags: tuple[str, ...]
    """The wheel tags of each release, beside which there is an sdist."""

    requires: tuple[str, ...]
    """The Requires-Dist fields of the newest release."""

    required_before: tuple[str, ...]
    """The Requires-Dist fields of the installed release."""

    description: int
    """Bytes of the long description."""

    @property
    def outdated(self) -> bool:
        """Whether there is anything newer than what is installed."""
        return self.installed != self.latest


def make_world(size: int, *, outdated: float = 0.4, pure: bool = False, prefix: str = "bench") -> list[Project]:
    """``size`` projects of which the share ``outdated`` has a newer version than the installed one.

    Three in ten have native wheels, unless all are to be ``pure``. Their newest versions are consistent with each
    other, and so are the installed ones.
    """
    world: list[Project] = []
    for number in range(size):
        world.append(_make_project(number, world, outdated, pure, prefix))
    return world


def _make_project(number: int, before: list[Project], outdated: float, pure: bool, prefix: str) -> Project:
    chance = random.Random(f"{prefix} {number}")
    body = _lognormal(chance, MEDIAN_BODY, MEAN_BODY)
    description = min(int(body * 0.2), int(_lognormal(chance, 5_000, 9_000)))
    tags = PURE if chance.random() < 0.7 or pure else BINARY
    # The newest release's files stand in the answer twice, in "releases" and in "urls".
    count = max(2, round((body - description) / FILE_ENTRY / (len(tags) + 1)) - 1)
    versions = tuple(f"{1 + each // 40}.{each // 4 % 10}.{each % 4}" for each in range(count))
    behind = min(count - 1, chance.randint(1, 8)) if chance.random() < outdated else 0
    needed = chance.sample(before, min(len(before), chance.choice([0, 0, 1, 1, 2, 3, 5])))
    # An exact pin moves along with the update, so only a project that is itself outdated can have one.
    exact = number % 20 == 19 and behind > 0
    return Project(
        name=f"{prefix}-{number:04d}",
        installed=versions[-1 - behind],
        latest=versions[-1],
        versions=versions,
        tags=tags,
        requires=tuple(_requirement(each, each.latest, exact=exact and each is needed[0]) for each in needed),
        required_before=tuple(_requirement(each, each.installed, exact=exact and each is needed[0]) for each in needed),
        description=description,
    )


def _requirement(project: Project, version: str, *, exact: bool) -> str:
    """Some projects pin a companion exactly, which only an update of both at once can satisfy."""
    return f"{project.name}=={version}" if exact else f"{project.name}>={project.installed}"


def _lognormal(chance: random.Random, median: float, mean: float) -> float:
    return median * math.exp(chance.gauss(0.0, math.sqrt(2 * math.log(mean / median))))
