"""The order of wishes, line by line, in the smallest worlds that show it."""

from __future__ import annotations

from pip_fastupdate.core.models import Reason
from pip_fastupdate.resolver.search import Wishes, best_assignment
from tests.support.pools import best, make_pool, versions

EARLY = Reason(kind="pre-release", text="is a pre-release")


def test_version_that_only_an_old_partner_goes_with() -> None:
    """Four hundred versions that a bound rules out cost no more than one."""
    many = {str(version): () for version in range(401)}
    c = {"0": ("f",), **{str(version): ("f>=1",) for version in range(1, 10)}}
    releases = {"a": {"1": (), "2": ("c", "f<1")}, "c": c, "f": many}
    pool = make_pool({"a": "1"}, releases)
    assert {"a": "2", "c": "0", "f": "0"} == best(pool)


def test_newest_needs_nowhere_but_its_neighbour_does_not() -> None:
    """One unreachable newest version does not keep a reachable one from being found, whatever else is in conflict."""
    releases = {
        "p": {"4": (), "9": ("q>=2",), "10": ("nowhere",)},
        "q": {"1": (), "2": (), "3": ("nowhere",)},
    }
    for number in range(6):
        releases[f"x{number}"] = {"1": (), **{str(each): (f"y{number}=={each}",) for each in range(2, 21)}}
        releases[f"y{number}"] = {"1": (), **{str(each): ("nowhere",) for each in range(2, 21)}}
    installed = {name: "4" if name == "p" else "1" for name in releases}
    solution = best_assignment(make_pool(installed, releases), Wishes())
    assert {**installed, "p": "9", "q": "2"} == versions(solution)
    assert not solution.gave_up


def test_half_way_does_not_bar_another_from_its_newest() -> None:
    """To be at the newest counts before getting somewhere in between."""
    releases = {"p0": {"1.0": (), "2.0": (), "3.0": ("p2<2.5",)}, "p1": {"2.0": (), "4.0": ("p0<=1.0",)}}
    assert {"p0": "1.0", "p1": "4.0"} == best(make_pool({"p0": "1.0", "p1": "2.0"}, releases))


def test_as_many_as_possible_before_who() -> None:
    """Two at their newest are better than one, whoever goes first."""
    releases = {"a": {"1": (), "2": ("b<2", "c<2")}, "b": {"1": (), "2": ()}, "c": {"1": (), "2": ()}}
    assert {"a": "1", "b": "2", "c": "2"} == best(make_pool(dict.fromkeys("abc", "1"), releases))


