"""Which releases may be chosen, under every policy; expected is what pip does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Failure, Project, Reason
from pip_fastupdate.core.protocols import OfferedFile
from pip_fastupdate.core.reasons import ReasonKind
from tests.support.source_records import chosen, link, source_record, summary, wheels

PURE = "py3-none-any.whl"


def test_newest_first_down_to_what_is_installed() -> None:
    """Older releases are left out, the installed one is not."""
    found = chosen(*wheels("1.0", "1.2", "1.10", "1.1"), floor="1.1")
    assert [f"{each} foo-{each}-{PURE}" for each in ("1.10", "1.2", "1.1")] == summary(found)
    assert found.candidates == found.releases


def test_all_releases_of_what_is_not_installed() -> None:
    """An addition may be of any version."""
    assert ["2.0", "1.0"] == [str(each.version) for each in chosen(*wheels("1.0", "2.0")).releases]


def test_local_version_is_newer_than_its_public_one() -> None:
    """1.0+cpu installed: 1.0 would be a downgrade."""
    assert ["1.1"] == [str(each.version) for each in chosen(*wheels("1.0", "1.1"), floor="1.0+cpu").releases]


def test_epochs_and_post_releases() -> None:
    """As PEP 440 orders them."""
    found = chosen(*wheels("9.0", "1!1.0", "1!1.0.post1"), floor="9.0")
    assert ["1!1.0.post1", "1!1.0", "9.0"] == [str(each.version) for each in found.releases]


def test_release_carries_what_the_index_says() -> None:
    """File, hashes, upload time, attestations, source; of requirements a page says nothing."""
    file = link(
        f"foo-2.0-{PURE}",
        sha256="ab",
        size=3,
        uploaded="2024-01-01T00:00:00Z",
        metadata="cd",
        hashes=(("sha512", "ef"),),
        provenance="https://index.invalid/integrity",
    )
    found = chosen(source_record(file, *wheels("1.0")))
    newest, older = found.releases
    assert (Version("2.0"), "foo", "https://index.invalid/simple") == (newest.version, newest.name, newest.index)
    assert ("ab", 3, True, "cd") == (
        newest.file.sha256,
        newest.file.size,
        newest.file.metadata,
        newest.file.metadata_sha256,
    )
    assert f"https://files.invalid/foo-2.0-{PURE}" == newest.file.url
    assert (None, None) == (newest.requires, older.requires)
    assert ((("sha512", "ef"),), "https://index.invalid/integrity") == (newest.file.hashes, newest.file.provenance)
    assert ("2024-01-01T00:00:00Z", None) == (newest.uploaded, newest.yanked)
    assert (None, None) == (older.file.metadata, older.file.metadata_sha256)


def test_beyond_the_newest_candidate_it_is_told_why() -> None:
    """And below it, what is blocked is of no interest."""
    found = chosen(
        link("foo-9.0.tar.gz", requires_python=">=3.12"),
        "foo-8.0-cp312-cp312-win_amd64.whl",
        "foo-8.0.tar.gz",
        "foo-7.0-cp312-cp312-win_amd64.whl",
        "foo-6.0.tar.gz",
        link(f"foo-5.0-{PURE}", yanked="broken"),
        link(f"foo-4.0-{PURE}", yanked=""),
        *wheels("3.0", "1.0"),
        "foo-2.0.tar.gz",
        floor="1.0",
    )
    assert [
        "9.0 requires-python: requires Python >=3.12",
        "8.0 no-wheel: has no wheel for this platform, only an sdist and wheels for cp312-cp312-win_amd64",
        "7.0 no-wheel: has no wheel for this platform, only wheels for cp312-cp312-win_amd64",
        "6.0 no-wheel: has no wheel for this platform, only an sdist",
        "5.0 yanked: was yanked: broken",
        "4.0 yanked: was yanked",
        f"3.0 foo-3.0-{PURE}",
        f"1.0 foo-1.0-{PURE}",
    ] == summary(found)
    assert ["broken", ""] == [each.yanked for each in found.releases if each.yanked is not None]


def test_installed_version_may_stay_whatever_it_is() -> None:
    """Yanked, a pre-release, or there as an sdist only."""
    yanked = chosen(link(f"foo-1.0-{PURE}", yanked="bad"), *wheels("2.0"), floor="1.0")
    assert [f"2.0 foo-2.0-{PURE}", f"1.0 foo-1.0-{PURE}"] == summary(yanked)
    assert "bad" == yanked.releases[-1].yanked
    assert ["1.0 foo-1.0.tar.gz"] == summary(chosen("foo-1.0.tar.gz", floor="1.0"))
    assert [f"1.0b1 foo-1.0b1-{PURE}"] == summary(chosen(*wheels("1.0b1"), floor="1.0b1"))


def test_installed_version_without_any_file_for_us() -> None:
    """Then there is a reason in place of the file."""
    found = chosen("foo-1.0-cp27-none-any.whl", floor="1.0")
    assert ["1.0 no-wheel: has no wheel for this platform, only wheels for cp27-none-any"] == summary(found)


@dataclass(frozen=True, slots=True)
class FinalHeld:
    """A filter that holds final releases."""

    kind: ReasonKind

    def held(self, file: OfferedFile) -> Reason | None:
        """Hold them."""
        return None if file.version.is_prerelease else Reason(kind=self.kind, text="held")


class TestPreReleases:
    """Only where asked for, installed, or nothing else is there."""

    VERSIONS = ("1.0", "2.0a1", "2.0.dev3", "1.5")

    def test_are_left_out(self) -> None:
        """Their files are named: a specifier may name them."""
        found = chosen(*wheels(*self.VERSIONS), floor="1.0")
        assert [
            f"2.0a1 pre-release: is a pre-release foo-2.0a1-{PURE}",
            f"2.0.dev3 pre-release: is a pre-release foo-2.0.dev3-{PURE}",
            f"1.5 foo-1.5-{PURE}",
            f"1.0 foo-1.0-{PURE}",
        ] == summary(found)

    def test_between_final_ones_are_kept_for_specifiers(self) -> None:
        """As long as there is a file."""
        found = chosen(*wheels("3.0", "2.0b1", "1.0"), "foo-2.0b2.tar.gz", floor="1.0")
        assert ["3.0", "2.0b1", "1.0"] == [str(each.version) for each in found.releases]

    def test_with_the_option(self) -> None:
        """--pre."""
        assert "2.0a1" == str(chosen(*wheels(*self.VERSIONS), floor="1.0", pre=True).candidates[0].version)

    @pytest.mark.parametrize(
        ("policy", "newest"),
        [
            ({"only_final": {":all:"}}, "1.5"),
            ({"only_final": {":all:"}, "all_releases": {"foo"}}, "2.0a1"),
            ({"only_final": {":all:"}, "all_releases": {"bar"}}, "1.5"),
            ({"only_final": {"foo"}, "pre": True}, "1.5"),
            ({"only_final": {":all:"}, "pre": True}, "2.0a1"),
            ({"only_final": {"bar"}, "pre": True}, "2.0a1"),
        ],
    )
    def test_by_name(self, policy: dict[str, object], newest: str) -> None:
        """A name outranks all names, and ``--all-releases`` comes first, as for pip's release control."""
        assert newest == str(chosen(*wheels(*self.VERSIONS), floor="1.0", **policy).candidates[0].version)

    @pytest.mark.parametrize("installed", ["1.0rc1", "1.0.dev1"])
    def test_where_one_is_installed(self, installed: str) -> None:
        """Development releases are pre-releases."""
        assert "2.0a1" == str(chosen(*wheels(*self.VERSIONS), floor=installed).candidates[0].version)

    def test_where_there_is_nothing_else(self) -> None:
        """pip's fallback."""
        assert ["2.0b1", "1.0a1"] == [str(each.version) for each in chosen(*wheels("1.0a1", "2.0b1")).candidates]

    def test_final_ones_that_do_not_fit_do_not_count(self) -> None:
        """Those for another Python, or another platform."""
        others = link(f"foo-3.0-{PURE}", requires_python="<3"), link("foo-4.0-py3-none-nowhere.whl")
        found = chosen(*wheels("2.0b1"), *others)
        assert ["2.0b1"] == [str(each.version) for each in found.candidates]

    def test_final_ones_that_are_yanked_do_count(self) -> None:
        """pip decides about pre-releases before it looks at yanks: then there is nothing to choose."""
        assert () == chosen(*wheels("2.0b1"), link(f"foo-1.0-{PURE}", yanked=""), floor="0.9").candidates

    def test_final_ones_without_a_wheel_do_count(self) -> None:
        """pip would build them, or refuse; unless they are excluded by ``--only-binary``."""
        files = (*wheels("2.0b1"), "foo-1.0.tar.gz")
        assert () == chosen(*files).candidates
        assert () == chosen(*files, floor="0.9").candidates
        assert ["1.0"] == [str(each.version) for each in chosen(*files, build=frozenset({"foo"})).candidates]
        assert ["2.0b1"] == [str(each.version) for each in chosen(*files, only_binary=frozenset({"foo"})).candidates]

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("vulnerable-release", []),
            ("malware", []),
            ("level", []),
            ("cooldown-unknown", []),
            ("cooldown", ["2.0b1"]),
            ("other-index", ["2.0b1"]),
        ],
    )
    def test_final_ones_that_a_filter_holds_do_count(self, kind: ReasonKind, expected: list[str]) -> None:
        """Unless it means that they are not there yet, or on an index that does not count."""
        filters = (FinalHeld(kind),)
        assert expected == [str(each.version) for each in chosen(*wheels("1.0", "2.0b1"), filters=filters).candidates]

    def test_final_ones_older_than_installed_do_count(self) -> None:
        """The installed version was taken off the index, an older final one is still there."""
        assert () == chosen(*wheels("0.9", "2.0b1"), floor="1.0").candidates
        assert ["2.0b1"] == [str(each.version) for each in chosen(*wheels("2.0b1"), floor="1.0").candidates]


