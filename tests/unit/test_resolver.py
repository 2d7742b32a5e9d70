"""The plan in small worlds: what it moves, what it leaves, and what it adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pip_fastupdate.core.models import Failure, Project, Reason
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.oracle.judge import Judge
from tests.oracle.worlds import middling
from tests.support.pools import best, make_pool, versions

EDITABLE = Reason(kind="editable", text="installed in editable mode")


def test_everything_at_its_newest() -> None:
    """Without conflicts all go to their newest, and no search is needed."""
    pool = make_pool({"a": "1", "b": "1"}, {"a": {"1": (), "2": ("b>=1",)}, "b": {"1": (), "3": ()}})
    solution = best_assignment(pool, Wishes())
    assert {"a": "2", "b": "3"} == {name: str(each.version) for name, each in solution.assignment.items()}
    assert solution.rounds == 0


def test_upper_bound_holds_back() -> None:
    """A newest version that an installed package forbids is not chosen, the newest admitted one is."""
    releases = {"numba": {"1": ("numpy<3",)}, "numpy": {"1": (), "2": (), "2.9": (), "3": ()}}
    assert {"numba": "1", "numpy": "2.9"} == best(make_pool({"numba": "1", "numpy": "1"}, releases))


def test_exact_pins_move_together() -> None:
    """A family that pins its members exactly moves as one."""
    releases = {
        "pydantic": {"1": ("pydantic-core==1",), "2": ("pydantic-core==2",)},
        "pydantic-core": {"1": (), "2": (), "3": ()},
    }
    assert {"pydantic": "2", "pydantic-core": "2"} == best(make_pool({"pydantic": "1", "pydantic-core": "1"}, releases))


def test_new_dependency_is_added() -> None:
    """What a new version requires and is not installed comes along, with what that requires."""
    releases = {"a": {"1": (), "2": ("x>=1",)}, "x": {"1": (), "2": ("y",)}, "y": {"5": ()}}
    assert {"a": "2", "x": "2", "y": "5"} == best(make_pool({"a": "1"}, releases))


def test_addition_that_cannot_be_had_holds_its_requirer() -> None:
    """A version whose new dependency is not on the index is passed over."""
    releases = {"a": {"1": (), "2": (), "3": ("gone",)}}
    assert {"a": "2"} == best(make_pool({"a": "1"}, releases))


def test_addition_that_is_no_longer_needed_is_dropped() -> None:
    """Additions of a version that the search gives up again are not in the plan."""
    releases = {
        "a": {"1": (), "2": ("x", "b<2")},
        "b": {"1": (), "2": ()},
        "c": {"1": ("b>=1",), "2": ("b>=2",)},
        "x": {"1": ()},
    }
    assert "x" not in best(make_pool({"a": "1", "b": "1", "c": "1"}, releases, requested=["b", "c"]))


def test_extra_asked_for_by_another_package() -> None:
    """The requirements of an extra count where a package asks for it, and only there."""
    releases = {
        "app": {"1": ("lib[fast]",)},
        "lib": {"1": ("speed<2; extra == 'fast'", "slow<2; extra == 'lazy'")},
        "speed": {"1": (), "2": ()},
        "slow": {"1": (), "2": ()},
    }
    assert {"app": "1", "lib": "1", "slow": "2", "speed": "1"} == best(
        make_pool({"app": "1", "lib": "1", "speed": "1", "slow": "1"}, releases)
    )


def test_marker_of_another_platform_is_ignored() -> None:
    """A requirement whose marker does not hold here binds nothing."""
    releases = {"a": {"1": ("b<2; sys_platform == 'nowhere'",)}, "b": {"1": (), "2": ()}}
    assert {"a": "1", "b": "2"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_what_must_stay_is_respected() -> None:
    """An editable project keeps its version, and its requirements keep others back."""
    releases = {"mine": {"1": ("lib<2",), "2": ()}, "lib": {"1": (), "2": ()}}
    pool = make_pool({"mine": "1", "lib": "1"}, releases, stays={"mine": EDITABLE})
    assert {"mine": "1", "lib": "1"} == best(pool)


def test_violation_of_today_is_tolerated() -> None:
    """A requirement that is violated before the run does not stop anything else, but is not made worse."""
    releases = {"a": {"1": ("b<1",), "2": ("b<1",)}, "b": {"1": (), "2": ()}, "c": {"1": (), "2": ()}}
    assert {"a": "1", "b": "1", "c": "2"} == best(make_pool({"a": "1", "b": "1", "c": "1"}, releases))


def test_violation_of_today_is_mended() -> None:
    """A requirement that is violated before the run is mended where newer versions allow."""
    releases = {"a": {"1": ("b<1",), "2": ("b>=2",)}, "b": {"1": (), "2": ()}}
    assert {"a": "2", "b": "2"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_missing_requirement_is_mended() -> None:
    """What is missing before the run is added when that breaks nothing."""
    assert {"a": "1", "b": "1"} == best(make_pool({"a": "1"}, {"a": {"1": ("b",)}, "b": {"1": ()}}))


def test_missing_requirements_are_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each when the one before has been looked at."""
    releases = {"a": {"1": ("b", "c", "d")}, "b": {"1": ()}, "c": {"1": ()}, "d": {"1": ()}}
    pool, told = make_pool({"a": "1"}, releases), []
    monkeypatch.setattr(pool.source, "prefetch", lambda names=(), releases=(): told.extend(names))
    monkeypatch.setattr(pool.source, "project", _after(told, pool.source.project))
    assert {"a": "1", "b": "1", "c": "1", "d": "1"} == best(pool)


