"""The JSON API: where it is, and of which file alone it is believed."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import File, Release
from pip_fastupdate.index.apis.json_api import JsonApi
from tests.support.fake_session import FakeSession

WHEEL, OTHER = "ab" * 32, "cd" * 32
PAGE = "https://index.invalid/pypi/foo/json"


def file(sha256: str, uploaded: str | None) -> dict[str, Any]:
    """One of the newest version's files."""
    return {"digests": {"sha256": sha256}, "upload_time_iso_8601": uploaded}


def body(*urls: dict[str, Any], **info: Any) -> dict[str, Any]:
    """What it says of foo 1.0."""
    return {"info": {"name": "Foo", "version": "1.0", "requires_dist": ["bar"], **info}, "urls": urls}


def requires(said: Any, *, session: FakeSession | None = None, filename: str = "foo-1.0-py3-none-any.whl") -> Any:
    """The requirements of the wheel, as far as they are believed."""
    api, session = JsonApi.beside("https://index.invalid/simple"), session or FakeSession()
    assert api is not None
    session.page(PAGE, said)
    wheel = File(filename=filename, url=f"https://f.invalid/{filename}", sha256=WHEEL)
    found = api.metadata(Release(name="foo", version=Version("1.0"), file=wheel), wheel, session)  # type: ignore[arg-type]
    return found and found.requires


FIRST, LATER = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"


@pytest.mark.parametrize(
    "said",
    [
        body(file(WHEEL, None)),
        body(file(WHEEL.upper(), FIRST)),
        body(file(OTHER, LATER), file(WHEEL, FIRST)),
        body(file(WHEEL, FIRST), version="1.0.0"),
    ],
)
def test_first_file_uploaded(said: dict[str, Any]) -> None:
    """Or the only one: what is told is its metadata."""
    assert ("bar",) == requires(said)


@pytest.mark.parametrize(
    "said",
    [
        body(file(OTHER, FIRST), file(WHEEL, LATER)),
        body(file(WHEEL, FIRST), file(OTHER, FIRST)),
        body(file(WHEEL, None), file(OTHER, None)),
        body(file(OTHER, FIRST)),
        body(),
        body(file(WHEEL, FIRST), version="2.0"),
        body(file(WHEEL, FIRST), version="one"),
        body(file(WHEEL, FIRST), version=None),
        body(file(WHEEL, FIRST), name="bar"),
        body(file(WHEEL, FIRST), name=None),
        body(file(WHEEL, FIRST), requires_dist=None),
        body(file(WHEEL, FIRST), requires_dist=[]),
        body(file(WHEEL, FIRST), requires_dist=["bar >=> 1"]),
        body(file(WHEEL, FIRST), requires_dist="bar"),
        {"message": "Not Found"},
        "<html>",
        "",
    ],
)
def test_not_believed(said: Any) -> None:
    """Of another file, version or project, in doubt which, or nothing: then the file itself is read."""
    assert None is requires(said)


def test_sdist_is_not_asked_for() -> None:
    """Its build may say otherwise."""
    session = FakeSession()
    assert None is requires(body(file(WHEEL, FIRST)), session=session, filename="foo-1.0.tar.gz")
    assert [] == session.asked


def test_api_that_fails_is_asked_no_more() -> None:
    """It is of use only where it works."""
    api, session = JsonApi.beside("https://index.invalid/simple/"), FakeSession()
    assert api is not None
    session.fail(PAGE, "http", "500")
    wheel = File(filename="foo-1.0-py3-none-any.whl", url="https://f.invalid/x", sha256=WHEEL)
    release = Release(name="foo", version=Version("1.0"), file=wheel)
    assert [None, None] == [api.metadata(release, wheel, session) for _ in range(2)]  # type: ignore[arg-type]
    assert [PAGE] == session.asked


@pytest.mark.parametrize(
    ("index", "page"),
    [
        ("https://h.invalid/simple", "https://h.invalid/pypi/foo/json"),
        ("https://h.invalid/simple/", "https://h.invalid/pypi/foo/json"),
        ("http://h.invalid:80/a/b/simple//", "http://h.invalid:80/a/b/pypi/foo/json"),
        ("https://h.invalid/simple/x", None),
        ("https://h.invalid/root/+simple", None),
        ("https://h.invalid/not-simple", None),
        ("https://h.invalid", None),
        ("file:///x/simple", None),
    ],
)
def test_where_it_is(index: str, page: str | None) -> None:
    """Beside the last part of the simple index's path, if that is ``simple``."""
    api = JsonApi.beside(index)
    assert page == (api and api.page("foo"))
