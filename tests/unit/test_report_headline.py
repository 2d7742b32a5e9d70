"""The headline says that everything is up to date only when that is so; else how many are behind and why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pip_fastupdate.core.models import Action, Failure, Reason, Report, Row
from pip_fastupdate.report import json_, markdown, table
from pip_fastupdate.report.rows import summarize
from tests.support.reports import report, row


def why(name: str, action: Action, kind: str, latest: str | None = "2", **data: str) -> Row:
    """A distribution that stays at 1, with a reason of that kind."""
    return replace(
        row(name, "1", "1", latest, action), reasons=(Reason(kind=kind, text=f"{kind} of {name}", data=data),)
    )


def headline(*rows: Row) -> str:
    """The summary without its time."""
    return summarize(report(*rows)).summary().rpartition(" in ")[0]


def summary(*rows: Row, **others: object) -> dict:
    """As programs get it."""
    return json.loads(json_.render(report(*rows, **others)))["summary"]


CURRENT = row("z", "1", "1", "1", "current")


def test_everything_only_when_it_is_so() -> None:
    """Neither held nor passed over, nor anything to be decided."""
    assert "Everything is up to date (1 package)" == headline(CURRENT)
    others = (
        why("a", "hold", "required-by"),
        why("a", "current", "requires-python", "1", version="3"),
        why("a", "skip", "editable", None),
        why("a", "current", "yanked", "1", version="1"),
        why("a", "current", "archived", "1"),
    )
    assert not [each for each in others if "Everything" in headline(CURRENT, each)]


def test_the_most_frequent_reason_first() -> None:
    """Of equally frequent ones the first by name."""
    rows = [why("a", "hold", "source-change"), why("b", "hold", "required-by"), why("c", "hold", "required-by")]
    rows += [why("d", "current", "cooldown", "1", version="3"), why("e", "skip", "excluded", None)]
    assert headline(*rows, CURRENT) == (
        "Nothing to upgrade: 4 of 6 packages are behind (2 limited by a requirement of another package, "
        "1 too recent, 1 newer on another index only), 1 skipped (1 excluded)"
    )


def test_skipped_alone() -> None:
    """What was not looked at is not called up to date."""
    expected = "Nothing to upgrade: 1 of 2 packages up to date, 1 skipped (1 editable)"
    assert expected == headline(CURRENT, why("a", "skip", "editable", None))


@pytest.mark.parametrize("kind", ["yanked", "pre-release"])
def test_nobody_is_behind_what_nobody_should_have(kind: str) -> None:
    """Newer releases that were yanked, and pre-releases."""
    assert "Everything" in headline(why("a", "current", kind, "1", version="3"))


def test_kinds_without_words_of_their_own() -> None:
    """Are told as they are."""
    assert "1 brand new" in headline(why("a", "hold", "brand-new"))


def test_remarks_are_never_why() -> None:
    """Vulnerabilities and odd metadata come first among the reasons, and are not what keeps a package."""
    remarks = (Reason(kind="vulnerable", text="X-1"), Reason(kind="left-over", text="left over from another version"))
    rows = (why("a", "skip", "editable", None), why("b", "hold", "cooldown"), why("c", "upgrade", "required-by", "3"))
    rows = tuple(replace(each, reasons=(*remarks, *each.reasons)) for each in rows)
    facts = summarize(report(*rows))
    assert ({"editable": 1}, {"cooldown": 1, "required-by": 1}) == (facts.skipped, facts.behind)


@pytest.mark.parametrize(
    ("rows", "answer", "behind"),
    [
        ((CURRENT,), "up-to-date", {}),
        ((CURRENT, why("a", "hold", "required-by")), "behind", {"required-by": 1}),
        ((CURRENT, why("a", "current", "no-wheel", "1", version="2")), "behind", {"no-wheel": 1}),
        ((why("a", "hold", "required-by"), row("b", "1", "2", "2", "upgrade")), "updates", {"required-by": 1}),
        ((row("b", "1", "2", "3", "upgrade", "x requires b<3"),), "updates", {"required-by": 1}),
    ],
)
def test_answer_for_programs(rows: tuple[Row, ...], answer: str, behind: dict[str, int]) -> None:
    """``--check`` tells in JSON also what is behind though nothing can be done."""
    found = summary(*rows)
    assert (answer, sum(behind.values()), behind) == (found["answer"], found["behind"], found["behind_reasons"])


def test_answer_when_something_failed() -> None:
    """Then nobody knows."""
    failure = Failure(name="a", kind="unreachable", text="gone")
    assert "failed" == summary(row("a", "1", "1", None, "hold", status="failed"), failures=(failure,))["answer"]


def test_what_calls_for_a_decision_is_shown_even_if_nothing_else_is() -> None:
    """In the table, in Markdown and in the counts; not what merely is held."""
    rows = (why("a", "current", "yanked", "1", version="1"), why("b", "hold", "required-by"), CURRENT)
    found: Report = report(*rows)
    assert ["Package", "a"] == [line.split()[0] for line in table.render(found).rpartition("\n\n")[0].splitlines()]
    assert "1 with warnings" in summarize(found).summary()
    assert "yanked of a" in markdown.render(found)
    assert 1 == summary(*rows)["warned_of"]
