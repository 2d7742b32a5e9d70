"""One world for each kind of situation that resolvers are tried with: what the plan makes of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pip_fastupdate.core.models import Reason
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.support.pools import make_pool, versions

Releases = Mapping[str, Mapping[str, tuple[str, ...]]]

EARLY = Reason(kind="pre-release", text="is a pre-release")
PYTHON = Reason(kind="requires-python", text="needs Python >=4")
NO_WHEEL = Reason(kind="no-wheel", text="has no wheel for this platform")
YANKED = Reason(kind="yanked", text="was yanked")

KINDS: dict[str, tuple[dict[str, str], Releases, dict[tuple[str, str], Reason], dict[str, str]]] = {
    "backtrack to a missing package": ({"a": "1"}, {"a": {"1": (), "2": (), "3": ("gone",)}}, {}, {"a": "2"}),
    "backtrack to a missing version": (
        {"a": "1"},
        {"a": {"1": (), "2": ("b",), "3": ("b>9",)}, "b": {"1": ()}},
        {},
        {"a": "2", "b": "1"},
    ),
    "siblings must agree": (
        {"a": "1", "b": "1"},
        {"a": {"1": (), "2": ("c==2",)}, "b": {"1": (), "2": ("c==2",), "3": ("c==3",)}, "c": {"2": (), "3": ()}},
        {},
        {"a": "2", "b": "2", "c": "2"},
    ),
    "transitive disagreement": (
        {"a": "1", "b": "1"},
        {"a": {"1": (), "2": ("c",)}, "b": {"1": (), "2": ("d<2",)}, "c": {"1": ("d>=2",)}, "d": {"1": (), "2": ()}},
        {},
        {"a": "2", "b": "1", "c": "1", "d": "2"},
    ),
    "circle": (
        {"a": "1", "b": "1"},
        {"a": {"1": ("b==1",), "2": ("b==2",)}, "b": {"1": ("a==1",), "2": ("a==2",), "3": ("a==3",)}},
        {},
        {"a": "2", "b": "2"},
    ),
    "requires itself": ({"a": "1"}, {"a": {"1": (), "2": ("a>=2",), "3": ("a<3",)}}, {}, {"a": "2"}),
    "extra of its own": (
        {"a": "1"},
        {"a": {"1": (), "2": ("a[x]", "b<3; extra == 'x'")}, "b": {"2": (), "3": ()}},
        {},
        {"a": "2", "b": "2"},
    ),
    "extra that does not exist": (
        {"a": "1", "b": "1"},
        {"a": {"1": (), "2": ("b[none]",)}, "b": {"1": ()}},
        {},
        {"a": "2", "b": "1"},
    ),
    "all extras at once": (
        {"a": "1", "b": "1"},
        {
            "a": {"1": (), "2": ("b[x,y]",)},
            "b": {"1": (), "2": ("c<3; extra == 'x'", "c>=2; extra == 'y'")},
            "c": {"1": (), "2": (), "3": ()},
        },
        {},
        {"a": "2", "b": "2", "c": "2"},
    ),
    "extra only some versions have": (
        {"a": "1"},
        {
            "a": {"1": (), "2": ("b[x]",)},
            "b": {"1": ("c; extra == 'x'",), "2": ("gone; extra == 'x'",)},
            "c": {"1": ()},
        },
        {},
        {"a": "2", "b": "1", "c": "1"},
    ),
    "excluded versions": (
        {"a": "1", "b": "1"},
        {"a": {"1": (), "2": ("b!=3,!=4.*",)}, "b": {"1": (), "2": (), "3": (), "4.1": ()}},
        {},
        {"a": "2", "b": "2"},
    ),
    "compatible release": (
        {"a": "1", "b": "1.0"},
        {"a": {"1": (), "2": ("b~=1.4",)}, "b": {"1.0": (), "1.4": (), "1.9": (), "2.0": ()}},
        {},
        {"a": "2", "b": "1.9"},
    ),
    "local version": (
        {"a": "1", "b": "1"},
        {"a": {"1": ("b==1",)}, "b": {"1": (), "1+x": (), "2": ()}},
        {},
        {"a": "1", "b": "1+x"},
    ),
    "post release": (
        {"a": "1", "b": "1"},
        {"a": {"1": ("b>=1,<2",)}, "b": {"1": (), "1.post1": (), "2": ()}},
        {},
        {"a": "1", "b": "1.post1"},
    ),
    "post release is not greater": (
        {"a": "1", "b": "1"},
        {"a": {"1": (), "2": ("b>1",)}, "b": {"1": (), "1.post1": ()}},
        {},
        {"a": "1", "b": "1.post1"},
    ),
    "wrong python": ({"a": "1"}, {"a": {"1": (), "2": (), "3": ()}}, {("a", "3"): PYTHON}, {"a": "2"}),
    "wrong python below": (
        {"a": "1"},
        {"a": {"1": (), "2": ("b",), "3": ("b>=2",)}, "b": {"1": (), "2": ()}},
        {("b", "2"): PYTHON},
        {"a": "2", "b": "1"},
    ),
    "no wheel below": ({"a": "1"}, {"a": {"1": (), "2": ("b",)}, "b": {"1": ()}}, {("b", "1"): NO_WHEEL}, {"a": "1"}),
    "yanked below": (
        {"a": "1"},
        {"a": {"1": (), "2": ("b",)}, "b": {"1": (), "2": ()}},
        {("b", "2"): YANKED},
        {"a": "2", "b": "1"},
    ),
    "only pre-releases below": (
        {"a": "1"},
        {"a": {"1": (), "2": ("b>=1",)}, "b": {"1": (), "2b1": ()}},
        {("b", "2b1"): EARLY},
        {"a": "2", "b": "1"},
    ),
    "pre-release named below an addition": (
        {"a": "1", "c": "1"},
        {"a": {"1": (), "2": ("b",)}, "b": {"1": ("c>=2b1",)}, "c": {"1": (), "2b1": ()}},
        {("c", "2b1"): EARLY},
        {"a": "2", "b": "1", "c": "2b1"},
    ),
    "pre-release that no bound asks for": (
        {"a": "1", "b": "1"},
        {"a": {"1": (), "2": ("c!=1",)}, "b": {"1": (), "2": ("c!=2",)}, "c": {"1": (), "2": (), "3a1": ()}},
        {("c", "3a1"): EARLY},
        {"a": "2", "b": "1", "c": "2"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind: str) -> None:
    """The plan is the expected one, and the search came to its end."""
    installed, releases, blocked, expected = KINDS[kind]
    solution = best_assignment(make_pool(installed, releases, blocked=blocked), Wishes())
    assert expected == versions(solution)
    assert not solution.gave_up
