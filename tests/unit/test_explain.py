"""Holds and their reasons in words."""

from __future__ import annotations

from pip_fastupdate.core.models import Reason
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.resolver.explain import holds
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.support.pools import make_pool


def explained(pool: CandidatePool) -> dict[str, list[tuple[str, str]]]:
    solution = best_assignment(pool, Wishes())
    found = holds(pool, solution.assignment, filter(pool.may_move, pool.installed), gave_up=solution.gave_up)
    return {hold.name: [(each.kind, each.text) for each in hold.reasons] for hold in found}


def test_nothing_to_explain() -> None:
    """What is at its newest has no hold."""
    assert {} == explained(make_pool({"a": "1"}, {"a": {"1": (), "2": ()}}))


def test_required_by_another() -> None:
    """The requirement that keeps a project back is quoted with its owner's version."""
    releases = {"numba": {"0.59.1": ("numpy<1.27",)}, "numpy": {"1.26.4": (), "2.0": ()}}
    pool = make_pool({"numba": "0.59.1", "numpy": "1.26.4"}, releases)
    assert {"numpy": [("required-by", "numba 0.59.1 requires numpy<1.27")]} == explained(pool)


def test_requires_what_stays() -> None:
    """A project that needs something newer than can be had says which, and why that stays."""
    releases = {"a": {"1": (), "2": ("mine>=2",)}, "mine": {"1": (), "2": ()}}
    stays = {"mine": Reason(kind="editable", text="installed in editable mode")}
    expected = [("requires", "a 2 requires mine>=2, but mine stays at 1 (installed in editable mode)")]
    assert {"a": expected} == explained(make_pool({"a": "1", "mine": "1"}, releases, stays=stays))


def test_requires_what_is_not_on_the_index() -> None:
    """A new dependency that cannot be had is named."""
    expected = [("requires-missing", "a 2 requires gone>=1, not found on the index")]
    assert {"a": expected} == explained(make_pool({"a": "1"}, {"a": {"1": (), "2": ("gone>=1",)}}))


def test_requires_what_has_no_fitting_release() -> None:
    """A new dependency without a release for this interpreter says what rules the newest out."""
    releases = {"a": {"1": (), "2": ("x",)}, "x": {"1": ()}}
    blocked = {("x", "1"): Reason(kind="no-wheel", text="no wheel for this platform")}
    expected = [("requires-missing", "a 2 requires x, which has no compatible release (no wheel for this platform)")]
    assert {"a": expected} == explained(make_pool({"a": "1"}, releases, blocked=blocked))
    without = {"a": {"1": (), "2": ("x>=2",)}, "x": {"1": ()}}
    expected = [("requires-missing", "a 2 requires x>=2, which has no compatible release")]
    assert {"a": expected} == explained(make_pool({"a": "1"}, without))


def test_conflict_of_an_addition() -> None:
    """A new dependency that does not go together with the rest is the reason."""
    releases = {"a": {"1": (), "2": ("x",)}, "x": {"1": ("b<2",)}, "b": {"1": (), "2": ()}}
    pool = make_pool({"a": "1", "b": "1"}, releases, requested=["b"])
    assert {"a": [("requires", "x 1 requires b<2, but b is upgraded to 2")]} == explained(pool)


def test_conflict_with_an_addition() -> None:
    """What the plan adds is not called upgraded."""
    releases = {"a": {"1": [], "2": ["new<2"]}, "b": {"1": [], "2": ["new>=2"]}, "new": {"1": [], "2": []}}
    pool = make_pool({"a": "1", "b": "1"}, releases, requested=["b"])
    assert {"a": [("requires", "a 2 requires new<2, but new is added at 2")]} == explained(pool)


def test_unreadable_metadata() -> None:
    """A newest version whose requirements cannot be known says so."""
    pool = make_pool({"a": "1"}, {"a": {"1": (), "2": ()}}, unreadable=[("a", "2")])
    assert {"a": [("metadata", "its metadata could not be had: HTTP 500")]} == explained(pool)


def test_given_up() -> None:
    """Where the search was cut short, that is the reason, and no requirement that may be innocent."""
    pool = make_pool({"a": "1"}, {"a": {"1": (), "2": ()}})
    (hold,) = holds(pool, pool.installed, ["a"], gave_up={"a"})
    assert ["budget"] == [each.kind for each in hold.reasons]


def test_chain_through_what_would_have_to_follow() -> None:
    """What a newest version needs newer follows it, until a requirement of somebody else stands in the way."""
    releases = {
        "pydantic": {"1": ("core==1",), "2": ("core==2",)},
        "core": {"1": (), "2": ()},
        "third": {"1": ("core<2",)},
    }
    pool = make_pool({"pydantic": "1", "core": "1", "third": "1"}, releases)
    chain = [("requires", "pydantic 2 requires core==2"), ("required-by", "third 1 requires core<2")]
    found = explained(pool)
    assert chain == found["pydantic"]
    assert [("required-by", "third 1 requires core<2")] == found["core"]


def test_what_keeps_the_other_end_from_moving() -> None:
    """Whoever has the requirement is not newer for a reason of its own, which is told as well."""
    releases = {"numba": {"0.59": ("numpy<1.27",), "0.61": ()}, "numpy": {"1.26": (), "2.0": ()}}
    blocked = {("numba", "0.61"): Reason(kind="requires-python", text="needs Python >=3.14")}
    pool = make_pool({"numba": "0.59", "numpy": "1.26"}, releases, blocked=blocked)
    chain = [
        ("required-by", "numba 0.59 requires numpy<1.27"),
        ("requires-python", "numba 0.61 needs Python >=3.14"),
    ]
    assert {"numpy": chain} == explained(pool)


def test_direct_reference() -> None:
    """A release that requires what is at a URL is held, and the URL named."""
    releases = {"a": {"1": (), "2": ("c @ https://example.com/c.whl",)}, "c": {"1": (), "9": ()}}
    expected = [("direct-url", "a 2 requires c @ https://example.com/c.whl")]
    assert {"a": expected} == explained(make_pool({"a": "1"}, releases))
    assert {"a": expected} == explained(make_pool({"a": "1", "c": "9"}, releases))
