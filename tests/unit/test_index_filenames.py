"""File names and the order of versions: as packaging has them, only faster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from pip_fastupdate.core.interpreter import Interpreter
from pip_fastupdate.index.apis.simple_pages import Link
from pip_fastupdate.index.evaluator import collect
from pip_fastupdate.index.filenames import build_tag, order_key, sdist_version, wheel_project
from pip_fastupdate.index.project_record import CompatibleFile

VERSIONS = (  # noqa: SIM905 - one a line would be a page
    "1.0 1 1.0.0 0 0.0 1.1 1.10 1.9 2 10 1!0.1 1.0a1 1.0b2 1.0rc1 1.0.dev1 1.0a1.dev3 1.0.post1 1.0.post1.dev2 "
    "1.0+cpu 1.0+cu118 1.0+cu118.post2 1.0+1 1.0+2 1.0+10 1.0+abc.5 1.0.0+cpu 2023.12.31 1.0-1 v1.2 1.0alpha1 "
    "1.0.dev0 1!1.0.dev1 0.0.0.1 1.0rc1+x 1.0a0 1_0"
).split()


def test_versions_sort_as_packaging_sorts_them() -> None:
    """Every pair of the corpus compares the same way."""
    known = [text for text in VERSIONS if order_key(text) is not None]
    for one in known:
        for other in known:
            expected = (Version(one) < Version(other), Version(one) == Version(other))
            assert expected == (order_key(one) < order_key(other), order_key(one) == order_key(other))


@given(
    st.lists(
        st.builds(
            "{}{}{}{}{}{}".format,
            st.sampled_from(["", "1!"]),
            st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts))),
            st.sampled_from(["", "a1", "b1", "rc2"]),
            st.sampled_from(["", ".post0", ".post3"]),
            st.sampled_from(["", ".dev0", ".dev2"]),
            st.sampled_from(["", "+a", "+1", "+1.a"]),
        ),
        max_size=8,
    )
)
def test_any_versions_sort_as_packaging_sorts_them(texts: list[str]) -> None:
    """Whatever they are made of."""
    assert sorted(texts, key=Version) == sorted(texts, key=order_key)


@pytest.mark.parametrize("text", ["", "1.0x", "final", "1.0-beta-gamma", "1..0", "٣.1" * 2, "1" * 5000])
def test_what_is_no_version_has_no_place(text: str) -> None:
    """It is skipped, not guessed at."""
    assert order_key(text) is None


WHEELS = """
foo-1.0-py3-none-any.whl
Foo.Bar-1.0-py2.py3-none-any.whl
foo_bar-1.0-1-py3-none-any.whl
foo_bar-1.0-1build2-py3-none-any.whl
foo-1.0-b1-py3-none-any.whl
foo__bar-1.0-py3-none-any.whl
foo-1.0+cpu-cp311-cp311-linux_x86_64.whl
foo-1.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
foo-1.0-cp311-cp311-win_amd64.whl
foo-1.0-CP311-cp311-Win_AMD64.whl
foo-notaversion-py3-none-any.whl
foo-1.0-py3-none.whl
foo-1.0-1-2-py3-none-any.whl
foo bar-1.0-py3-none-any.whl
foo-1.0_1-py3-none-any.whl
foo-1!2.0-py3-none-any.whl
f-1-py3-none-any.whl
-1.0-py3-none-any.whl
föö-1.0-py3-none-any.whl
.whl
""".strip().splitlines()

TAGS = ("cp311-cp311-linux_x86_64", "cp39-abi3-manylinux2014_x86_64", "py3-none-any")
HERE = Interpreter("3.11.7", lambda: TAGS)


def collected(project: str, filename: str) -> list[tuple[str, bool]]:
    """(version, whether it fits) of what remains of a single file."""
    link = Link(filename=filename, url="http://127.0.0.1/" + filename)
    entries = collect(project, [link], Link.compatible_file, HERE, sdists=True)
    return [(entry.version, bool(entry.files)) for entry in entries]


@pytest.mark.parametrize("filename", WHEELS)
def test_wheels_are_read_as_packaging_reads_them(filename: str) -> None:
    """Project, version and tags; what packaging refuses is skipped."""
    try:
        project, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        assert [] == collected("foo", filename)
        return
    fits = any(str(tag) in TAGS for tag in tags)
    assert [(version, fits)] == [(Version(text), fit) for text, fit in collected(project, filename)]
    assert [] == collected("another", filename)


@given(
    st.tuples(
        st.sampled_from(["foo", "Foo", "foo_bar", "f.o", "foo-bar", "foo__x", "ä"]),
        st.sampled_from(["1.0", "1", "1.0+l", "x", "1.0.post1", ""]),
        st.sampled_from(["", "1", "2a", "b", "10"]),
        st.sampled_from(["py3", "py2.py3", "cp311", "cp39"]),
        st.sampled_from(["none", "abi3", "cp311"]),
        st.sampled_from(["any", "linux_x86_64", "manylinux1_x86_64.manylinux2014_x86_64"]),
    )
)
def test_any_wheels_are_read_as_packaging_reads_them(parts: tuple[str, ...]) -> None:
    """Names put together of good and bad parts."""
    filename = "-".join(part for at, part in enumerate(parts) if part or at != 2) + ".whl"
    try:
        project, version, build, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        assert all([] == collected(project, filename) for project in ("foo", "foo-bar", "f-o", "ä"))
        return
    assert [version] == [Version(text) for text, _ in collected(project, filename)]
    given_build = filename.split("-")[2] if filename.count("-") == 5 else ""
    assert build == (build_tag(given_build) if given_build else ())


def test_names_of_projects_are_normalized() -> None:
    """As PEP 503 has it, and None for what is none."""
    assert ["foo-bar", None, None] == [wheel_project(name) for name in ("Foo.Bar", "foo__bar", "foo bar")]


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("foo-1.0.tar.gz", "foo", "1.0"),
        ("Foo_Bar-1.0.zip", "foo-bar", "1.0"),
        ("foo-bar-1.0.tar.bz2", "foo-bar", "1.0"),
        ("foo-bar-1.0.tgz", "foo", "bar-1.0"),
        ("foo-1.0-1.tar.gz", "foo", "1.0-1"),
        ("foo-1.0-py3.9.tar.gz", "foo", "1.0"),
        ("foo-1.0-py3.10.tar.gz", "foo", "1.0-py3.10"),
        ("foo-1.0-py2.7.tar.gz", "foo", None),
        ("foo-1.0.macosx10.zip", "foo", None),
        ("foo-.tar.gz", "foo", None),
        ("foo.tar.gz", "foo", None),
        ("other-1.0.tar.gz", "foo", None),
        ("foo-1.0.exe", "foo", None),
        ("foo-1.0.egg", "foo", None),
    ],
)
def test_sdists_are_read_as_pip_reads_them(filename: str, project: str, version: str | None) -> None:
    """The project's name is known, the rest is the version."""
    assert version == sdist_version(filename, project, "3.9")


def test_item_of_a_link() -> None:
    """Everything is kept that is needed to install it."""
    link = Link(filename="f", url="u", sha256="s", size=1, metadata="m", yanked="", uploaded="t")
    assert CompatibleFile("f", "u", "s", 1, "m", "", "t", 7) == link.compatible_file(7)
