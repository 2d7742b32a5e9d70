"""Bodies of indexes: the JSON API, and the simple API in JSON and HTML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from packaging.version import Version

from pip_fastupdate.core.response import Reply
from pip_fastupdate.core.urls import Base, file_path, filename, without_login
from pip_fastupdate.index.apis.simple_api import SimpleApi
from pip_fastupdate.index.apis.simple_pages import read, read_html
from pip_fastupdate.index.project_record import CompatibleFile, ProjectRecord, decode
from tests.support.fake_session import HTML, SIMPLE
from tests.support.source_records import HERE

ROOT = "https://index.invalid/simple"
WHEEL = "foo-1.0-py3-none-any.whl"
SHA = "ab" * 32


def digest(kind: str, body: Any, url: str = f"{ROOT}/foo/") -> ProjectRecord:
    """What is kept of such an answer."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    reply = Reply(url=url, status=200, headers={"content-type": kind}, body=raw)
    return decode(SimpleApi(ROOT, HERE, sdists=True).condense("foo", reply))


def items(found: ProjectRecord) -> list[CompatibleFile]:
    """All files."""
    return [item for entry in found.entries() for item in entry.files]


ITEM = CompatibleFile(WHEEL, f"https://files.invalid/{WHEEL}", SHA, 7, "cd", None, "2024-01-01T00:00:00.0Z", 3)


class TestOldReleases:
    """Most files of most projects are never looked at."""

    def page(self, *versions: str, ending: str = "-py3-none-any.whl", **fields: Any) -> dict[str, Any]:
        """With a file for each."""
        names = [f"foo-{each}{ending}" for each in versions]
        return {"files": [{"filename": each, "url": f"../{each}", **fields} for each in names]}

    def recent(self, body: Any, floor: str) -> ProjectRecord:
        """What is kept where ``floor`` is installed."""
        reply = Reply(url=ROOT, status=200, headers={"content-type": SIMPLE}, body=json.dumps(body).encode())
        return decode(SimpleApi(ROOT, HERE, sdists=False).condense("foo", reply, Version(floor)))

    @pytest.mark.parametrize(
        ("floor", "oldest", "skipped"),
        [
            ("30.0", "23.0", "22.0"),
            ("28.0", "23.0", "22.0"),
            ("15.0.0", "15.0", "14.0"),
            ("14.5", "15.0", "14.0"),
            ("1", "1.0", None),
        ],
    )
    def test_are_left_out(self, floor: str, oldest: str, skipped: str | None) -> None:
        """What is installed, and eight at least, are there."""
        found = self.recent(self.page(*(f"{number}.0" for number in range(1, 31))), floor)
        assert (oldest, skipped) == ([entry.version for entry in found.entries()][-1], found.skipped)
        assert found.covers(Version(floor))
        assert (skipped is None) == found.covers(None) == found.covers(Version("1.0"))
        assert skipped is None or not found.covers(Version(skipped))

    def test_html_too(self) -> None:
        """As in JSON."""
        links = "".join(f'<a href="foo-{number}.0-py3-none-any.whl">x</a>' for number in range(1, 31))
        reply = Reply(url=ROOT, status=200, headers={"content-type": HTML}, body=links.encode())
        assert "22.0" == decode(SimpleApi(ROOT, HERE, sdists=False).condense("foo", reply, Version("30.0"))).skipped

    def test_count_until_there_is_a_final_one(self) -> None:
        """It decides whether pre-releases may be chosen."""
        body = self.page(*(f"2.0b{number}" for number in range(20)), "1.0", "0.9")
        kept = [entry.version for entry in self.recent(body, "2.0b18").entries()]
        assert ("1.0", "0.9") == (kept[-1], self.recent(body, "2.0b18").skipped)
        yanked = self.page(*(f"{number}.0" for number in range(1, 31)), yanked=True)
        assert None is self.recent(yanked, "30.0").skipped
        foreign = self.page(*(f"{number}.0" for number in range(1, 31)), **{"requires-python": "<3"})
        assert None is self.recent(foreign, "30.0").skipped

    def test_odd_names_are_looked_into(self) -> None:
        """Versions with dashes, other endings, names of which nobody can tell where the version begins."""
        body = self.page(*(f"{number}.0" for number in range(1, 31)))
        for each in ("foo-98.0-1.tar.gz", "foo-97.0.zip", "foo-99.0.tar.bz2", "foo-latest.tar.gz"):
            body["files"].append({"url": each})
        assert ["99.0", "98.0-1", "97.0"] == [entry.version for entry in self.recent(body, "30.0").entries()][:3]


