"""A part of ``python -m tests.oracle`` in every run: no plan is better than the planner's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.oracle import brute, why
from tests.oracle.worlds import dense, middling, small
from tests.support.pools import versions

BLOCKS = range(0, 400, 50)


@pytest.mark.parametrize("first", BLOCKS)
def test_no_choice_of_a_small_world_is_better(first: int) -> None:
    """All choices tried: none is better by the order of wishes."""
    faults = {seed: brute.fault(small(seed)) for seed in range(first, first + 50)}
    assert {} == {seed: fault for seed, fault in faults.items() if fault}


@pytest.mark.parametrize("seed", range(40))
def test_the_same_plan_in_whatever_order_things_are_told(seed: int) -> None:
    """Neither the order of projects nor that of versions on the index matters, nor who was looked at before."""
    plain = middling(seed)
    turned = replace(
        plain,
        installed=dict(reversed(plain.installed.items())),
        releases={name: dict(reversed(found.items())) for name, found in reversed(plain.releases.items())},
    )
    pool = turned.pool()
    for name in reversed(plain.releases):
        pool.versions_of(name, pre=True)
    wishes = Wishes(names=plain.named)
    assert versions(best_assignment(plain.pool(), wishes)) == versions(best_assignment(pool, wishes))


@pytest.mark.parametrize("first", BLOCKS)
def test_reasons_are_so(first: int) -> None:
    """Without the requirements that a hold names, its newest version is possible."""
    faults = {seed: why.fault(small(seed)) for seed in range(first, first + 50)}
    assert {} == {seed: fault for seed, fault in faults.items() if fault}


@pytest.mark.parametrize("seed", range(24))
def test_a_maxsat_solver_finds_nothing_better(seed: int) -> None:
    """Worlds of 8 to 25 names."""
    maxsat = pytest.importorskip("tests.oracle.maxsat", reason="needs python-sat")
    assert "" == maxsat.fault(middling(seed))


@pytest.mark.parametrize("seed", range(4))
def test_a_maxsat_solver_finds_nothing_better_in_dense_worlds(seed: int) -> None:
    """Worlds of 40 to 100 names with two to four requirements each; none is cut short."""
    maxsat = pytest.importorskip("tests.oracle.maxsat", reason="needs python-sat")
    assert "" == maxsat.fault(dense(seed))
