"""What is asked for ahead."""

from __future__ import annotations

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import File, Project, Release
from pip_fastupdate.index.lookahead import Lookahead


def release(name: str, version: str, requires: tuple[str, ...] | None = None) -> Release:
    """A release with a wheel."""
    filename = f"{name}-{version}-py3-none-any.whl"
    file = File(filename=filename, url=f"https://files.example.com/{filename}", sha256=None, size=1)
    return Release(
        name=name, version=Version(version), file=file, index="https://example.com/simple", requires=requires
    )


def project(name: str, *versions: str) -> Project:
    """A project with these versions, newest first."""
    return Project(name=name, releases=tuple(release(name, each) for each in versions))


def told(answer: tuple[list[str], list[Release]]) -> tuple[list[str], list[str]]:
    """The names, and the releases as texts."""
    names, releases = answer
    return names, [f"{each.name} {each.version}" for each in releases]


@pytest.fixture
def ahead() -> Lookahead:
    """One for an environment with ``a`` 1."""
    made = Lookahead()
    made.floors = {"a": Version("1")}
    return made


def test_newest_version_of_what_is_installed(ahead: Lookahead) -> None:
    """Whatever others require of it: whether it can have that is for the search to find out."""
    ahead.after_project(project("b", "1"))
    ahead.after_requirements(release("b", "1"), ["a<3"])
    assert ([], ["a 3"]) == told(ahead.after_project(project("a", "3", "2", "1")))


def test_nothing_of_what_stays(ahead: Lookahead) -> None:
    """What is installed is known."""
    assert ([], []) == told(ahead.after_project(project("a", "1")))


def test_newest_version_that_is_admitted_of_what_is_not_installed(ahead: Lookahead) -> None:
    """A bound that is met later leads on to another version; that of a release that nobody expects does not."""
    ahead.after_project(project("a", "3", "2", "1"))
    assert (["c", "d"], []) == told(ahead.after_requirements(release("a", "3"), ["c<4", "d"]))
    assert ([], ["c 3"]) == told(ahead.after_project(project("c", "5", "4", "3", "2", "1")))
    ahead.after_project(project("d", "1"))
    assert (["c"], []) == told(ahead.after_requirements(release("d", "1"), ["c!=3.5"]))
    assert ([], []) == told(ahead.after_requirements(release("a", "2"), ["c<2", "e"]))


def test_bound_that_comes_later(ahead: Lookahead) -> None:
    """The version that was expected until then is not wanted any more."""
    ahead.after_project(project("a", "3", "1"))
    ahead.after_requirements(release("a", "3"), ["c", "d"])
    assert ([], ["c 2"]) == told(ahead.after_project(project("c", "2", "1")))
    ahead.after_project(project("d", "1"))
    assert (["c"], ["c 1"]) == told(ahead.after_requirements(release("d", "1"), ["c<2"]))


def test_extras(ahead: Lookahead) -> None:
    """What an extra brings along is expected, whichever is known first, and through several projects."""
    ahead.after_project(project("a", "2", "1"))
    ahead.after_project(project("c", "1"))
    lines = ["e", "f; extra == 'more'", "g; extra == 'other'", "h; python_version < '3'"]
    assert (["e"], []) == told(ahead.after_requirements(release("c", "1"), lines))
    assert (["c", "f"], []) == told(ahead.after_requirements(release("a", "2"), ["c[more]"]))
    ahead.after_project(project("f", "1"))
    assert (["c", "g"], []) == told(ahead.after_requirements(release("f", "1"), ["c[Other]"]))


def test_requirements_that_the_index_tells(ahead: Lookahead) -> None:
    """They take no request: what follows from them is expected at once."""
    known = Project(
        name="c", releases=(release("c", "1", requires=("d>=1", "not a requirement", "x @ https://e.test")),)
    )
    assert (["d"], []) == told(ahead.after_project(known))


def test_circle(ahead: Lookahead) -> None:
    """Extras that ask for one another come to an end."""
    ahead.after_project(project("a", "2"))
    lines = ["a[one]", "a[two]; extra == 'one'", "a[one]; extra == 'two'", "b; extra == 'two'"]
    assert (["a", "b"], []) == told(ahead.after_requirements(release("a", "2"), lines))
