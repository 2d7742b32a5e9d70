"""How big a step is, and which steps wait."""

from __future__ import annotations

import pytest
from packaging.version import Version

from pip_fastupdate.policy.level import MaximumLevel, step
from tests.support.source_records import chosen, link, summary, wheels

PURE = "py3-none-any.whl"


@pytest.mark.parametrize(
    ("installed", "new", "expected"),
    [
        ("1.0", "2.0", "major"),
        ("1.9", "1.10", "minor"),
        ("1.2.3", "1.2.4", "patch"),
        ("1.2.3", "1.2.3.1", "patch"),
        ("1.2.3.4", "1.2.3.5", "patch"),
        ("1", "1.0.1", "patch"),
        ("1", "1.1", "minor"),
        ("0.1.2", "0.1.3", "patch"),
        ("0.1.2", "0.2", "major"),
        ("0.9", "1.0", "major"),
        ("1.0", "1!1.0", "major"),
        ("1!1.0", "1!1.1", "minor"),
        ("1.0", "1.0.post1", "patch"),
        ("1.0rc1", "1.0", "patch"),
        ("1.0+cpu", "1.0+cu126", "patch"),
        ("1.0", "1.1rc1", "minor"),
        ("2024.1", "2025.2", "calendar"),
        ("2026.1.1", "2026.4.26", "calendar"),
        ("2024.1", "1!2025.1", "major"),
        ("1.0", "2024.1", "major"),
    ],
)
def test_steps(installed: str, new: str, expected: str) -> None:
    """The first release part that differs; 0.x counts its minor as major, another epoch is major."""
    assert expected == step(Version(installed), Version(new))


@pytest.mark.parametrize(
    ("installed", "new", "uploaded", "expected"),
    [
        ("24.10.0", "25.1.0", "2025-01-29T00:00:00Z", "calendar"),
        ("24.1", "26.3", "2026-09-01T00:00:00Z", "calendar"),
        ("26.3", "26.3.1", "2026-09-08T00:00:00Z", "calendar"),
        ("22.0", "23.0", "2024-08-10T00:00:00Z", "major"),
        ("69.0.0", "84.2.1", "2026-10-01T00:00:00Z", "major"),
        ("17.0", "18.1", "2024-10-28T00:00:00Z", "major"),
        ("9.0.1", "26.3", "2026-09-01T00:00:00Z", "major"),
        ("24.1", "26.3", None, "major"),
    ],
)
def test_short_years_are_told_by_the_upload(installed: str, new: str, uploaded: str | None, expected: str) -> None:
    """pip 26 came in 2026; gunicorn 23 and setuptools 84 are numbers like any other."""
    assert expected == step(Version(installed), Version(new), uploaded)


@pytest.mark.parametrize(
    ("limit", "expected"), [("patch", "1.2.4"), ("minor", "1.10.0"), ("major", "3.0"), (None, "3.0")]
)
def test_the_newest_within_the_level_is_chosen(limit: str | None, expected: str) -> None:
    """And what lies beyond says why."""
    files = wheels("3.0", "2.0", "1.10.0", "1.2.4", "1.2.3")
    found = chosen(*files, floor="1.2.3", filters=[MaximumLevel(default=limit)])  # type: ignore[arg-type]
    lines = summary(found)
    assert expected == next(line.split()[0] for line in lines if "level:" not in line)
    if limit == "minor":
        assert "3.0 level: is a major update (--level minor)" == lines[0]


def test_a_named_project_has_a_level_of_its_own() -> None:
    """Stricter or wider than what is for all."""
    files = wheels("2.0", "1.1", "1.0")
    wide = MaximumLevel(default="patch", projects={"foo": None})
    strict = MaximumLevel(default=None, projects={"foo": "minor"})
    assert f"2.0 foo-2.0-{PURE}" == summary(chosen(*files, floor="1.0", filters=[wide]))[0]
    assert (
        "2.0 level: is a major update (--level foo=minor)" == summary(chosen(*files, floor="1.0", filters=[strict]))[0]
    )


def test_calendar_versions_wait_only_where_they_are_named() -> None:
    """A year says nothing about what breaks."""
    new = link(f"foo-25.1-{PURE}", uploaded="2025-01-29T00:00:00Z")
    old = link(f"foo-24.10-{PURE}", uploaded="2024-10-29T00:00:00Z")
    free = chosen(new, old, floor="24.10", filters=[MaximumLevel(default="patch")])
    assert f"25.1 foo-25.1-{PURE}" == summary(free)[0]
    named = chosen(new, old, floor="24.10", filters=[MaximumLevel(projects={"foo": "patch"})])
    assert "25.1 level: is a major update (--level foo=patch)" == summary(named)[0]


def test_additions_have_no_level() -> None:
    """There is nothing that they could be a step from."""
    assert f"2.0 foo-2.0-{PURE}" == summary(chosen(*wheels("2.0", "1.0"), filters=[MaximumLevel(default="patch")]))[0]
