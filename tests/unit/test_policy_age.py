"""How old files must be: what the user may write, and which files wait until when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pip_fastupdate.core.ages import parse
from pip_fastupdate.core.models import Project
from pip_fastupdate.index.apis.simple_pages import Link
from pip_fastupdate.policy.age import Cooldown, ago, span
from tests.support.source_records import chosen, link, source_record, summary, wheels

PURE = "py3-none-any.whl"
NOW = datetime(2024, 1, 10, 12, 0, tzinfo=timezone.utc)


def cooldown(limit: str = "7d", **fields: Any) -> Cooldown:
    """The filter of a run at NOW."""
    parsed = parse(limit)
    assert parsed is not None
    return Cooldown(limit=parsed, now=NOW, **fields)


class TestWhatMayBeWritten:
    """One parser for all forms."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("7", timedelta(days=7)),
            (" 7d ", timedelta(days=7)),
            ("7D", timedelta(days=7)),
            ("12h", timedelta(hours=12)),
            ("2w", timedelta(weeks=2)),
            ("P7D", timedelta(days=7)),
            ("p1w", timedelta(weeks=1)),
            ("PT24H", timedelta(hours=24)),
            ("P1DT12H", timedelta(days=1, hours=12)),
            ("PT90M", timedelta(minutes=90)),
            ("0", None),
            ("0d", None),
            ("P0D", None),
            ("2024-01-02T00:00:00Z", datetime(2024, 1, 2, tzinfo=timezone.utc)),
            ("2024-01-02T01:00:00+01:00", datetime(2024, 1, 2, tzinfo=timezone.utc)),
            ("2024-01-02", datetime(2024, 1, 2).astimezone()),
            ("20240102", datetime(2024, 1, 2).astimezone()),
        ],
    )
    def test_forms(self, text: str, expected: object) -> None:
        """Ages in days, hours, weeks and ISO 8601; dates and times."""
        assert expected == parse(text)

    @pytest.mark.parametrize("text", ["", "d", "-7", "7m", "7y", "P", "PT", "P1Y", "1.5d", "soon", "9" * 9, "P7DT"])
    def test_what_is_neither(self, text: str) -> None:
        """Nothing is guessed: minutes or months, years or nonsense."""
        with pytest.raises((ValueError, OverflowError), match=r"."):
            parse(text)