class TestFormats:
    """pip's format control, and what we build."""

    FILES = (*wheels("1.0"), "foo-1.0.tar.gz", "foo-2.0.tar.gz")

    @pytest.mark.parametrize("names", [{"foo"}, {":all:"}])
    def test_build(self, names: set[str]) -> None:
        """A newer version that is only an sdist; where there is a wheel, that is preferred."""
        found = chosen(*self.FILES, build=frozenset(names))
        assert ["2.0 foo-2.0.tar.gz", f"1.0 foo-1.0-{PURE}"] == summary(found)

    def test_no_binary(self) -> None:
        """Wheels are ruled out."""
        found = chosen(*self.FILES, *wheels("3.0"), no_binary=frozenset({"foo"}))
        assert [
            "3.0 no-wheel: has no sdist, and --no-binary excludes wheels",
            "2.0 foo-2.0.tar.gz",
            "1.0 foo-1.0.tar.gz",
        ] == summary(found)

    @pytest.mark.parametrize(
        ("no_binary", "only_binary", "newest"),
        [
            ({":all:"}, {"foo"}, f"1.0 foo-1.0-{PURE}"),
            ({"foo"}, {":all:"}, "2.0 foo-2.0.tar.gz"),
            ({":all:"}, {":all:"}, f"1.0 foo-1.0-{PURE}"),
            ({"bar"}, set(), f"1.0 foo-1.0-{PURE}"),
        ],
    )
    def test_name_outweighs_all(self, no_binary: set[str], only_binary: set[str], newest: str) -> None:
        """And only-binary goes first."""
        found = chosen(*self.FILES, no_binary=frozenset(no_binary), only_binary=frozenset(only_binary))
        assert newest == next(text for text in summary(found) if ": " not in text)

    def test_only_binary_outweighs_build(self) -> None:
        """What may be built must not be an sdist."""
        found = chosen(*self.FILES, only_binary=frozenset({"foo"}), build=frozenset({"foo"}))
        assert ["1.0"] == [str(each.version) for each in found.candidates]

    def test_prefer_binary(self) -> None:
        """An older wheel goes before a newer sdist, if there is any."""
        found = chosen(*self.FILES, build=frozenset({"foo"}), prefer_binary=True)
        assert [
            "2.0 no-wheel: has only an sdist, and --prefer-binary prefers older wheels",
            f"1.0 foo-1.0-{PURE}",
        ] == summary(found)
        only = chosen("foo-2.0.tar.gz", build=frozenset({"foo"}), prefer_binary=True)
        assert ["2.0 foo-2.0.tar.gz"] == summary(only)

    def test_prefer_binary_where_wheels_are_ruled_out(self) -> None:
        """The wheel of what is installed is none that could be preferred."""
        found = chosen(*self.FILES, floor="1.0", no_binary=frozenset({"foo"}), prefer_binary=True)
        assert "2.0 foo-2.0.tar.gz" == summary(found)[0]


