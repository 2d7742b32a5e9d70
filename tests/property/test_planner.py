"""On random worlds the plan keeps its promises; small ones are compared with every possible choice."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from pip_fastupdate.core.models import Inventory, Reason
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.support.pools import Catalog, distribution
from tests.support.thoroughness import examples

NAMES = tuple("abcdef")
ADDITIONS = ("x", "y")


specifiers = st.sampled_from(["", ">=2", "<3", "==2", "!=3", "<2", ">=3", "==4"])


@st.composite
def needs(draw, own: str) -> tuple[str, ...]:
    names = draw(st.lists(st.sampled_from([n for n in NAMES + ADDITIONS if n != own]), max_size=2, unique=True))
    extras = draw(st.sampled_from(["", "", "[e]"]))
    found = [f"{name}{extras}{draw(specifiers)}" for name in names]
    if draw(st.integers(0, 3)) == 0:
        other = draw(st.sampled_from([n for n in NAMES if n != own]))
        found.append(f"{other}{draw(specifiers)}; extra == 'e'")
    return tuple(found)


@st.composite
def worlds(draw) -> tuple[Inventory, Catalog, dict[str, Reason]]:
    size = draw(st.integers(2, 5))
    releases: dict[str, dict[str, tuple[str, ...]]] = {}
    distributions = []
    for name in NAMES[:size]:
        top = draw(st.integers(1, 4))
        releases[name] = {str(version): draw(needs(name)) for version in range(1, top + 1)}
        installed = draw(st.integers(1, min(2, top)))
        requires = releases[name][str(installed)]
        distributions.append(distribution(name, str(installed), requires, requested=draw(st.booleans())))
    for name in ADDITIONS:
        if draw(st.booleans()):
            releases[name] = {str(version): draw(needs(name)) for version in range(1, draw(st.integers(1, 3)) + 1)}
    stays = {
        each.name: Reason(kind="editable", text="editable") for each in distributions if draw(st.integers(0, 5)) == 0
    }
    return Inventory(distributions=tuple(distributions)), Catalog(releases), stays


def pool_of(parts) -> CandidatePool:
    inventory, catalog, stays = parts
    return CandidatePool(inventory=inventory, source=catalog, stays=stays)


def consistent_choices(pool: CandidatePool):
    """Every consistent assignment, by brute force."""
    additions = [name for name in ADDITIONS if name not in pool.installed]
    names = [*pool.installed, *additions]
    domains = [pool.versions_of(name) for name in pool.installed]
    domains += [(None, *pool.versions_of(name)) for name in additions]
    for choice in product(*domains):
        assignment = {name: each for name, each in zip(names, choice, strict=True) if each is not None}
        if not pool.problems(assignment):
            yield assignment


@examples(60, nightly=1000)
@given(worlds())
def test_never_worse(parts) -> None:
    """The plan is consistent, downgrades nothing, removes nothing and leaves alone what must stay."""
    pool = pool_of(parts)
    solution = best_assignment(pool, Wishes())
    assert pool.problems(solution.assignment) == []
    assert not solution.exhausted
    for name, today in pool.installed.items():
        assert solution.assignment[name].version >= today.version
        if name in pool.stays:
            assert solution.assignment[name] is today


@examples(40, nightly=1000)
@given(worlds())
def test_cannot_be_bettered(parts) -> None:
    """No other consistent choice has every name at least as new and one of them newer."""
    pool = pool_of(parts)
    found = best_assignment(pool, Wishes()).assignment
    mine = {name: found[name].version for name in pool.installed}
    for other in consistent_choices(pool):
        theirs = {name: other[name].version for name in pool.installed}
        assert theirs == mine or any(theirs[name] < mine[name] for name in mine)


@examples(40, nightly=1000)
@given(worlds(), st.data())
def test_named_first(parts, data) -> None:
    """A single name that is asked for gets the newest version that any consistent choice allows it."""
    pool = pool_of(parts)
    name = data.draw(st.sampled_from(sorted(pool.installed)))
    found = best_assignment(pool, Wishes(names=frozenset({name}))).assignment
    assert pool.problems(found) == []
    assert max(other[name].version for other in consistent_choices(pool)) == found[name].version


@examples(40, nightly=1000)
@given(worlds())
def test_second_run_does_nothing(parts) -> None:
    """After the plan has been carried out there is nothing left to do."""
    inventory, catalog, stays = parts
    pool = CandidatePool(inventory=inventory, source=catalog, stays=stays)
    found = best_assignment(pool, Wishes()).assignment
    after = tuple(
        distribution(name, str(each.version), catalog.releases[name][str(each.version)], requested=pool.requested(name))
        for name, each in sorted(found.items())
    )
    again = CandidatePool(inventory=Inventory(distributions=after), source=catalog, stays=stays)
    assert again.installed == dict(best_assignment(again, Wishes()).assignment)


@examples(20, nightly=400)
@given(worlds(), st.integers(1, 6))
def test_small_budget_is_still_consistent(parts, budget) -> None:
    """When the search is given up, what is left is consistent and not older than before."""
    pool = pool_of(parts)
    found = best_assignment(pool, Wishes(budget=budget)).assignment
    assert pool.problems(found) == []
    assert all(found[name].version >= today.version for name, today in pool.installed.items())