class TestSimpleJson:
    """PEP 691, 700, 714, 792."""

    FILE: ClassVar[dict[str, Any]] = {
        "filename": WHEEL,
        "url": f"https://files.invalid/{WHEEL}",
        "hashes": {"sha256": SHA},
        "requires-python": ">=3.8",
        "yanked": False,
        "size": 7,
        "upload-time": "2024-01-01T00:00:00.0Z",
        "core-metadata": {"sha256": "cd"},
    }
    BODY: ClassVar[dict[str, Any]] = {
        "meta": {"api-version": "1.4"},
        "name": "foo",
        "files": [FILE],
        "versions": ["1.0"],
    }

    def file(self, **fields: Any) -> dict[str, Any]:
        """A body with one file, and these fields in it."""
        row = {key: value for key, value in {**self.FILE, **fields}.items() if value is not ...}
        return {**self.BODY, "files": [row]}

    def test_everything_of_use_is_kept(self) -> None:
        """And nothing else."""
        assert [ITEM] == items(digest(SIMPLE, self.BODY))
        assert [ITEM] == items(digest(SIMPLE + "; charset=utf-8", self.BODY))

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"core-metadata": ...}, {"metadata": None}),
            ({"core-metadata": False}, {"metadata": False}),
            ({"core-metadata": "yes"}, {"metadata": None}),
            ({"core-metadata": {"blake2": "x"}}, {"metadata": True}),
            ({"provenance": "https://index.invalid/p"}, {"provenance": "https://index.invalid/p"}),
            ({"provenance": None}, {}),
            ({"hashes": {"sha256": SHA.upper(), "md5": "X"}}, {"hashes": "md5=x"}),
            (
                {"hashes": {"sha512": "ab", "md5": "cd", "blake9": "ef", "odd": 1}},
                {"sha256": None, "hashes": "sha512=ab md5=cd blake9=ef"},
            ),
            (
                {"url": f"../../f/{WHEEL}#md5=00"},
                {"url": f"https://index.invalid/f/{WHEEL}", "hashes": "md5=00"},
            ),
            ({"requires-python": ["x"]}, {}),
            ({"upload-time": 12}, {"uploaded": None}),
            ({"unheard-of": [1]}, {}),
            ({"core-metadata": ..., "dist-info-metadata": {"sha256": "ef"}}, {"metadata": "ef"}),
            ({"core-metadata": False, "dist-info-metadata": True}, {"metadata": False}),
            ({"core-metadata": True}, {"metadata": True}),
            ({"yanked": ...}, {"yanked": None}),
            ({"yanked": True}, {"yanked": ""}),
            ({"yanked": "bad"}, {"yanked": "bad"}),
            ({"yanked": ""}, {"yanked": None}),
            ({"hashes": {}}, {"sha256": None}),
            ({"hashes": {"md5": "x"}}, {"sha256": None, "hashes": "md5=x"}),
            (
                {"url": f"../../f/{WHEEL}#sha256=00"},
                {"sha256": "00", "hashes": f"sha256={SHA}", "url": f"https://index.invalid/f/{WHEEL}"},
            ),
            ({"filename": "other-1.0.zip"}, {}),
            ({"filename": ...}, {}),
            ({"size": None, "upload-time": None}, {"size": None, "uploaded": None}),
            ({"size": -1}, {"size": None}),
            ({"size": 0}, {"size": None}),
            ({"size": "7", "requires-python": 3, "hashes": []}, {"sha256": None}),
        ],
    )
    def test_fields(self, fields: dict[str, Any], expected: dict[str, Any]) -> None:
        """Missing, old, relative or odd: the URL names the file, as for pip."""
        assert [ITEM._replace(**expected)] == items(digest(SIMPLE, self.file(**fields)))

    @pytest.mark.parametrize(
        ("said", "status", "reason"),
        [
            ({"status": "archived", "reason": "old"}, "archived", "old"),
            ({"status": "quarantined"}, "quarantined", None),
            ({"status": "active"}, None, None),
            ({"status": "novel"}, None, None),
            ({}, None, None),
            (None, None, None),
        ],
    )
    def test_status(self, said: Any, status: str | None, reason: str | None) -> None:
        """Unknown ones are as good as active."""
        found = digest(SIMPLE, {**self.BODY, "project-status": said})
        assert (status, reason) == (found.status, found.reason)

    def test_later_versions_of_the_api(self) -> None:
        """A new minor version is fine, a new major one is not."""
        assert 1 == len(items(digest(SIMPLE, {**self.BODY, "meta": {"api-version": "1.99"}})))
        with pytest.raises(ValueError, match=r"version 2\.0"):
            digest(SIMPLE, {**self.BODY, "meta": {"api-version": "2.0"}})

    def test_byte_order_mark(self) -> None:
        """Some Windows servers begin with one."""
        body = b"\xef\xbb\xbf" + json.dumps(self.BODY).encode()
        assert 1 == len(items(digest(SIMPLE, body)))

    @pytest.mark.parametrize("body", [b"", b"[]", {"files": None}, {}, {"files": {}}])
    def test_garbage(self, body: Any) -> None:
        """It is no answer at all."""
        with pytest.raises(ValueError, match=r"JSON|project"):
            digest(SIMPLE, body)

    def test_name_that_leads_elsewhere(self) -> None:
        """A file's name is no path."""
        bad = ("foo-1.0-1%2F..%2F..%2Fx-py3-none-any.whl", "foo-1.0-1%5C..%5Cx-py3-none-any.whl")
        assert [] == items(digest(SIMPLE, {"files": [{"url": each} for each in bad]}))

    def test_quoted_slash(self) -> None:
        """It separates parts, as in pip: storage services have such addresses."""
        url = f"https://files.invalid/o/wheels%2F{WHEEL}?alt=media"
        pages = (HTML, f'<a href="{url}">'), (SIMPLE, {"files": [{"url": url, "filename": WHEEL}]})
        for kind, body in pages:
            assert [(WHEEL, url)] == [each[:2] for each in items(digest(kind, body))]
        assert WHEEL == filename(f"https://files.invalid/{WHEEL}%2F")

    @pytest.mark.parametrize("name", ["foo", "Foo", "FOO", None])
    def test_name_of_the_project(self, name: str | None) -> None:
        """In any spelling."""
        assert 1 == len(items(digest(SIMPLE, {**self.BODY, "name": name})))

    def test_page_of_another_project(self) -> None:
        """Is no answer, whatever files it lists."""
        with pytest.raises(ValueError, match="the page of bar"):
            digest(SIMPLE, {**self.BODY, "name": "bar"})

    def test_page_that_tells_of_some_sidecars(self) -> None:
        """What it does not tell of is not there; a page that tells of none leaves it open."""
        other = {**self.FILE, "url": "https://files.invalid/foo-2.0-py3-none-any.whl"}
        del other["core-metadata"]
        some = {**self.BODY, "files": [self.FILE, other]}
        assert [False, "cd"] == [each.metadata for each in items(digest(SIMPLE, some))]
        assert [None] == [each.metadata for each in items(digest(SIMPLE, {**self.BODY, "files": [other]}))]