class TestWhichFilesWait:
    """Candidates are filtered before one is chosen."""

    def test_the_newest_that_is_old_enough_is_chosen(self) -> None:
        """To the microsecond, in any zone; the very instant is too late. What waits says until when."""
        found = chosen(
            link(f"foo-4.0-{PURE}", uploaded="2024-01-08T11:00:00.000000Z"),
            link(f"foo-3.0-{PURE}", uploaded="2024-01-03T12:00:00Z"),
            link(f"foo-2.0-{PURE}", uploaded="2024-01-03T12:59:59.999999+01:00"),
            filters=[cooldown()],
        )
        assert [
            "4.0 cooldown: was uploaded 2 days ago (cooldown 7 days), allowed from 2024-01-15",
            "3.0 cooldown: was uploaded 7 days ago (cooldown 7 days), allowed from 2024-01-10 12:00 UTC",
            f"2.0 foo-2.0-{PURE}",
        ] == summary(found)
        assert isinstance(found, Project)
        blocked = found.releases[0].blocked
        assert blocked is not None
        assert {"uploaded": "2024-01-08T11:00:00.000000Z", "until": "2024-01-15T11:00:00+00:00"} == blocked.data

    def test_a_date_has_no_day_on_which_it_ends(self) -> None:
        """A later file is never old enough for it."""
        found = chosen(
            link(f"foo-2.0-{PURE}", uploaded="2024-01-05T11:00:00Z"),
            link(f"foo-1.0-{PURE}", uploaded="2023-01-05T11:00:00Z"),
            filters=[cooldown("2024-01-05T00:00:00Z")],
        )
        assert ["2.0 cooldown: was uploaded 2024-01-05, not before 2024-01-05", f"1.0 foo-1.0-{PURE}"] == summary(found)

    def test_an_earlier_file_of_the_same_version_will_do(self) -> None:
        """Files count, not versions: the better wheel was added later."""
        found = chosen(
            link("foo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", uploaded="2024-01-09"),
            link(f"foo-1.0-{PURE}", uploaded="2024-01-01"),
            filters=[cooldown()],
        )
        assert [f"1.0 foo-1.0-{PURE}"] == summary(found)

    def test_a_late_file_of_an_old_version_waits(self) -> None:
        """A wheel that was added to a release of last year is as new as any."""
        found = chosen(link(f"foo-1.0-{PURE}", uploaded="2024-01-09T12:00:00Z"), filters=[cooldown()])
        assert ["1.0 cooldown: was uploaded 1 day ago (cooldown 7 days), allowed from 2024-01-16"] == summary(found)

    def test_the_installed_version_may_stay_and_is_told(self) -> None:
        """Nothing is downgraded for its age."""
        found = chosen(link(f"foo-1.0-{PURE}", uploaded="2024-01-09T12:00:00Z"), floor="1.0", filters=[cooldown()])
        assert [f"1.0 foo-1.0-{PURE}"] == summary(found)
        assert isinstance(found, Project)
        assert ["installed-recently"] == [each.kind for each in found.notes]

    def test_an_index_without_times_holds_and_fails_nobody(self) -> None:
        """A run that can never know must not end with an error for ever."""
        found = chosen(*wheels("2.0", "1.0"), floor="1.0", filters=[cooldown()])
        assert [
            "2.0 cooldown-unknown: has an unknown age: https://index.invalid/simple does not say when it was uploaded "
            "(--cooldown-unknown allow)",
            f"1.0 foo-1.0-{PURE}",
        ] == summary(found)
        allowed = chosen(*wheels("2.0", "1.0"), floor="1.0", filters=[cooldown(allow_unknown=True)])
        assert f"2.0 foo-2.0-{PURE}" == summary(allowed)[0]

    @pytest.mark.parametrize(
        ("exempt", "passes"),
        [
            (("foo",), True),
            (("f*",), True),
            (("bar", "fo?"), True),
            (("bar",), False),
            (("https://index.invalid/simple/",), True),
            (("https://other.invalid/simple",), False),
        ],
    )
    def test_exempt_by_name_or_by_index(self, exempt: tuple[str, ...], passes: bool) -> None:
        """Also where the index tells no time of upload."""
        young = link(f"foo-2.0-{PURE}", uploaded="2024-01-09T12:00:00Z")
        for file in (young, link(f"foo-2.0-{PURE}")):
            found = chosen(file, filters=[cooldown(exempt=exempt)])
            assert isinstance(found, Project)
            assert passes == (found.releases[0].blocked is None)

    def test_what_nobody_uploaded_has_no_age(self) -> None:
        """Local files, and whatever --find-links names."""
        local = Link(filename=f"foo-1.0-{PURE}", url=f"file:///x/foo-1.0-{PURE}")
        assert [f"1.0 foo-1.0-{PURE}"] == summary(chosen(local, filters=[cooldown()]))
        linked = source_record(f"foo-1.0-{PURE}", source="find-links")
        assert [f"1.0 foo-1.0-{PURE}"] == summary(chosen(linked, filters=[cooldown()]))

    @pytest.mark.parametrize("uploaded", ["soon", "", "2023-13-45", "0001-01-01T00:00:00+14:00", "9" * 5000])
    def test_a_time_that_is_none_is_unknown(self, uploaded: str) -> None:
        """It holds its own file and fails nothing; the project's other files are chosen from."""
        files = (link(f"foo-2.0-{PURE}", uploaded=uploaded), link(f"foo-1.0-{PURE}", uploaded="2024-01-01"))
        found = summary(chosen(*files, filters=[cooldown()]))
        assert "2.0 cooldown-unknown" == found[0].partition(":")[0]
        assert f"1.0 foo-1.0-{PURE}" == found[1]
        assert f"2.0 foo-2.0-{PURE}" == summary(chosen(*files, filters=[cooldown(allow_unknown=True)]))[0]

    def test_a_time_in_the_far_future_waits(self) -> None:
        """Its last day is the calendar's last one."""
        found = chosen(link(f"foo-2.0-{PURE}", uploaded="9999-12-31T23:59:59Z"), filters=[cooldown()])
        text = "was uploaded in the future (cooldown 7 days), allowed from 9999-12-31"
        assert [f"2.0 cooldown: {text}"] == summary(found)

    def test_a_pre_release_that_is_too_young_has_no_file(self) -> None:
        """No specifier may choose it."""
        found = chosen(
            link(f"foo-2.0b1-{PURE}", uploaded="2024-01-09"),
            link(f"foo-1.0-{PURE}", uploaded="2024-01-01"),
            filters=[cooldown()],
        )
        assert ["2.0b1 pre-release: is a pre-release", f"1.0 foo-1.0-{PURE}"] == summary(found)

    def test_what_mends_a_vulnerability_does_not_wait(self) -> None:
        """The file decides: another one of the same project does."""
        found = chosen(
            link(f"foo-2.1-{PURE}", uploaded="2024-01-09"),
            link(f"foo-2.0-{PURE}", uploaded="2024-01-09"),
            filters=[cooldown(fixes=lambda file: str(file.version) == "2.0")],
        )
        assert ["2.1", "2.0"] == [line.split()[0] for line in summary(found)]
        assert f"2.0 foo-2.0-{PURE}" == summary(found)[1]


def test_ages_in_words() -> None:
    """As one says it."""
    assert ["7 days", "1 day", "12 hours", "90 minutes", "30 s"] == [
        span(timedelta(**each))
        for each in ({"days": 7}, {"hours": 24}, {"hours": 12}, {"minutes": 90}, {"seconds": 30})
    ]
    assert ["2 days ago", "1 hour ago", "just now", "in the future"] == [
        ago(timedelta(**each)) for each in ({"days": 2.5}, {"minutes": 61}, {"seconds": 3}, {"seconds": -3})
    ]
