"""Source pinning: what is said of releases from another index than before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Failure, Inventory, Project, Reason, Release
from pip_fastupdate.core.urls import canonical
from pip_fastupdate.resolver.candidates import CandidatePool
from pip_fastupdate.update.source_pinning import PinnedSource, newest_on_other_index
from tests.support.pools import distribution, release
from tests.support.source_records import chosen, link, source_record

A, B = "https://a.invalid/simple", "https://b.invalid/simple"
PRE = Reason(kind="pre-release", text="is a pre-release")


class Source:
    """One project, as an index tells it."""

    def __init__(self, *releases: Release) -> None:
        self.found: Project | Failure = Project(name="app", releases=releases)
        self.hints: list[tuple[Iterable[str], Iterable[Release]]] = []

    def project(self, name: str) -> Project | Failure:
        return self.found

    def requires(self, release: Release) -> tuple[str, ...] | Failure:
        return (str(release.version),)

    def prefetch(self, names: Iterable[str] = (), releases: Iterable[Release] = ()) -> None:
        self.hints.append((names, releases))


def app(version: str, index: str, **fields) -> Release:
    return release("app", version, index=index, **fields)


def pinned(*releases: Release, before: str = A, installed: str = "1.0") -> PinnedSource:
    return PinnedSource(Source(*releases), {"app": (Version(installed), before)})


def pool(source: PinnedSource, **fields) -> CandidatePool:
    return CandidatePool(inventory=Inventory(distributions=(distribution("app", "1.0"),)), source=source, **fields)


def told(source: PinnedSource) -> list[tuple[str, str, str | None]]:
    """Version, index and what blocks it."""
    found = source.project("app")
    assert isinstance(found, Project)
    return [(str(each.version), each.index, each.blocked and each.blocked.kind) for each in found.releases]


def test_newer_releases_from_elsewhere_are_blocked() -> None:
    """Those from the index that it came from are as they were."""
    source = pinned(app("3.0", B), app("2.0", A), app("1.0", A))
    assert [("3.0", B, "source-change"), ("2.0", A, None), ("1.0", A, None)] == told(source)
    first = source.project("app").releases[0]
    assert (None, f"comes from {B}; the installed version came from {A}") == (first.file, first.blocked.text)
    assert {"index": B, "before": A} == first.blocked.data


def test_the_rest_is_the_sources() -> None:
    """Names without a known source, failures, requirements and hints."""
    inner = Source(app("2.0", B))
    source = PinnedSource(inner, {})
    assert source.project("app") is inner.found
    assert ("2.0",) == source.requires(app("2.0", B))
    source.prefetch(names=["app"])
    assert [(["app"], ())] == inner.hints
    inner.found = Failure(name="app", kind="http", text="HTTP 500")
    assert PinnedSource(inner, {"app": (Version("1"), A)}).project("app") is inner.found


def test_same_answer_until_the_source_has_another() -> None:
    """As ``ReleaseSource`` demands."""
    inner = Source(app("2.0", B))
    source = PinnedSource(inner, {"app": (Version("1.0"), A)})
    assert source.project("app") is source.project("app")
    inner.found = Project(name="app", releases=(app("3.0", A),))
    assert [("3.0", A, None)] == told(source)


def test_installed_version_is_not_blocked() -> None:
    """It is there already; where else it can be had is of interest for lock files."""
    assert [("1.0", B, None)] == told(pinned(app("1.0", B)))


def test_prerelease_from_elsewhere_cannot_be_asked_for() -> None:
    """Not even by a specifier that names it; and that it is one stays the first thing to say."""
    source = pinned(replace(app("2.0rc1", B), blocked=PRE))
    assert [("2.0rc1", B, "pre-release")] == told(source)
    assert source.project("app").releases[0].file is None


def test_what_is_blocked_anyway_stays_so() -> None:
    """With its own reason."""
    yanked = Reason(kind="yanked", text="was yanked")
    assert [("2.0", B, "yanked")] == told(pinned(app("2.0", B, blocked=yanked)))


def test_same_version_from_the_right_index() -> None:
    """It takes the place of another index's, unless it is not to be had there."""
    yanked = app("2.0", A, blocked=Reason(kind="yanked", text="was yanked"))
    assert [("2.0", A, None)] == told(pinned(app("2.0", B, alternatives=(app("2.0", A),))))
    assert [("2.0", B, "source-change")] == told(pinned(app("2.0", B, alternatives=(yanked,))))
    both = app("2.0", B, blocked=yanked.blocked, alternatives=(yanked,))
    assert [("2.0", A, "yanked")] == told(pinned(both))


def test_alternatives_of_merged_indexes() -> None:
    """Each version tells how the other indexes have it; with one index there are none."""
    best, other = link("foo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"), link("foo-1.0-py3-none-any.whl", sha256="a")
    project = chosen(source_record(other, source=A), source_record(best, "foo-2.0-py3-none-any.whl", source=B))
    assert [("2.0", B, []), ("1.0", B, [(A, "foo-1.0-py3-none-any.whl", "a")])] == [
        (str(each.version), each.index, [(one.index, one.file.filename, one.file.sha256) for one in each.alternatives])
        for each in project.releases
    ]
    assert [()] == [each.alternatives for each in chosen(source_record(best, other)).releases]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.invalid/simple", "https://X.invalid/simple/"),
        ("https://x.invalid/simple", "HTTPS://user:word@x.invalid:443/simple//"),
        ("http://x.invalid:80", "http://x.invalid/"),
        ("file:///a/b/", "file:///a/b"),
        ("find-links", "find-links"),
    ],
)
def test_same_index(one: str, other: str) -> None:
    """However it is written."""
    assert canonical(one) == canonical(other)
    assert [("2.0", one, None)] == told(pinned(app("2.0", one), before=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://x.invalid/simple", "http://x.invalid/simple"),
        ("https://x.invalid/simple", "https://x.invalid:8443/simple"),
        ("https://x.invalid/Simple", "https://x.invalid/simple"),
        ("https://x.invalid/a?b=1", "https://x.invalid/a?b=2"),
        ("find-links", "https://x.invalid/a"),
    ],
)
def test_other_index(one: str, other: str) -> None:
    """Another scheme, port, path or query."""
    assert [("2.0", one, "source-change")] == told(pinned(app("2.0", one), before=other))


def test_newest_elsewhere() -> None:
    """It is told beside newer ones that are ruled out otherwise, and only above what can be had."""
    no_wheel = Reason(kind="no-wheel", text="has no wheel")
    source = pinned(app("4.0", A, blocked=no_wheel), app("3.0", B), app("2.0", A))
    assert "3.0" == str(newest_on_other_index(pool(source), "app").version)
    assert newest_on_other_index(pool(pinned(app("3.0", A), app("2.0", B))), "app") is None
    assert newest_on_other_index(pool(pinned()), "app") is None
    assert newest_on_other_index(pool(source, stays={"app": Reason(kind="excluded", text="excluded")}), "app") is None
    assert newest_on_other_index(pool(source, constraints={"app": ("<3",)}), "app") is None
