"""What a release requires, from wherever it can be had."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.models import Failure, File, Release
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.response import Answer
from pip_fastupdate.index import remote_archive
from pip_fastupdate.index.requirements_of import Requirements
from tests.support.fake_session import FakeSession
from tests.support.source_records import HERE
from tests.support.wheels import make_metadata, make_sdist, make_wheel

WHEEL = "foo-1.0-py3-none-any.whl"
URL = f"https://f.invalid/{WHEEL}"


def release(
    filename: str = WHEEL, *, name: str = "foo", requires: tuple[str, ...] | None = None, **fields: Any
) -> Release:
    """Of foo 1.0."""
    fields.setdefault("url", f"https://f.invalid/{filename}")
    return Release(name=name, version=Version("1.0"), requires=requires, file=File(filename=filename, **fields))


def asked(session: FakeSession, each: Release) -> tuple[str, ...] | Failure:
    """The answer."""
    return Requirements(HERE).ask(each, session)


def failure(kind: str, text: str) -> Failure:
    """Of foo 1.0."""
    return Failure(name="foo", version="1.0", kind=kind, text=text)


class TestGiven:
    """What the index told."""

    def test_is_the_answer(self) -> None:
        """Nothing is asked."""
        session = FakeSession()
        each = release(requires=("bar>=1", 'baz; extra == "x"'))
        assert each.requires == asked(session, each) == Requirements(HERE).recall(each, {})
        assert ([], None) == (session.asked, Requirements(HERE).key(each))

    def test_that_is_not_understood(self) -> None:
        """The line is named."""
        found = asked(FakeSession(), release(requires=("ok", "bar >=> 1")))
        assert isinstance(found, Failure)
        assert "garbage" == found.kind
        assert found.text.startswith("invalid requirement 'bar >=> 1': ")
        assert "\n" not in found.text

    def test_blocked_release_has_no_requirements(self) -> None:
        """There is no file to look into."""
        blocked = Release(name="foo", version=Version("1.0"))
        assert failure("not-found", "no file for this interpreter") == asked(FakeSession(), blocked)


class TestSidecar:
    """PEP 658."""

    BODY = make_metadata("Foo", "1.0", requires=["bar>=1", 'baz; python_version < "3"'], requires_python=">=3.8")

    def serve(self, body: bytes | None = None) -> FakeSession:
        """A session with the sidecar."""
        session = FakeSession()
        session.page(f"{URL}.metadata", self.BODY if body is None else body, "text/plain")
        return session

    @pytest.mark.parametrize("metadata", [True, None])
    def test_is_read_and_kept(self, metadata: bool | None) -> None:
        """The next run knows it without asking."""
        session, each = self.serve(), release(metadata=metadata)
        assert ("bar>=1", 'baz; python_version < "3"') == asked(session, each)
        requirements = Requirements(HERE)
        stored = session.stored([requirements.key(each) or ""])
        assert ("bar>=1", 'baz; python_version < "3"') == requirements.recall(each, stored)
        assert [f"{URL}.metadata"] == session.asked
        assert None is requirements.recall(each, {})

    def test_hash(self) -> None:
        """Checked where the index told it."""
        right, wrong = hashlib.sha256(self.BODY).hexdigest(), "00" * 32
        assert 2 == len(asked(self.serve(), release(metadata=True, metadata_sha256=right.upper())))
        session = self.serve()
        text = f"the metadata of {WHEEL} does not match the index"
        assert failure("hash", text) == asked(session, release(metadata=True, metadata_sha256=wrong))
        assert {} == session.cache

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (make_metadata("bar", "1.0"), "its metadata is for bar"),
            (make_metadata("foo", "1.1"), "its metadata is for version 1.1"),
            (make_metadata("foo", "one"), "its metadata is for version one"),
            (b"", "its metadata is for nothing"),
            (b"Name: foo\n\n", "its metadata is for version nothing"),
            (b"<html>\n<body>Name: foo</body>", "its metadata is for nothing"),
        ],
    )
    def test_of_something_else(self, body: bytes, text: str) -> None:
        """Is garbage."""
        assert failure("garbage", text) == asked(self.serve(body), release(metadata=True))

    def test_for_another_python(self) -> None:
        """The index had not told."""
        body = make_metadata("foo", "1.0", requires_python=">=3.99")
        session, each = self.serve(body), release(metadata=True)
        assert failure("requires-python", "requires Python >=3.99") == asked(session, each)
        stored = session.stored([Requirements(HERE).key(each) or ""])
        assert failure("requires-python", "requires Python >=3.99") == Requirements(HERE).recall(each, stored)

    def test_fields(self) -> None:
        """Case, continuation lines, equal versions; the description is none of them."""
        body = (
            b"Metadata-Version: 2.1\r\nNAME: fOO\r\nversion: 1\r\nRequires-Dist: bar\r\n  >=1\r\n"
            b"requires-dist:baz\r\nDescription: x\r\n\tRequires-Dist: no\r\n\r\nRequires-Dist: neither\r\n"
        )
        assert ("bar >=1", "baz") == asked(self.serve(body), release(metadata=True))

    def test_error(self) -> None:
        """Is the answer; the wheel is not tried."""
        session = FakeSession()
        session.fail(f"{URL}.metadata", "unreachable", "no route")
        assert failure("unreachable", "no route") == asked(session, release(metadata=True))


class TestWheel:
    """The file itself."""

    def serve(self, path: Path, **fields: Any) -> tuple[FakeSession, Release]:
        """A session with the wheel, and its release."""
        session = FakeSession()
        session.page(f"https://f.invalid/{path.name}", path.read_bytes(), "binary")
        return session, release(path.name, **fields)

    @pytest.mark.parametrize(("size", "requests"), [(0, 1), (200_000, 1)])
    @pytest.mark.parametrize("told", [True, False])
    def test_tail(self, tmp_path: Path, size: int, requests: int, told: bool) -> None:
        """One request for the end, whether or not the size is known."""
        path = make_wheel(tmp_path, "foo", "1.0", requires=["bar"], size=size)
        session, each = self.serve(path, metadata=False, size=path.stat().st_size if told else None)
        assert ("bar",) == asked(session, each)
        assert [URL] * requests == session.asked

    @pytest.mark.parametrize("metadata", [False, None])
    def test_is_kept(self, tmp_path: Path, metadata: bool | None) -> None:
        """The next run knows it without asking, and so does the next question."""
        session, each = self.serve(make_wheel(tmp_path, "foo", "1.0", requires=["bar"]), metadata=metadata)
        requirements = Requirements(HERE)
        assert [("bar",), ("bar",)] == [asked(session, each), asked(session, each)]
        assert ("bar",) == requirements.recall(each, session.stored([requirements.key(each) or ""]))
        assert 1 == session.asked.count(URL)

    def test_metadata_at_the_beginning(self, tmp_path: Path) -> None:
        """Takes another request, not the whole wheel."""
        path = tmp_path / WHEEL
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("foo-1.0.dist-info/METADATA", make_metadata("foo", "1.0", requires=["bar"]))
            archive.writestr("foo/data", bytes(range(256)) * 2000)
        session, each = self.serve(path, metadata=False)
        assert ("bar",) == asked(session, each)
        assert 2 == len(session.asked)

    def test_large_directory(self, tmp_path: Path) -> None:
        """Thousands of members: more than what was fetched at first."""
        path = tmp_path / WHEEL
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("foo-1.0.dist-info/METADATA", make_metadata("foo", "1.0", requires=["bar"]))
            for number in range(3000):
                archive.writestr(f"foo/some/module/of/it/with/a/long/name/{number}.py", b"")
        session, each = self.serve(path, metadata=False)
        requirements = Requirements(HERE)
        assert ("bar",) == requirements.ask(each, session)
        first = len(session.asked)
        assert 1 < first < 6
        other = path.with_name("foo-1.0-1-py3-none-any.whl")
        session.page(f"https://f.invalid/{other.name}", path.read_bytes(), "binary")
        assert ("bar",) == requirements.ask(release(other.name, metadata=False), session)
        assert first + 1 == len(session.asked), "what one version took is asked for at once of the next"

    @pytest.mark.parametrize("metadata", [True, False, None])
    def test_without_a_hash(self, tmp_path: Path, metadata: bool | None) -> None:
        """The index may have another file at the same address tomorrow: it is read again then."""
        session, each = self.serve(make_wheel(tmp_path, "foo", "1.0", requires=["bar"]), metadata=metadata)
        assert ("bar",) == asked(session, each)
        assert not session.forever
        later = session.stale()
        later.page(URL, make_wheel(tmp_path, "foo", "1.0", requires=["baz"]).read_bytes(), "binary")
        assert ("baz",) == asked(later, each)
        assert not later.forever
        if metadata is False:  # where nothing can be requested, the old one has to do
            offline = session.stale()
            offline.fail(URL, "offline")
            assert ("bar",) == asked(offline, each)

    @pytest.mark.parametrize("hashes", [{"sha256": "ab" * 32}, {"hashes": (("md5", "cd" * 16),)}])
    def test_with_a_hash(self, tmp_path: Path, hashes: dict[str, Any]) -> None:
        """It is kept for that very file."""
        session, each = self.serve(make_wheel(tmp_path, "foo", "1.0", requires=["bar"]), metadata=False, **hashes)
        assert ("bar",) == asked(session, each)
        assert {Requirements(HERE).key(each)} == session.forever
        assert Requirements(HERE).key(release(metadata=False)) not in session.forever

    def test_after_a_missing_sidecar(self, tmp_path: Path) -> None:
        """Where the index had not told, or told wrong."""
        for metadata in (None, True):
            session, each = self.serve(make_wheel(tmp_path, "foo", "1.0", requires=["bar"]), metadata=metadata)
            assert ("bar",) == asked(session, each)
            assert [f"{URL}.metadata", URL] == session.asked

    @pytest.mark.parametrize("hashed", [False, True])
    def test_sidecar_of_a_url_with_a_query(self, hashed: bool) -> None:
        """``.metadata`` belongs to the path: after a token it would make that invalid."""
        session = FakeSession()
        session.page(f"{URL}.metadata?token=x", make_metadata("foo", "1.0", requires=["bar"]), "text/plain")
        each = release(url=f"{URL}?token=x", metadata=True, sha256="ab" * 32 if hashed else None)
        assert ("bar",) == asked(session, each)
        assert [f"{URL}.metadata?token=x"] == session.asked

    def test_after_a_refused_sidecar(self, tmp_path: Path) -> None:
        """Mirrors announce what they do not serve; the wheel itself has the same metadata."""
        session, each = self.serve(make_wheel(tmp_path, "foo", "1.0", requires=["bar"]), metadata=True)
        session.fail(f"{URL}.metadata", "http", "f.invalid returned 403 Forbidden")
        assert ("bar",) == asked(session, each)
        assert [f"{URL}.metadata", URL] == session.asked

    def test_sidecars_are_not_tried_where_ranges_do(self, tmp_path: Path) -> None:
        """One request a wheel from then on, and what is told beside it is not believed; announced sidecars are."""
        session, requirements = FakeSession(), Requirements(HERE)
        for number in range(3):
            path = make_wheel(tmp_path, f"foo{number}", "1.0", requires=["bar"])
            session.page(f"https://f.invalid/{path.name}", path.read_bytes(), "binary")
            if number:
                session.page(
                    f"https://f.invalid/{path.name}.metadata", make_metadata(f"foo{number}", "1.0"), "text/plain"
                )
        for number, metadata in enumerate((None, None, True)):
            each = release(f"foo{number}-1.0-py3-none-any.whl", name=f"foo{number}", metadata=metadata)
            assert (() if metadata else ("bar",)) == requirements.ask(each, session)
            assert requirements.recall(each, session.stored([requirements.key(each) or ""])) is not None
        first, second, third = (f"https://f.invalid/foo{number}-1.0-py3-none-any.whl" for number in range(3))
        assert [f"{first}.metadata", first, second, f"{third}.metadata"] == session.asked

    def test_range_that_is_refused_is_requested_once(self, tmp_path: Path) -> None:
        """By a server that has sent those of another file: the whole wheel is next, not the same range."""
        session, requirements = FakeSession(), Requirements(HERE)
        for name in ("foo", "bar"):
            path = make_wheel(tmp_path, name, "1.0", requires=["baz"])
            session.page(f"https://f.invalid/{path.name}", path.read_bytes(), "binary")
        assert ("baz",) == requirements.ask(release(), session)
        session.asked.clear()
        bar = release("bar-1.0-py3-none-any.whl", name="bar")
        assert bar.file is not None
        session.fail(bar.file.url, "http", "403")
        assert isinstance(requirements.ask(bar, session), Failure)
        assert [bar.file.url, bar.file.url] == session.asked, "the range, and the whole"

    def test_server_without_ranges(self, tmp_path: Path) -> None:
        """It sends all of it at once."""
        session, each = self.serve(make_wheel(tmp_path, "foo", "1.0", requires=["bar"], size=99999), metadata=False)
        session.ranges = False
        assert ("bar",) == asked(session, each)
        assert [URL] == session.asked

    @pytest.mark.parametrize("status", [416, 206])
    def test_server_with_odd_ranges(self, tmp_path: Path, status: int) -> None:
        """Then the wheel is downloaded."""
        path = make_wheel(tmp_path, "foo", "1.0", requires=["bar"])

        class Odd(FakeSession):
            def fetch(self, url: str, headers: Any = None) -> Any:
                from dataclasses import replace

                return replace(super().fetch(url, headers), status=status, headers={}, body=b"")

        session = Odd()
        session.page(URL, path.read_bytes(), "binary")
        assert ("bar",) == asked(session, release(metadata=False))
        assert [URL, URL] == session.asked

    def test_server_with_damaged_ranges(self, tmp_path: Path) -> None:
        """A part that cannot be decoded is as good as none, be it the first or a later one."""

        class Damaged(FakeSession):
            first: int = 0

            def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
                if len(self.asked) >= self.first:
                    self.asked.append(url)
                    raise DownloadFailed("garbage", "invalid gzip data")
                return super().fetch(url, headers)

        path = tmp_path / WHEEL
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("foo-1.0.dist-info/METADATA", make_metadata("foo", "1.0"))
            archive.writestr("foo/data", bytes(99999))
        for first in (0, 1):
            session = Damaged()
            session.first = first
            session.page(URL, path.read_bytes(), "binary")
            assert () == asked(session, release(metadata=False))
            assert [URL] * (first + 2) == session.asked

    def test_server_that_refuses_ranges(self, tmp_path: Path) -> None:
        """With an error: then the wheel is downloaded, and its error counts."""
        session = FakeSession()
        session.fail(URL, "http", "501")
        assert failure("http", "501") == asked(session, release(metadata=False))
        assert [URL, URL] == session.asked
        session.fail(URL, "timeout", "late")
        assert failure("timeout", "late") == asked(session, release(metadata=False))

    @pytest.mark.parametrize(
        "said",
        ["bytes {0}-{1}/{2}", "bytes 0-{1}/{2}", "bytes {0}-{1}/9{2}", "bytes 10-9/10", "bytes 0-1/" + "9" * 5000],
    )
    def test_server_that_sends_other_ranges(self, tmp_path: Path, said: str) -> None:
        """The whole wheel is read; from then on no range is requested of that server."""

        class Confused(FakeSession):
            def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
                answer = super().fetch(url, headers)
                first, last, total = re.findall("[0-9]+", answer.headers["content-range"])
                return replace(
                    answer, headers={"content-range": said.format(first, last, total)}, body=answer.body[::-1]
                )

        session, requirements = Confused(), Requirements(HERE)
        for name in ("foo", "bar"):
            path = make_wheel(tmp_path, name, "1.0", requires=["baz"], size=99_999)
            session.page(f"https://f.invalid/{path.name}", path.read_bytes(), "binary")
        assert ("baz",) == requirements.ask(release(metadata=False), session)
        session.asked.clear()
        other = release("bar-1.0-py3-none-any.whl", name="bar", metadata=False)
        assert ("baz",) == requirements.ask(other, session)
        assert 1 == len(session.asked)

    def test_server_that_stops_ranges(self, tmp_path: Path) -> None:
        """In the middle of it."""
        path = tmp_path / WHEEL
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("foo-1.0.dist-info/METADATA", make_metadata("foo", "1.0"))
            archive.writestr("foo/data", bytes(99999))
        session, _ = self.serve(path)

        def stop(url: str) -> None:
            session.ranges = len(session.asked) < 2

        session.before = stop
        assert () == asked(session, release(metadata=False, size=path.stat().st_size + 1))
        assert 3 == len(session.asked), "two ranges, and the whole"

    def test_wheel_that_is_gone(self, tmp_path: Path) -> None:
        """Behind HTTP and on the disk."""
        assert failure("missing-file", f"{WHEEL} no longer exists") == asked(FakeSession(), release(metadata=False))
        local = release(url=(tmp_path / WHEEL).as_uri())
        assert failure("missing-file", f"{WHEEL} no longer exists") == asked(FakeSession(), local)

    def test_local_wheel(self, tmp_path: Path) -> None:
        """Read where it lies; an index on the disk has no sidecars."""
        path = make_wheel(tmp_path, "foo", "1.0", requires=["bar"])
        session, each = FakeSession(), release(url=path.as_uri(), metadata=True)
        assert ("bar",) == asked(session, each)
        assert ([], None) == (session.asked, Requirements(HERE).key(each))

    @pytest.mark.parametrize(
        ("members", "text"),
        [
            ({}, f"{WHEEL} contains 0 METADATA files for foo 1.0"),
            ({"bar-1.0.dist-info/METADATA": b"x"}, f"{WHEEL} contains 0 METADATA files for foo 1.0"),
            (
                {"foo-1.0.dist-info/METADATA": b"x", "Foo-1.dist-info/METADATA": b"x"},
                f"{WHEEL} contains 2 METADATA files for foo 1.0",
            ),
            ({"foo-1.0.dist-info/METADATA": b""}, f"{WHEEL} contains no metadata"),
            ({"foo-1.0.dist-info/METADATA": bytes((1 << 24) + 1)}, f"{WHEEL} contains no metadata"),
        ],
    )
    def test_wheels_without_credible_metadata(self, tmp_path: Path, members: dict[str, bytes], text: str) -> None:
        """None, another's, two, empty or huge."""
        path = tmp_path / WHEEL
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        assert failure("garbage", text) == asked(FakeSession(), release(url=path.as_uri()))

    @pytest.mark.parametrize("damage", [b"", b"PK", b"<html>" * 100])
    def test_damaged_wheel(self, tmp_path: Path, damage: bytes) -> None:
        """Told as such."""
        (tmp_path / WHEEL).write_bytes(damage)
        found = asked(FakeSession(), release(url=(tmp_path / WHEEL).as_uri()))
        assert isinstance(found, Failure)
        assert ("garbage", True) == (found.kind, found.text.startswith(f"{WHEEL} is damaged"))

    def test_flipped_bytes(self, tmp_path: Path) -> None:
        """The checksum of the member says so."""
        path = make_wheel(tmp_path, "foo", "1.0", requires=["bar"], compression=zipfile.ZIP_STORED)
        path.write_bytes(path.read_bytes().replace(b"Requires-Dist: bar", b"Requires-Dist: baz"))
        found = asked(FakeSession(), release(url=path.as_uri()))
        assert isinstance(found, Failure)
        assert "garbage" == found.kind