def page(body: str, head: str = "") -> str:
    """In HTML."""
    return f"<!DOCTYPE html><html><head><title>x</title>{head}</head><body>{body}</body></html>"


class TestSimpleHtml:
    """PEP 503 and what was added to it."""

    def test_link(self) -> None:
        """With all its attributes, escaped."""
        body = page(
            f'<a href="../../packages/{WHEEL}#sha256={SHA}" data-requires-python="&gt;=3.8" '
            f'data-core-metadata="sha256=cd" data-yanked="b&amp;d" rel="internal">{WHEEL}</a><br/>'
        )
        expected = CompatibleFile(WHEEL, f"https://index.invalid/packages/{WHEEL}", SHA, None, "cd", "b&d", None, 3)
        assert [expected] == items(digest(HTML, body))

    @pytest.mark.parametrize(
        ("attributes", "expected"),
        [
            ("", {"metadata": None, "yanked": None}),
            ('data-core-metadata="false"', {"metadata": False}),
            ('data-provenance="https://p.invalid"', {"provenance": "https://p.invalid"}),
            ('data-yanked=""', {"yanked": ""}),
            ("data-yanked", {"yanked": ""}),
            ('data-core-metadata="true"', {"metadata": True}),
            ('data-dist-info-metadata="sha256=ef"', {"metadata": "ef"}),
            ('data-core-metadata="md5=ef" data-dist-info-metadata="sha256=ef"', {"metadata": True}),
            ('data-requires-python=""', {}),
            ("data-requires-python='what?'", {}),
            ('DATA-YANKED="x"', {"yanked": "x"}),
        ],
    )
    def test_attributes(self, attributes: str, expected: dict[str, Any]) -> None:
        """There or not."""
        plain = CompatibleFile(WHEEL, f"{ROOT}/foo/{WHEEL}", None, None, None, None, None, 3)
        assert [plain._replace(**expected)] == items(digest(HTML, page(f'<a href="{WHEEL}" {attributes}>x</a>')))

    def test_requires_python_counts(self) -> None:
        """The escaped one, too."""
        body = page(f'<a href="{WHEEL}" data-requires-python="&lt;3">x</a>')
        assert ["<3"] == [entry.python for entry in digest(HTML, body).entries()]

    def test_base(self) -> None:
        """Relative links count from there; the first one counts, and may be relative itself."""
        head = '<base href="/files/"><base href="/wrong/"><base>'
        assert f"https://index.invalid/files/{WHEEL}" == items(digest(HTML, page(f'<a href="{WHEEL}">', head)))[0].url

    @pytest.mark.parametrize(("version", "readable"), [("1.9", True), ("", True), ("x", True), ("2.0", False)])
    def test_versions_of_the_format(self, version: str, readable: bool) -> None:
        """Another major version is not guessed at (PEP 629)."""
        body = page(f'<a href="{WHEEL}">', f'<meta name="pypi:repository-version" content="{version}">')
        if readable:
            assert 1 == len(items(digest(HTML, body)))
        else:
            with pytest.raises(ValueError, match=r"version 2\.0"):
                digest(HTML, body)

    def test_anchors_without_files(self) -> None:
        """No href, an empty one, another place."""
        body = page(f'<a>x</a><a href="">x</a><a href="../">up</a><a href="mailto:x@y.invalid">m</a><a href="{WHEEL}">')
        assert 1 == len(items(digest(HTML, body)))

    def test_escaped_file_names(self) -> None:
        """%2B is a plus, a blank is quoted."""
        body = page('<a href="foo-1.0%2Bcpu-py3-none-any.whl">x</a><a href="a b/foo-1.1.zip">y</a>')
        found = items(digest(HTML, body))
        assert [
            ("foo-1.1.zip", f"{ROOT}/foo/a%20b/foo-1.1.zip"),
            ("foo-1.0+cpu-py3-none-any.whl", f"{ROOT}/foo/foo-1.0%2Bcpu-py3-none-any.whl"),
        ] == [(each.filename, each.url) for each in found]

    def test_status(self) -> None:
        """In meta elements (PEP 792)."""
        head = (
            '<meta name="pypi:repository-version" content="1.4"><meta name="pypi:project-status" content="deprecated">'
            '<meta name="pypi:project-status-reason" content="old &amp; done"><meta charset="utf-8">'
        )
        found = digest(HTML, page(f'<a href="{WHEEL}">x</a>', head))
        assert ("deprecated", "old & done") == (found.status, found.reason)

    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("text/html; charset=ISO-8859-1", "fé"),
            ("text/html; charset='latin-1'; x=y", "fé"),
            ("text/html; charset=none-such", "f�"),
            ("text/html", "f�"),
            ("Application/vnd.pypi.simple.v1+html;charset=latin-1", "fé"),
        ],
    )
    def test_charset(self, kind: str, name: str) -> None:
        """As the header says, else UTF-8."""
        reply = Reply(url=ROOT, status=200, headers={"Content-Type": kind}, body='<a href="fé.zip">'.encode("latin-1"))
        assert name == read(reply).links[0].filename.removesuffix(".zip").replace("\ufffd", "�")

    @pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/json", ""])
    def test_other_kinds(self, kind: str) -> None:
        """Are no pages, as for pip."""
        headers = {"Content-Type": kind} if kind else {}
        with pytest.raises(ValueError, match="not a page of links"):
            read(Reply(url=ROOT, status=200, headers=headers, body=b""))

    def test_where_it_is(self) -> None:
        """A slash at the end, as pip has it."""
        assert f"{ROOT}/foo/" == SimpleApi(f"{ROOT}/", HERE, sdists=False).page("foo")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("https://x.invalid/a", "https://x.invalid/a"),
        ("../../p/q/f.whl", "https://h.invalid/a/p/q/f.whl"),
        ("../../p/../f.whl", "https://h.invalid/a/f.whl"),
        ("../../../../f.whl", "https://h.invalid/f.whl"),
        ("../?x=1", "https://h.invalid/a/b/?x=1"),
        ("f.whl#sha256=1", "https://h.invalid/a/b/c/f.whl"),
        ("/f.whl?token=1", "https://h.invalid/f.whl?token=1"),
        ("//o.invalid/f.whl", "https://o.invalid/f.whl"),
        ("https://me:secret@x.invalid/a", "https://x.invalid/a"),
        ("f g.whl", "https://h.invalid/a/b/c/f%20g.whl"),
        ("é.whl", "https://h.invalid/a/b/c/%C3%A9.whl"),
    ],
)
def test_references_are_made_absolute(reference: str, url: str) -> None:
    """Twice: beginnings are remembered."""
    base = Base("https://h.invalid/a/b/c/")
    assert [url, url] == [base.join(reference), base.join(reference)]