def _after(told: list[str], project: Callable[[str], Project | Failure]) -> Callable[[str], Project | Failure]:
    def asked(name: str) -> Project | Failure:
        assert name == "a" or {"b", "c", "d"} <= set(told)
        return project(name)

    return asked


def test_missing_requirement_is_tolerated() -> None:
    """What is missing and cannot be had stops nothing."""
    releases = {"a": {"1": ("gone",)}, "b": {"1": (), "2": ()}}
    assert {"a": "1", "b": "2"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_names_move_alone() -> None:
    """Only what is named moves."""
    releases = {"a": {"1": (), "2": ()}, "b": {"1": (), "2": ()}}
    pool = make_pool({"a": "1", "b": "1"}, releases)
    assert {"a": "2", "b": "1"} == best(pool, "a")
    assert "b" not in pool.source.asked


def test_names_move_others_only_as_far_as_they_must() -> None:
    """What a named project needs newer moves, but no further than that."""
    releases = {"a": {"1": (), "2": ("b>=1.5",)}, "b": {"1": (), "1.5": (), "2": ()}, "c": {"1": ("b<9",), "2": ()}}
    assert {"a": "2", "b": "1.5", "c": "1"} == best(make_pool({"a": "1", "b": "1", "c": "1"}, releases), "a")


def test_named_comes_before_requested() -> None:
    """Where two cannot both move, the one that is named does."""
    releases = {"a": {"1": (), "2": ("c<2",)}, "b": {"1": (), "2": ("c>=2",)}, "c": {"1": (), "2": ()}}
    pool = make_pool({"a": "1", "b": "1", "c": "1"}, releases, requested=["b"])
    assert {"a": "2", "b": "1", "c": "1"} == best(pool, "a")


def test_requested_comes_before_the_rest() -> None:
    """Where two cannot both move, the one that the user once asked for does."""
    releases = {"a": {"1": (), "2": ("b<2",)}, "b": {"1": (), "2": ()}}
    assert {"a": "2", "b": "1"} == best(make_pool({"a": "1", "b": "1"}, releases, requested=["a"]))
    assert {"a": "1", "b": "2"} == best(make_pool({"a": "1", "b": "1"}, releases, requested=["b"]))


def test_one_gives_way_to_many() -> None:
    """One project stays back where that lets two others reach their newest."""
    releases = {
        "a": {"1": (), "2": ("b<2", "c<2")},
        "b": {"1": (), "2": ()},
        "c": {"1": (), "2": ()},
    }
    assert {"a": "1", "b": "2", "c": "2"} == best(make_pool({"a": "1", "b": "1", "c": "1"}, releases))


def test_prereleases_only_where_a_requirement_names_one() -> None:
    """A pre-release that the policy rules out is an addition only for a requirement that names one."""
    early = Reason(kind="pre-release", text="a pre-release")
    releases = {"a": {"1": (), "2": ("x>=2b1",)}, "x": {"1": (), "2b1": ()}}
    assert {"a": "2", "x": "2b1"} == best(make_pool({"a": "1"}, releases, blocked={("x", "2b1"): early}))


def test_blocked_release_is_never_chosen() -> None:
    """A release that this interpreter cannot install is not in the plan."""
    needs = Reason(kind="requires-python", text="needs Python >=4")
    assert {"a": "2"} == best(make_pool({"a": "1"}, {"a": {"1": (), "2": (), "3": ()}}, blocked={("a", "3"): needs}))


def test_unreadable_metadata_is_passed_over() -> None:
    """A version whose requirements cannot be known is not chosen."""
    assert {"a": "2"} == best(make_pool({"a": "1"}, {"a": {"1": (), "2": (), "3": ()}}, unreadable=[("a", "3")]))


def test_constraints_bound_new_versions() -> None:
    """A constraint keeps a project below a version, whatever is installed."""
    releases = {"a": {"1": (), "2": (), "3": ()}}
    assert {"a": "2"} == best(make_pool({"a": "1"}, releases, constraints={"a": ("<3",)}))


def test_corrected_requirements_count() -> None:
    """What the wheel itself says goes before what the index told."""
    releases = {"a": {"1": (), "2": ()}, "b": {"1": (), "2": ()}}
    pool = make_pool({"a": "1", "b": "1"}, releases, corrections={("a", "2"): ("b<2",)}, requested=["a"])
    assert {"a": "2", "b": "1"} == best(pool)


@pytest.mark.parametrize("seed", [27, 54, 128, 196])
def test_budget_that_runs_out(seed: int) -> None:
    """A search that is given up says about what; what it has found is consistent, and nothing is older than before."""
    plain = middling(seed)
    solution = best_assignment(plain.pool(), Wishes(budget=0))
    assert solution.gave_up
    assert Judge(plain).consistent(versions(solution))
    assert not best_assignment(plain.pool(), Wishes()).gave_up


def test_what_has_no_part_in_a_conflict_is_raised_within_any_budget() -> None:
    """A search that is given up is not given up for all."""
    plain = middling(27)
    releases = {**plain.releases, "free": {"1": (), "2": ()}}
    pool = replace(plain, installed={**plain.installed, "free": "1"}, releases=releases).pool()
    solution = best_assignment(pool, Wishes(budget=0))
    assert solution.gave_up
    assert "2" == versions(solution)["free"]


def test_budget_of_look_ups_that_runs_out() -> None:
    """The same for what would have to be asked of the index."""
    releases = {"a": {"1": (), "2": ("b<3",)}, "b": {"1": (), "2": ("a<2",), "3": ()}}
    pool = make_pool({"a": "1", "b": "1"}, releases)
    assert {"b"} == best_assignment(pool, Wishes(lookups=0)).gave_up - {"a"}
