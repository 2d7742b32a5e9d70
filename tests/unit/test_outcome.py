"""The rows of the report, from worlds written down in a few lines."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Change, Failure, Hold, Plan, Reason, Row
from pip_fastupdate.core.reasons import OF_NEW_VERSION
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.update.report_rows import Outcome, listed_failures, rows
from tests.support.pools import make_pool, release

TWO: dict[str, dict[str, tuple[str, ...]]] = {"a": {"1": (), "2": ()}}


def outcome(pool: CandidatePool, *changes: Change, holds: tuple[Hold, ...] = (), **fields: Any) -> Outcome:
    """What became of a world by that plan."""
    assignment = dict(pool.installed)
    plan = Plan(changes=changes, holds=holds)
    return Outcome(inventory=pool.inventory, pool=pool, assignment=assignment, plan=plan, **fields)


def change(name: str, before: str | None, after: str) -> Change:
    """One distribution that is to move, or to come."""
    return Change(name=name, installed=Version(before) if before else None, target=release(name, after))


def told(row: Row) -> tuple[str | None, str | None, str | None, str, str, list[str]]:
    """All that a row says but its texts."""
    return row.installed, row.target, row.latest, row.action, row.status, [each.kind for each in row.reasons]


@pytest.mark.parametrize("status", ["planned", "done"])
def test_changed(status: str) -> None:
    """What moves has the status of the run, and the new version."""
    found = rows(outcome(make_pool({"a": "1"}, TWO), change("a", "1", "2"), status=status))
    assert [("1", "2", "2", "upgrade", status, [])] == [told(each) for each in found]


def test_current() -> None:
    """What is the newest already stays without a reason."""
    (row,) = rows(outcome(make_pool({"a": "2"}, TWO)))
    assert ("2", "2", "2", "current", "done", []) == told(row)


def test_held() -> None:
    """A hold of the plan is told with its reasons and the version that it stays below."""
    reason = Reason(kind="required-by", text="b 1 requires a<2")
    hold = Hold(name="a", installed=Version("1"), kept=Version("1"), latest=Version("2"), reasons=(reason,))
    (row,) = rows(outcome(make_pool({"a": "1"}, TWO), holds=(hold,)))
    assert ("1", "1", "2", "hold", "done", ["required-by"]) == told(row)


def test_blocked() -> None:
    """A newer release that a rule of the user's holds makes a hold, with its version; a pre-release makes none."""
    late = Reason(kind="cooldown", text="was uploaded too late", data={"uploaded": "2026-11-24"})
    pre = Reason(kind="pre-release", text="is a pre-release")
    releases = {"a": {"1": (), "2": (), "3a1": ()}}
    (row,) = rows(outcome(make_pool({"a": "1"}, releases, blocked={("a", "2"): late, ("a", "3a1"): pre})))
    assert ("1", "1", "1", "hold", "done", ["cooldown"]) == told(row)
    assert row.reasons[0].text == "2 was uploaded too late"
    assert row.reasons[0].data == {"uploaded": "2026-11-24", "version": "2"}


def test_constraint() -> None:
    """A constraint of the user's that rules out the newest candidate is named."""
    (row,) = rows(outcome(make_pool({"a": "1"}, TWO, constraints={"a": ("<2",)})))
    assert ("1", "1", "1", "current", "done", ["constraint"]) == told(row)
    assert row.reasons[0].data == {"version": "2", "constraint": "<2"}


def test_elsewhere() -> None:
    """A newer release from another index holds, and is the latest there is."""
    source = Reason(kind="source-change", text="is on another index only")
    (row,) = rows(outcome(make_pool({"a": "1"}, TWO, blocked={("a", "2"): source})))
    assert ("1", "1", "2", "hold", "done", ["source-change"]) == told(row)


@pytest.mark.parametrize(
    ("kind", "action", "status", "listed"),
    [("hash", "hold", "failed", True), ("offline", "hold", "done", False), ("not-found", "skip", "done", False)],
)
def test_failed(kind: str, action: str, status: str, listed: bool) -> None:
    """What failed is held and makes the run incomplete; what no index has is skipped, and offline it is held."""
    failure = Failure(name="a", kind=kind, text="it could not be had")
    found = outcome(make_pool({"a": "1"}, TWO), failures={"a": failure})
    (row,) = rows(found)
    assert ("1", "1", action, status, [kind]) == (row.installed, row.target, *told(row)[3:])
    assert ((failure,) if listed else ()) == listed_failures(found)


@pytest.mark.parametrize("kind", ["editable", "excluded", *sorted(OF_NEW_VERSION)])
def test_stays(kind: str) -> None:
    """What may not move is skipped, and no newest version told; what is held for the new version's sake is held."""
    stays = {"a": Reason(kind=kind, text="so it is")}
    (row,) = rows(outcome(make_pool({"a": "1"}, TWO, stays=stays)))
    held = kind in OF_NEW_VERSION
    assert ("1", "1", "2" if held else None, "hold" if held else "skip", "done", [kind]) == told(row)


def test_added() -> None:
    """What comes in anew says who asks for it."""
    pool = make_pool({"a": "1"}, {"a": {"1": (), "2": ("b",)}, "b": {"1": ()}})
    moved = Outcome(
        inventory=pool.inventory,
        pool=pool,
        assignment={name: pool.versions_of(name)[0] for name in "ab"},
        plan=Plan(changes=(change("a", "1", "2"), change("b", None, "1"))),
        warnings={"b": (Reason(kind="large", text="it is large"),)},
    )
    _, row = rows(moved)
    assert (None, "1", "1", "add", "planned", ["required-by", "large"]) == told(row)
    assert row.reasons[0].text == "required by a 2"


def test_named_only() -> None:
    """A run that was given names is about these, what moves with them, and what failed."""
    pool = make_pool(dict.fromkeys("abcd", "1"), dict.fromkeys("abcd", TWO["a"]))
    failures = {"c": Failure(name="c", kind="hash", text="it differs")}
    found = rows(outcome(pool, change("b", "1", "2"), named=frozenset({"a"}), failures=failures))
    assert ["a", "b", "c"] == [row.name for row in found]


def test_latest_is_never_older_than_the_target() -> None:
    """A pre-release that a requirement asks for, of what is installed and of what comes in."""
    early = Reason(kind="pre-release", text="is a pre-release")
    releases = {"a": {"1": (), "2": (), "3rc1": ()}, "b": {"1": (), "2": (), "3rc1": ()}}
    blocked = {("a", "3rc1"): early, ("b", "3rc1"): early}
    pool = make_pool({"a": "1"}, releases, blocked=blocked)
    found = rows(outcome(pool, change("a", "1", "3rc1"), change("b", None, "3rc1")))
    assert [("3rc1", "3rc1"), ("3rc1", "3rc1")] == [(row.target, row.latest) for row in found]
    found = rows(outcome(pool, change("a", "1", "2")))
    assert [("2", "2")] == [(row.target, row.latest) for row in found]
