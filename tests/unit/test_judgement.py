"""What is said of the version that is installed, and of local builds."""

from __future__ import annotations

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Failure, Project, Reason
from pip_fastupdate.update.source_pinning import Origin, PinnedSource
from tests.support.source_records import chosen, link, source_record, wheels
from tests.unit.test_pinned import A, B, Source, app, told

PURE = "py3-none-any.whl"
C = "https://c.invalid/simple"


def notes(project: Project | Failure) -> list[tuple[str, str]]:
    """Kind and text of what is to be known."""
    assert isinstance(project, Project)
    return [(each.kind, each.text) for each in project.notes]


class TestInstalled:
    """It is judged though nothing newer may be there."""

    @pytest.mark.parametrize(("reason", "more"), [("", ""), ("leaks", ": leaks")])
    def test_yanked(self, reason: str, more: str) -> None:
        """With the reason; it stays what may be held."""
        found = chosen(link(f"foo-1.0-{PURE}", yanked=reason), floor="1.0")
        assert [("yanked", f"1.0, which is installed, was yanked{more}")] == notes(found)
        assert {"version": "1.0"} == found.notes[0].data  # type: ignore[union-attr]

    def test_yanked_in_part(self) -> None:
        """A file that is not yanked may be the one that is installed."""
        files = (
            link("foo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", yanked="bad"),
            link(f"foo-1.0-{PURE}"),
        )
        assert [] == notes(chosen(*files, floor="1.0"))

    def test_yanked_elsewhere_only(self) -> None:
        """Another index has it still."""
        bad = source_record(link(f"foo-1.0-{PURE}", yanked="bad"), source="a")
        assert [] == notes(chosen(bad, source_record(*wheels("1.0"), source="b"), floor="1.0"))

    @pytest.mark.parametrize("versions", [("0.9", "0.8"), ("2.0",), ("0.9", "1.1")])
    def test_no_longer_there(self, versions: tuple[str, ...]) -> None:
        """Though others are, older or newer."""
        text = "1.0, which is installed, is no longer on the index, although other versions are"
        assert [("deleted", text)] == notes(chosen(*wheels(*versions), floor="1.0"))

    @pytest.mark.parametrize(
        ("installed", "files"),
        [
            ("1.0", wheels("1.0", "2.0")),
            ("1.0", wheels("1.0.0")),
            ("1.0", ("foo-1.0.tar.gz",)),
            ("1.0", ("foo-1.0-cp27-cp27m-win32.whl",)),
            ("1.0", ("foo-1.0-py2.7.egg",)),
            ("1.0+local", wheels("1.0", "2.0")),
            (None, wheels("2.0")),
        ],
    )
    def test_nothing_to_tell(self, installed: str | None, files: tuple[str, ...]) -> None:
        """There in whatever form, nothing else there, a local build, not installed."""
        assert [] == notes(chosen(*files, floor=installed))

    def test_links_are_no_index(self) -> None:
        """A folder of wheels has what somebody put there."""
        assert [] == notes(chosen(source_record(*wheels("2.0"), source="find-links"), floor="1.0"))

    @pytest.mark.parametrize("status", ["archived", "deprecated"])
    def test_status_of_the_project(self, status: str) -> None:
        """With its reason, beside what is said of the version."""
        found = chosen(source_record(*wheels("2.0"), status=status, reason="see bar"), floor="1.0")
        assert ["deleted", status] == [kind for kind, _ in notes(found)]

    def test_quarantined_on_one_of_several(self) -> None:
        """Whatever the others have, and whatever status they give."""
        found = chosen(
            source_record(*wheels("2.0"), source="a", status="archived"),
            source_record(source="b", status="quarantined"),
            floor="1.0",
        )
        assert Failure(name="foo", kind="quarantined", text="quarantined by its index") == found


class TestLabels:
    """``1.0+cpu`` is one kind of build among several."""

    def moves(self, installed: str, *versions: str) -> list[tuple[str, str, str | None]]:
        """What is offered to that installed version."""
        source = Source(*(app(each, A) for each in versions))
        return told(PinnedSource(source, {"app": Origin(Version(installed), None)}))

    def test_stays_with_its_label(self) -> None:
        """Newer versions with another label, or without one, are held."""
        assert [
            ("3.0", A, "local-label"),
            ("2.0+cu126", A, "local-label"),
            ("2.0+cpu", A, None),
            ("1.0", A, None),
        ] == self.moves("1.0+cpu", "3.0", "2.0+cu126", "2.0+cpu", "1.0")

    def test_without_a_label(self) -> None:
        """Anything goes, as in pip."""
        assert [("2.0+cpu", A, None), ("2.0", A, None)] == self.moves("1.0", "2.0+cpu", "2.0")

    def test_is_told(self) -> None:
        """By what it would be."""
        source = Source(app("2.0", A))
        found = PinnedSource(source, {"app": Origin(Version("1.0+cpu"), None)}).project("app")
        assert isinstance(found, Project)
        text = "is not a +cpu build, unlike the installed 1.0+cpu"
        assert Reason(kind="local-label", text=text, data={"label": "cpu"}) == found.releases[0].blocked


class TestReplacedIndex:
    """Who changes the mirror changes it for all that came from the old one."""

    def moves(self, beside: frozenset[str] | None, *indexes: str) -> list[tuple[str, str, str | None]]:
        """What is offered to 1.0, which came from A."""
        source = Source(*(app(f"{number}.0", index) for number, index in enumerate(indexes, 2)))
        return told(PinnedSource(source, {"app": Origin(Version("1.0"), A, beside)}))

    def test_old_one_is_configured_no_more(self) -> None:
        """The one that was not there when it came has taken its place; one that was has not."""
        assert [("2.0", B, None), ("3.0", C, "source-change")] == self.moves(frozenset({C}), B, C)

    def test_old_one_is_there_still(self) -> None:
        """Or nobody knows what was configured then: it is pinned."""
        assert [("2.0", B, "source-change")] == self.moves(None, B)