class TestSeveralSources:
    """Merged version by version; among equals the first source wins, where pip takes the last."""

    def test_newest_of_all(self) -> None:
        """Each release says where it comes from."""
        found = chosen(
            source_record(*wheels("1.0", "3.0"), source="a"), source_record(*wheels("2.0", "3.0"), source="b")
        )
        assert [("3.0", "a"), ("2.0", "b"), ("1.0", "a")] == [
            (str(each.version), each.index) for each in found.releases
        ]

    def test_better_wheel_wins_from_wherever(self) -> None:
        """By tag, then by build tag, then by source."""
        found = chosen(
            source_record(f"foo-1.0-{PURE}", "foo-2.0-1-py3-none-any.whl", source="a"),
            source_record(
                "foo-1.0-cp39-abi3-linux_x86_64.whl", "foo-2.0-2-py3-none-any.whl", "foo-3.0.tar.gz", source="b"
            ),
        )
        assert [
            ("3.0", None),
            ("2.0", "foo-2.0-2-py3-none-any.whl"),
            ("1.0", "foo-1.0-cp39-abi3-linux_x86_64.whl"),
        ] == [(str(each.version), each.file and each.file.filename) for each in found.releases]

    def test_reasons_of_all_sources(self) -> None:
        """Whoever has one."""
        found = chosen(
            source_record("foo-2.0-cp27-none-any.whl", source="a"),
            source_record(link("foo-2.0.tar.gz", requires_python=">=3.99"), *wheels("1.0"), source="b"),
        )
        assert ["2.0 requires-python: requires Python >=3.99", f"1.0 foo-1.0-{PURE}"] == summary(found)


class TestProject:
    """What is said of the project as a whole."""

    def test_not_found(self) -> None:
        """Nobody knows it."""
        assert Failure(name="foo", kind="not-found", text="not found on the index") == chosen()

    def test_nothing_that_could_be_installed(self) -> None:
        """Files of kinds that nobody installs any more: there is nothing to choose, and that is no failure."""
        assert () == chosen(source_record("foo-1.0-py2.7.egg")).candidates

    @pytest.mark.parametrize(("reason", "more"), [(None, ""), ("malware", ": malware")])
    def test_quarantined(self, reason: str | None, more: str) -> None:
        """By its status (PEP 792), even if files are still there."""
        found = chosen(source_record(*wheels("1.0"), status="quarantined", reason=reason))
        assert Failure(name="foo", kind="quarantined", text=f"quarantined by its index{more}") == found

    def test_archived(self) -> None:
        """Told with its reason."""
        found = chosen(source_record(*wheels("1.0"), status="archived", reason="use bar"))
        assert isinstance(found, Project)
        assert ("archived", (Reason(kind="archived", text="archived by its maintainers: use bar"),)) == (
            found.status,
            found.notes,
        )