class TestSdist:
    """PEP 643: only what a build cannot change."""

    def serve(self, path: Path) -> tuple[FakeSession, Release]:
        """A session with the sdist, and its release."""
        session = FakeSession()
        session.page(f"https://f.invalid/{path.name}", path.read_bytes(), "binary")
        return session, release(path.name, metadata=False)

    def test_static(self, tmp_path: Path) -> None:
        """Metadata 2.2 without Dynamic."""
        session, each = self.serve(make_sdist(tmp_path, "foo", "1.0", requires=["bar"]))
        assert ("bar",) == asked(session, each)
        local = release("foo-1.0.tar.gz", url=(tmp_path / "foo-1.0.tar.gz").as_uri())
        assert ("bar",) == asked(FakeSession(), local)

    def pack(self, folder: Path, info: bytes) -> Path:
        """A zip with that PKG-INFO."""
        path = folder / "foo-1.0.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("foo-1.0/sub/PKG-INFO", b"no")
            archive.writestr("foo-1.0/PKG-INFO", info)
        return path

    @pytest.mark.parametrize(
        ("version", "extra", "static"),
        [
            ("2.2", (), True),
            ("2.4", ("Dynamic: Version",), True),
            ("2.1", (), False),
            ("1.0", (), False),
            ("two", (), False),
            ("2.3", ("Dynamic: Requires-Dist",), False),
            ("2.3", ("dynamic: requires-python",), False),
        ],
    )
    def test_dynamic(self, tmp_path: Path, version: str, extra: tuple[str, ...], static: bool) -> None:
        """Needs a build."""
        info = make_metadata("foo", "1.0", requires=["bar"], metadata_version=version, extra=extra)
        session, each = self.serve(self.pack(tmp_path, info))
        expected = ("bar",) if static else failure("build", "its dependencies are unknown until it is built")
        assert expected == asked(session, each)

    def test_without_pkg_info(self, tmp_path: Path) -> None:
        """Told as such."""
        (tmp_path / "foo-1.0.zip").write_bytes(b"")
        for name, mode in (("foo-1.0.tar.gz", "w:gz"), ("foo-1.0.tar.bz2", "w:bz2")):
            with tarfile.open(tmp_path / name, mode) as tar:
                tar.addfile(tarfile.TarInfo("foo-1.0/setup.py"), io.BytesIO(b""))
            session, each = self.serve(tmp_path / name)
            assert failure("garbage", f"{name} contains no metadata") == asked(session, each)
        with zipfile.ZipFile(tmp_path / "foo-1.0.zip", "w"):
            pass
        session, each = self.serve(tmp_path / "foo-1.0.zip")
        assert failure("garbage", "foo-1.0.zip contains no metadata") == asked(session, each)

    def test_damaged(self, tmp_path: Path) -> None:
        """Told as such."""
        (tmp_path / "foo-1.0.tar.gz").write_bytes(b"not gzip at all")
        session, each = self.serve(tmp_path / "foo-1.0.tar.gz")
        found = asked(session, each)
        assert isinstance(found, Failure)
        assert ("garbage", True) == (found.kind, "is damaged" in found.text)