@pytest.mark.parametrize(
    ("reference", "learned"),
    [
        ("https://me:s%40c@x.invalid/a@b?c=@#d@", {"https://x.invalid/a@b?c=@": "me:s%40c"}),
        ("https://token@x.invalid/a", {"https://x.invalid/a": "token"}),
        ("//me:secret@x.invalid/f g", {"https://x.invalid/f%20g": "me:secret"}),
        ("../a@b", {}),
        ("https://x.invalid/a@b", {}),
        ("https://@x.invalid/a", {}),
        ("file://me:secret@x/a", {}),
        ("http://me:a/b@x.invalid/a", {}),
    ],
)
def test_logins_in_links_are_learned(reference: str, learned: dict[str, str]) -> None:
    """Each for its own URL; none of what is no valid URL."""
    found: dict[str, str] = {}
    joined = Base("https://h.invalid/a/", found.__setitem__).join(reference)
    assert learned == found
    assert "secret" not in joined


def test_logins_in_the_base_of_a_page_are_learned() -> None:
    """They are for its relative links."""
    found: dict[str, str] = {}
    text = "<base href='//me:secret@x.invalid/y/'><a href='f-1.0.tar.gz'></a><a href='https://z.invalid/g'></a>"
    links = read_html(text, "https://h.invalid/", learn=found.__setitem__).links
    assert ["https://x.invalid/y/f-1.0.tar.gz", "https://z.invalid/g"] == [each.url for each in links]
    assert {"https://x.invalid/y/f-1.0.tar.gz": "me:secret"} == found


def test_parts_of_urls() -> None:
    """File name, login, path."""
    assert "f+1.whl" == filename("https://h.invalid/a/f%2B1.whl?x#y")
    assert "https://h.invalid/a@b" == without_login("https://u:p@h.invalid/a@b")
    paths = [file_path(each) for each in ("file:///a%20b/c", "file://localhost/a", "x/y", "https://h.invalid/x")]
    assert [Path("/a b/c"), Path("/a"), Path("x/y"), None] == paths