def test_who_requires_goes_before_who_is_required() -> None:
    """Of two that exclude each other, the one whose newest version has the requirement goes."""
    releases = {"a": {"1": (), "2": ()}, "b": {"1": (), "2": ("a<2",)}}
    assert {"a": "1", "b": "2"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_direct_goes_before_transitive() -> None:
    """Of two that exclude each other, the one that nothing installed requires goes."""
    releases = {
        "a": {"1": (), "2": ("c<2",)},
        "b": {"1": (), "2": ("c>=2",)},
        "c": {"1": (), "2": ()},
        "top": {"1": ("a",)},
    }
    found = best(make_pool({"a": "1", "b": "1", "c": "1", "top": "1"}, releases))
    assert {"a": "1", "b": "2", "c": "2", "top": "1"} == found


def test_names_break_the_tie_that_is_left() -> None:
    """Else the name decides."""
    releases = {
        "a": {"1": (), "2": ("c<2",)},
        "b": {"1": (), "2": ("c>1",)},
        "c": {"1": (), "2": ("a<2",)},
        "d": {"1": (), "2": ("b<2",)},
    }
    assert "2" == best(make_pool(dict.fromkeys("abcd", "1"), releases))["a"]


def test_requested_counts_before_many_others() -> None:
    """One that was asked for by name outweighs any number of others."""
    releases = {"a": {"1": (), "2": ("b<2", "c<2")}, "b": {"1": (), "2": ()}, "c": {"1": (), "2": ()}}
    pool = make_pool(dict.fromkeys("abc", "1"), releases, requested=["a"])
    assert {"a": "2", "b": "1", "c": "1"} == best(pool)


def test_missing_is_added_at_any_version_that_fits() -> None:
    """What is missing before the run is added at an older version, where the newest does not fit."""
    releases = {"a": {"1": ("m",)}, "m": {"1": (), "2": ("b<2",), "3": ("nowhere",)}, "b": {"1": (), "2": ()}}
    assert {"a": "1", "b": "2", "m": "1"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_missing_is_added_where_two_bounds_meet() -> None:
    """What several require and nobody has is added where all of them are content."""
    releases = {"a": {"1": ("m>=2",)}, "b": {"1": ("m<4",)}, "m": {str(each): () for each in range(1, 6)}}
    assert {"a": "1", "b": "1", "m": "3"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_as_much_of_the_missing_as_possible() -> None:
    """Where not all that is missing can be added, as many as possible are."""
    releases = {"a": {"1": ("m", "n", "o")}, "m": {"1": ("n>1", "o>1")}, "n": {"1": ()}, "o": {"1": ()}}
    assert {"a": "1", "n": "1", "o": "1"} == best(make_pool({"a": "1"}, releases))


def test_direct_reference_of_a_new_version_holds_it() -> None:
    """What an index has by the name of something at a URL is not taken for it."""
    releases = {
        "a": {"1": (), "2": (), "3": ("c @ https://example.com/c.whl",)},
        "b": {"1": (), "2": ("d[x]",)},
        "c": {"1": ()},
        "d": {"1": ("c @ https://example.com/c.whl ; extra == 'x'",)},
    }
    assert {"a": "2", "b": "1", "d": "1"} == best(make_pool({"a": "1", "b": "1", "d": "1"}, releases))


def test_direct_reference_of_what_is_installed_is_not_fetched_from_the_index() -> None:
    """It is tolerated as missing, and stops nothing."""
    releases = {"a": {"1": ("c @ https://example.com/c.whl",)}, "b": {"1": (), "2": ()}, "c": {"1": ()}}
    assert {"a": "1", "b": "2"} == best(make_pool({"a": "1", "b": "1"}, releases))


def test_unreadable_requirement_of_what_is_installed_binds_nobody() -> None:
    """The newest release may be sound."""
    assert {"a": "2"} == best(make_pool({"a": "1"}, {"a": {"1": ("pytz (>dev)",), "2": ()}}))


def test_prerelease_of_what_is_installed_where_a_requirement_names_it() -> None:
    """A requirement of a new version that names a pre-release takes it, installed or not."""
    releases = {"a": {"1": (), "2": ("b>=2b1",)}, "b": {"1": (), "2b1": ()}}
    pool = make_pool({"a": "1", "b": "1"}, releases, blocked={("b", "2b1"): EARLY})
    assert {"a": "2", "b": "2b1"} == best(pool)


def test_prerelease_where_a_range_has_nothing_else() -> None:
    """A range that only pre-releases fill takes them, as pip does."""
    releases = {"a": {"1": (), "2": ("b>1",)}, "b": {"1": (), "2b1": ()}}
    pool = make_pool({"a": "1", "b": "1"}, releases, blocked={("b", "2b1"): EARLY})
    assert {"a": "2", "b": "2b1"} == best(pool)
    pool = make_pool({"a": "1"}, releases, blocked={("b", "2b1"): EARLY})
    assert {"a": "2", "b": "2b1"} == best(pool)


def test_installed_requirement_that_names_a_prerelease_takes_the_newest() -> None:
    """As pip does when it resolves both together."""
    releases = {"c": {"1": ("b>=1a1",)}, "b": {"1": (), "2b1": (), "2b2": ()}}
    blocked = {("b", "2b1"): EARLY, ("b", "2b2"): EARLY}
    assert {"b": "2b2", "c": "1"} == best(make_pool({"b": "1", "c": "1"}, releases, blocked=blocked))


def test_no_prerelease_by_itself() -> None:
    """A project stays with finals as long as nothing asks for more."""
    releases = {"a": {"1": (), "2": ("b>=1",)}, "b": {"1": (), "2b1": ()}, "c": {"1": (), "2": ("b[z]",)}}
    pool = make_pool(dict.fromkeys("abc", "1"), releases, blocked={("b", "2b1"): EARLY})
    assert {"a": "2", "b": "1", "c": "2"} == best(pool)


def test_prerelease_that_a_constraint_names() -> None:
    """A constraint that names a pre-release admits it."""
    releases = {"b": {"1": (), "2b1": (), "3b1": ()}}
    blocked = {("b", "2b1"): EARLY, ("b", "3b1"): EARLY}
    assert {"b": "2b1"} == best(make_pool({"b": "1"}, releases, blocked=blocked, constraints={"b": ("==2b1",)}))


def test_named_move_others_as_few_and_as_little_as_possible() -> None:
    """Of several ways to let a named project go on, the one that moves the fewest others, and these the least."""
    releases = {
        "a": {"1": (), "2": ("b>1",)},
        "b": {"1": (), "2": ("c>1",), "3": (), "4": ()},
        "c": {"1": (), "2": ()},
    }
    assert {"a": "2", "b": "3", "c": "1"} == best(make_pool(dict.fromkeys("abc", "1"), releases), "a")


def test_versions_that_a_bound_rules_out_are_not_asked_for() -> None:
    """The index is not asked what versions require that cannot be chosen anyway."""
    releases = {"a": {"1": ("b<3",)}, "b": {str(each): () for each in range(1, 90)}}
    pool = make_pool({"a": "1", "b": "1"}, releases)
    asked = _asked(pool)
    assert {"a": "1", "b": "2"} == best(pool)
    assert {"b 89", "b 2"} == asked


def test_neighbours_that_require_the_same_are_not_all_asked_for() -> None:
    """Of many versions with the same requirement in the way, only some are looked at."""
    releases = {
        "a": {"1": (), "2": ()},
        "b": {str(each): ("a<2",) if each > 3 else () for each in range(1, 400)},
        "c": {"1": ("a",), "2": ("a>=2",)},
    }
    pool = make_pool(dict.fromkeys("abc", "1"), releases, requested=["a", "c"])
    asked = _asked(pool)
    assert {"a": "2", "b": "3", "c": "2"} == best(pool)
    assert len(asked) < 80


def _asked(pool) -> set[str]:
    asked: set[str] = set()
    requires = pool.source.requires

    class Watched:
        project, prefetch = pool.source.project, pool.source.prefetch

        def requires(self, release):
            asked.add(f"{release.name} {release.version}")
            return requires(release)

    pool.source = Watched()
    return asked
