"""What is kept of an index's answer."""

from __future__ import annotations

import pytest

from pip_fastupdate.index.apis.simple_pages import Link
from pip_fastupdate.index.evaluator import collect
from pip_fastupdate.index.project_record import SDIST, ProjectRecord, VersionRecord, decode, encode
from tests.support.source_records import HERE, link


def entries(*files: Link | str, sdists: bool = False) -> list[VersionRecord]:
    """Of the project foo."""
    links = [each if isinstance(each, Link) else link(each) for each in files]
    return collect("foo", links, Link.compatible_file, HERE, sdists=sdists)


def names(entry: VersionRecord) -> list[str]:
    """Its files."""
    return [item.filename for item in entry.files]


def test_digest_survives_the_cache() -> None:
    """Byte for byte what went in, however many versions there are."""
    many = entries(*(f"foo-{major}.{minor}-py3-none-any.whl" for major in range(9) for minor in range(9)))
    said = ProjectRecord(status="archived", reason="done", skipped="0.1")
    body = encode(said, many)
    back = decode(body)
    assert many == list(back.entries())
    assert many == list(back.entries())
    assert ("archived", "done", "0.1") == (back.status, back.reason, back.skipped)
    assert len(body) < 5000


def test_digest_of_nothing() -> None:
    """The project is known, and that is all."""
    assert ProjectRecord(head=[]) == decode(encode(ProjectRecord(), []))
    assert [] == list(ProjectRecord().entries())


@pytest.mark.parametrize("body", [b"", b"[]\n", b"{}", b"\x93\x01", b"[[],[1]]"])
def test_other_bytes_are_refused(body: bytes) -> None:
    """With ValueError, for the caller to ask again."""
    with pytest.raises(ValueError):  # noqa: PT011 - whichever
        decode(body)


def test_newest_version_first() -> None:
    """In PEP 440's order; equal versions are one."""
    found = entries(
        "foo-1.10-py3-none-any.whl",
        "foo-1.9-py3-none-any.whl",
        "foo-1.9.0.tar.gz",
        "foo-2.0rc1.tar.gz",
        "foo-1!0.1-py3-none-any.whl",
        "foo-2.0.dev1.tar.gz",
        sdists=True,
    )
    assert ["1!0.1", "2.0rc1", "2.0.dev1", "1.10", "1.9"] == [entry.version for entry in found]
    assert ["foo-1.9-py3-none-any.whl", "foo-1.9.0.tar.gz"] == names(found[-1])


def test_best_wheel_first() -> None:
    """By tag, then by build tag, then as listed; what could never be chosen is left out."""
    found = entries(
        "foo-1.0-py3-none-any.whl",
        "foo-1.0-2-cp311-cp311-manylinux_2_17_x86_64.whl",
        "foo-1.0-10-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    )
    assert [["foo-1.0-10-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"]] == list(map(names, found))


def test_lesser_files_are_kept_where_the_better_may_drop_out() -> None:
    """Because it is yanked, or was uploaded later."""
    best = link("foo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", uploaded="2024-01-03", yanked="")
    found = entries(
        best,
        link("foo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", uploaded="2024-01-02"),
        link("foo-1.0-cp39-abi3-linux_x86_64.whl", uploaded="2024-01-01"),
        link("foo-1.0-py3-none-any.whl", uploaded="2024-01-01"),
    )
    assert 3 == len(found[0].files)
    assert "foo-1.0-py3-none-any.whl" not in names(found[0])


def test_sdists_beside_wheels_are_kept_on_demand() -> None:
    """Else only where no wheel fits."""
    files = ("foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz", "foo-2.0.tar.gz", "foo-2.0.zip", "foo-2.0-cp27-none-any.whl")
    assert [["foo-2.0.tar.gz"], ["foo-1.0-py3-none-any.whl"]] == list(map(names, entries(*files)))
    both = entries(*files, sdists=True)
    assert [["foo-2.0.tar.gz"], ["foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"]] == list(map(names, both))
    assert SDIST == both[0].files[0].rank
    assert "cp27-none-any" == both[0].foreign


def test_why_there_is_no_file() -> None:
    """The interpreter is too old, or the wheels are for others."""
    tags = ("cp312-cp312-win_amd64", "cp313-cp313-win_amd64", "cp311-cp311-win32", "cp311-cp311-win32")
    found = entries(
        link("foo-2.0-py3-none-any.whl", requires_python=">=3.12"),
        link("foo-2.0.tar.gz", requires_python=">=3.12"),
        *(f"foo-1.0-{tag}.whl" for tag in tags),
    )
    newer, older = found
    assert ([], ">=3.12", None) == newer[1:]
    assert ([], None, "cp311-cp311-win32, cp312-cp312-win_amd64 and 1 more") == older[1:]


def test_strangers_are_skipped() -> None:
    """Other projects' files, other formats, malformed names, what is no version."""
    assert [] == entries(
        "bar-1.0-py3-none-any.whl",
        "foo-1.0.exe",
        "foo-1.0-py2.7.egg",
        "foo-x.y-py3-none-any.whl",
        "foo-1.0-b-py3-none-any.whl",
        "foo-1.0-py3-none-.whl",
        "foo.whl",
        "foo-latest.tar.gz",
        "bar-1.0.tar.gz",
        "",
    )