def test_window_reads_like_a_file(tmp_path: Path) -> None:
    """Whatever is looked at, in whatever order."""
    content = bytes(number % 251 for number in range(300_000))
    session = FakeSession()
    session.page(URL, content, "binary")
    window = remote_archive.Window(File(filename=WHEEL, url=URL), session)
    window.open()
    assert (True, True, 0) == (window.readable(), window.seekable(), window.tell())
    for start, length in ((299_990, 100), (0, 10), (5, 100_000), (280_000, 5000), (150_000, 1), (300_000, 5)):
        window.seek(start)
        assert content[start : start + length] == window.read(length)
    assert 299_999 == window.seek(-1, io.SEEK_END)
    assert 299_997 == window.seek(-2, io.SEEK_CUR)
    assert content[-3:] == window.read()


@pytest.mark.parametrize("described", [False, True])
def test_description_is_what_planning_read(described: bool) -> None:
    """One request for both where it was kept, without the long text; by itself it asks once."""
    session = FakeSession()
    body = make_metadata("foo", "1.0", requires=("bar",)) + b"\n\nSummary: of the text\n"
    session.page(f"{URL}.metadata", body)
    each, source = release(metadata=True), Requirements(HERE, described=described)
    assert ("bar",) == source.ask(each, session)
    text = source.description(each, session)
    assert text is not None
    assert (True, False) == ("Requires-Dist: bar" in text, "of the text" in text)
    assert text == source.description(each, session)
    assert (1 if described else 2) == len(session.asked)


@pytest.mark.parametrize(("sha256", "requests"), [("ab" * 32, 1), (None, 2)])
def test_description_with_another_signature(sha256: str | None, requests: int) -> None:
    """A query that is valid for a limited time is no other file if the index says so by a hash."""
    session, source = FakeSession(), Requirements(HERE)
    for token in ("old", "new"):
        session.page(f"{URL}.metadata?token={token}", make_metadata("foo", "1.0", requires=("bar",)))
        each = release(url=f"{URL}?token={token}", metadata=True, sha256=sha256)
        assert "Requires-Dist: bar" in (source.description(each, session) or "")
    assert requests == len(session.asked)


def test_description_that_nobody_can_believe() -> None:
    """It is checked as for planning: another hash, and no sidecar, are as good as nothing."""
    session = FakeSession()
    session.page(f"{URL}.metadata", make_metadata("foo", "1.0"))
    source = Requirements(HERE)
    assert source.description(release(metadata=True, metadata_sha256="00"), session) is None
    assert source.description(release(metadata=False), session) is None
    assert 1 == len(session.asked)
