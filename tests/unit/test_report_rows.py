from __future__ import annotations

from dataclasses import replace

import pytest

from pip_fastupdate.core.models import Failure, Reason
from pip_fastupdate.report.rows import Group, summarize
from tests.support.reports import mixed, report, row


def test_every_row_in_its_group() -> None:
    """Each distribution is in one group, the groups in their order."""
    facts = summarize(mixed())
    assert [
        ("upgraded", "attrs"),
        ("upgraded", "numpy"),
        ("added", "typing-inspection"),
        ("held", "pydantic-core"),
        ("skipped", "myproject"),
        ("failed", "broken"),
        ("current", "idna"),
    ] == [(line.group, line.package) for line in facts.lines]


def test_summary_of_a_run() -> None:
    """Counts, the number of distributions before the run, and seconds are in one sentence."""
    expected = "Upgraded 2, added 1, held 1, skipped 1, failed 1 of 6 packages in 3.1 s"
    assert expected == summarize(mixed()).summary()


def test_summary_of_a_dry_run() -> None:
    """A dry run says what would be."""
    facts = summarize(mixed(status="planned", dry_run=True))
    assert facts.summary() == "Would upgrade 2, add 1, held 1, skipped 1, failed 1 of 6 packages in 3.1 s"
    assert ["would upgrade", "would upgrade, held back", "would add"] == [line.status for line in facts.lines[:3]]


@pytest.mark.parametrize("dry_run", [False, True])
def test_nothing_to_do(dry_run: bool) -> None:
    """Nothing to do is one sentence, which counts what is left alone."""
    rows = [row(f"a{number}", "1", "1", "1", "current") for number in range(2)]
    held = row("b", "1", "1", "2", "hold", "c 1 requires b<2")
    skipped = replace(row("d", "1", "1", None, "skip"), reasons=(Reason(kind="editable", text="editable"),))
    seconds = {"scan": 0.03, "total": 0.12}
    facts = summarize(report(*rows, held, skipped, dry_run=dry_run, seconds=seconds))
    expected = "1 of 4 packages is behind (1 limited by a requirement of another package), 1 skipped (1 editable)"
    assert f"Nothing to upgrade: {expected} in 0.1 s" == facts.summary()
    facts = summarize(report(*rows[:1], dry_run=dry_run, seconds=seconds))
    assert facts.summary() == "Everything is up to date (1 package) in 0.1 s"


def test_stops_short_of_the_newest() -> None:
    """An upgrade that is not the newest shows where it stops, and why."""
    line = summarize(mixed()).group("upgraded")[1]
    assert line.current == "1.25.0 → 1.26.4"
    assert line.latest == "2.3.1"
    assert line.text == "upgraded, held back: numba 0.59.1 requires numpy<1.27"


def test_addition_short_of_the_newest() -> None:
    """The same for an addition."""
    [line] = summarize(report(row("a", None, "1", "2", "add", "b 1 requires a<2"))).lines
    assert (line.current, line.latest, line.text) == ("- → 1", "2", "added, held back: b 1 requires a<2")


def test_latest_unknown() -> None:
    """An upgrade whose newest version is not known is not called held back."""
    [line] = summarize(report(row("a", "1", "2", None, "upgrade"))).lines
    assert (line.current, line.latest, line.text) == ("1", "2", "upgraded")


def test_failure_gives_its_row_the_words() -> None:
    """A failure's text is told once, in its distribution's line."""
    [line] = summarize(mixed()).group("failed")
    assert line.text == "failed: the wheel is not what the index says"


@pytest.mark.parametrize("action", ["hold", "current"])
def test_unchanged_with_a_failure(action: str) -> None:
    """A distribution that stays because of a failure has failed, with all reasons told once each."""
    failure = Failure(name="a", kind="http", text="the index answered 500")
    rows = row("a", "1", "1", None, action, "the index answered 500", "and more")  # type: ignore[arg-type]
    facts = summarize(report(rows, failures=(failure,)))
    assert ["failed: the index answered 500; and more"] == [line.text for line in facts.lines]
    assert not facts.quiet


@pytest.mark.parametrize(("action", "group"), [("upgrade", "upgraded"), ("skip", "skipped")])
def test_failure_beside_a_row(action: str, group: Group) -> None:
    """A failure of a distribution that was upgraded otherwise has a line of its own."""
    failure = Failure(name="a", kind="hash", text="wrong hash", version="3")
    facts = summarize(report(row("a", "1", "2", "2", action), failures=(failure,)))  # type: ignore[arg-type]
    assert [(group, "a", "1"), ("failed", "a", "-")] == [
        (line.group, line.package, line.current) for line in facts.lines
    ]
    assert facts.group("failed")[0].latest == "3"


def test_failure_of_something_not_installed() -> None:
    """A dependency that could not be looked up is told though it has no row."""
    facts = summarize(report(failures=(Failure(name="new", kind="not-found", text="no such project"),)))
    assert [("new", "-", "-", "failed: no such project")] == [
        (line.package, line.current, line.latest, line.text) for line in facts.lines
    ]


def test_nothing_dangerous_in_a_line() -> None:
    """Neither escape sequences nor passwords nor line ends get from an index into a line."""
    [line] = summarize(report(row("a", "1", "1", "2", "hold", "see\nhttps://me:pw@host/ \x1b[31m"))).lines
    assert line.why == "see https://****@host/ \\x1b[31m"
