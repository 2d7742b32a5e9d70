"""Halving a plan: which parts of it are tried, and what is found."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise

import pytest

from pip_fastupdate.core.models import Change, Plan, Reason
from pip_fastupdate.resolver.search import Wishes, best_assignment
from pip_fastupdate.update.results import Planned
from pip_fastupdate.update.trials.user_test import Bisection, Parts
from tests.support.pools import Releases, make_pool

Verdict = Callable[[frozenset[str]], "bool | None"]

FREE: Releases = {name: {"1": (), "2": ()} for name in "abcdefgh"}
"""Eight projects that have nothing to do with each other."""

TIED: Releases = {
    "app": {"1": ["lib<2"], "2": ["lib>=2", "fresh"]},
    "core": {"1": (), "2": ()},
    "fresh": {"1": ()},
    "lib": {"1": (), "2": ()},
    "model": {"1": ["core==1"], "2": ["core==2"]},
    "plugin": {"1": (), "2": ["app>=2"]},
    "other": {"1": (), "2": ()},
}
"""Pairs that move together, one that needs them, and an addition."""


def planned(releases: Releases, requested: tuple[str, ...] = ()) -> Planned:
    """The plan that brings everything to its newest."""
    installed = {name: "1" for name, versions in releases.items() if len(versions) > 1}
    pool = make_pool(installed, releases, requested=requested)
    assignment = best_assignment(pool, Wishes()).assignment
    changes = tuple(
        Change(
            name=name,
            installed=pool.installed[name].version if name in pool.installed else None,
            target=each.release,
            requested=pool.requested(name),
        )
        for name, each in sorted(assignment.items())
        if each.release is not None
    )
    return Planned(pool=pool, assignment=assignment, plan=Plan(changes=changes), failures={})


def names(plan: Planned) -> frozenset[str]:
    return frozenset(each.name for each in plan.plan.changes)


def found(plan: Planned, verdict: Verdict) -> tuple[set[str], int]:
    """What is blamed, and after how many tries."""
    reasons, tries = searched(plan, verdict)
    return set(reasons), tries


def searched(plan: Planned, verdict: Verdict) -> tuple[dict[str, Reason], int]:
    """The updates that fail, with their reasons, and after how many tries they are found."""
    search, tries = Bisection.of(plan), 0
    while (part := search.next) is not None:
        tries += 1
        search = search.after(verdict(names(part)))
    return search.failing_updates, tries


def failing(*bad: str) -> Verdict:
    """Fails with all of them."""
    return lambda part: not part >= set(bad)


@pytest.mark.parametrize("bad", "abcdefgh")
def test_one_of_eight(bad: str) -> None:
    """Found after three tries."""
    assert ({bad}, 3) == found(planned(FREE), failing(bad))


def test_one_that_fails_with_another() -> None:
    """The one that comes later is blamed: what the user asked for comes first."""
    assert {"f"} == found(planned(FREE), failing("b", "f"))[0]
    assert {"b"} == found(planned(FREE, requested=("f",)), failing("b", "f"))[0]


def test_one_of_one() -> None:
    """Then nothing is left to be tried."""
    assert ({"a"}, 0) == found(planned({"a": FREE["a"]}), failing("a"))


def test_every_part_is_consistent() -> None:
    """Steps begin with nothing, end with everything, and break no requirement on the way."""
    plan = planned(TIED)
    steps = Parts(planned=plan).steps()
    assert (frozenset(), names(plan)) == (steps[0], steps[-1])
    for lower, upper in pairwise(steps):
        assert lower < upper
    for step in steps:
        held = {**plan.pool.installed, **{name: plan.assignment[name] for name in step}}
        assert [] == plan.pool.problems(held)


def test_steps_are_as_small_as_can_be() -> None:
    """Only what cannot be told apart goes together."""
    parts = Parts(planned=planned(TIED)).steps()
    steps = {upper - lower for lower, upper in pairwise(parts)}
    assert {frozenset(each) for each in (["app", "lib"], ["core", "model"], ["fresh"], ["plugin"], ["other"])} == steps


@pytest.mark.parametrize(
    ("bad", "blamed"),
    [
        ("plugin", {"plugin"}),
        ("fresh", {"fresh"}),
        ("app", {"app", "lib"}),
        ("core", {"core", "model"}),
        ("other", {"other"}),
    ],
)
def test_blame_among_tied_ones(bad: str, blamed: set[str]) -> None:
    """The failing one is blamed with what cannot be told from it, and with nothing that it merely needs."""
    assert blamed == found(planned(TIED), failing(bad))[0]


def test_reasons_name_what_cannot_be_told_apart() -> None:
    """Each with its version."""
    reasons = searched(planned(TIED), failing("core"))[0]
    assert {"version": "2", "with": "model 2"} == reasons["core"].data
    assert {"version": "2"} == searched(planned(FREE), failing("c"))[0]["c"].data


def test_parts_that_cannot_be_tried_are_passed_over() -> None:
    """The next ones tell as much as can be told."""
    plan = planned(FREE)

    def verdict(part: frozenset[str]) -> bool | None:
        return None if ("c" in part) != ("d" in part) else "d" not in part

    assert {"c", "d"} == found(plan, verdict)[0]


def test_whatever_fails_is_found() -> None:
    """For any pair whose presence fails: without what is blamed, the part that was found passes."""
    plan = planned(FREE)
    for pair in combinations("abcdefgh", 2):
        blamed, tries = found(plan, failing(*pair))
        assert len(blamed) == 1
        assert blamed <= set(pair)
        assert tries == 3


def test_extras_that_tie_three() -> None:
    """A requirement that comes into force by two upgrades takes the third along, whichever is asked for."""
    tied: Releases = {
        "asks": {"1": (), "2": ["has[more]"]},
        "has": {"1": (), "2": ["third>=2; extra == 'more'"]},
        "third": {"1": (), "2": ()},
    }
    parts = Parts(planned=planned(tied))
    assert frozenset(("asks", "has", "third")) == parts.closed(frozenset(("asks", "has")))
    assert frozenset(("asks",)) == parts.closed(frozenset(("asks",)))
