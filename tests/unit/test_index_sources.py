"""What an index is asked and believed, and what the disk has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Policy, Settings
from pip_fastupdate.index.configured import sources
from pip_fastupdate.index.local import FileIndex, Links
from pip_fastupdate.index.remote import RemoteIndex, Source, SourceAnswer
from tests.support.fake_session import HTML, SIMPLE, FakeSession
from tests.support.source_records import HERE

ROOT = "https://index.invalid"
INDEX = f"{ROOT}/simple"


def simple(name: str) -> str:
    """Its simple page."""
    return f"{INDEX}/{name}/"


def body(name: str, *versions: str) -> dict[str, Any]:
    """That page in JSON."""
    files = [{"url": f"https://f.invalid/{name}-{each}-py3-none-any.whl"} for each in versions or ("1.0",)]
    return {"name": name, "files": files}


def page(*filenames: str) -> str:
    """A simple page in HTML."""
    return "".join(f'<a href="https://f.invalid/{each}">{each}</a>' for each in filenames)


def remote(*, required: bool = True, url: str = INDEX) -> RemoteIndex:
    """The index."""
    return RemoteIndex(url, HERE, required=required, sdists=False)


def versions(found: SourceAnswer | None) -> list[str] | None:
    """All versions; None where the project is not known."""
    assert found is not None
    return [entry.version for entry in found.record.entries()] if found.record else None


def recalled(session: FakeSession, source: Source, *names: str) -> list[Any]:
    """What a new run knows without asking."""
    stored = session.stored(source.keys(names))
    source.learn(stored)
    found = [source.recall(name, None, stored) for name in names]
    return [each and versions(each) for each in found]


NEXUS = """<!DOCTYPE html>
<html lang="en">
  <head><title>Links for {0}</title><meta name="api-version" value="2"/></head>
  <body><h1>Links for {0}</h1></body>
</html>
"""
"""What a group of repositories answers for a project that none of them has."""


class TestRemoteIndex:
    """The simple page decides, whatever else the server has."""

    def test_page(self) -> None:
        """One request, and none in the next run."""
        session = FakeSession()
        session.page(simple("foo"), body("foo"), SIMPLE)
        assert ["1.0"] == versions(remote().ask("foo", session))
        assert [simple("foo")] == session.asked
        assert [["1.0"], None] == recalled(session, remote(), "foo", "bar")

    def test_stale_answers_are_asked_again(self) -> None:
        """The cache alone does not do."""
        session = FakeSession()
        session.page(simple("foo"), body("foo"), SIMPLE)
        remote().ask("foo", session)
        assert [None] == recalled(session.stale(), remote(), "foo")

    def test_not_found(self) -> None:
        """An answer, too: the next run remembers it."""
        session = FakeSession()
        assert None is versions(remote().ask("foo", session))
        assert [simple("foo")] == session.asked
        stored = session.stored(remote().keys(["foo"]))
        assert None is versions(remote().recall("foo", None, stored))

    @pytest.mark.parametrize(
        ("kind", "text", "failure"),
        [
            (HTML, "<html><body>Bad gateway</body></html>", "garbage"),
            (HTML, '<html><a href="/login">Log in</a> <a href="/terms">Terms</a></html>', "garbage"),
            (HTML, '<a href="https://f.invalid/bar-1.0-py3-none-any.whl">bar</a>', "garbage"),
            (HTML, "", "garbage"),
            (SIMPLE, "", "garbage"),
            (SIMPLE, '{"name": "bar", "files": [{"url": "https://f.invalid/foo-1.0-py3-none-any.whl"}]}', "garbage"),
            (SIMPLE, '{"message": "try again later"}', "garbage"),
            ("application/json", '{"name": "foo", "files": []}', "garbage"),
            ("text/plain", '<a href="https://f.invalid/foo-1.0-py3-none-any.whl">foo</a>', "garbage"),
            (SIMPLE, '{"name": "foo", "files": []}', "no-files"),
            (HTML, '<meta name="pypi:repository-version" content="1.0"><h1>Links for foo</h1>', "no-files"),
            (HTML, NEXUS.format("Foo"), "no-files"),
            (HTML, "<h1>Links to foo</h1>", "no-files"),
            (HTML, NEXUS.format("bar"), "garbage"),
            (HTML, NEXUS.format("foo") + "<form action='/login'></form>", "garbage"),
            (HTML, NEXUS.format("foo") + "<script>login()</script>", "garbage"),
            (HTML, NEXUS.format("foo") + "<meta http-equiv='refresh' content='0; url=/login'>", "garbage"),
            (HTML, NEXUS.format("foo") + " " * 5000, "garbage"),
        ],
    )
    def test_what_is_no_page_of_the_project(self, kind: str, text: str, failure: str) -> None:
        """Is a failure, no fact: nothing of it is kept, and the next run is well again."""
        session = FakeSession()
        session.page(simple("foo"), text, kind)
        with pytest.raises(DownloadFailed) as raised:
            remote().ask("foo", session)
        assert (failure, {}) == (raised.value.kind, session.cache)
        session.page(simple("foo"), body("foo"), SIMPLE)
        assert ["1.0"] == versions(remote().ask("foo", session))

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (SIMPLE, '{"files": [], "project-status": {"status": "quarantined"}}'),
            (HTML, '<meta name="pypi:project-status" content="quarantined">'),
        ],
    )
    def test_quarantined(self, kind: str, text: str) -> None:
        """By the index's own word, that needs no files."""
        session = FakeSession()
        session.page(simple("foo"), text, kind)
        found = remote().ask("foo", session)
        assert found.record
        assert ("quarantined", [[]]) == (found.record.status, recalled(session, remote(), "foo"))

    def test_only_what_nobody_installs_any_more(self) -> None:
        """That is a page nevertheless."""
        session = FakeSession()
        session.page(simple("foo"), page("foo-1.0-py2.7.egg", "foo-1.0.exe"), HTML)
        assert [] == versions(remote().ask("foo", session))

    def test_any_shape_of_url(self) -> None:
        """Not all of them end in ``simple``."""
        session = FakeSession()
        session.page("https://h.invalid/root/+simple/foo/", {"files": [{"url": "foo-2.0-py3-none-any.whl"}]}, SIMPLE)
        index = remote(url="https://h.invalid/root/+simple/")
        assert ["2.0"] == versions(index.ask("foo", session))
        assert [["2.0"]] == recalled(session, index, "foo")

    def test_extra_index_may_fail(self) -> None:
        """One line, whoever came first."""
        session = FakeSession()
        index = remote(required=False)
        assert None is index.unconsulted()
        for name in ("foo", "bar", "baz"):
            session.fail(simple(name), "unreachable", f"no route to {name}")
            assert None is versions(index.ask(name, session))
        expected = f"could not use the extra index {INDEX} for bar and 2 more: no route to bar"
        assert expected == index.unconsulted()
        with pytest.raises(DownloadFailed):
            index.ask("foo", session, revalidate=True)

    def test_keys_hold_no_credentials(self) -> None:
        """The cache is a file that others may read."""
        index = remote(url="https://me:secret@index.invalid/simple")
        assert "secret" not in " ".join([index.url, *index.keys(["foo"])])
        assert index.keys(["foo"]) == remote().keys(["foo"])

    def test_keys_differ_by_interpreter_and_sdists(self) -> None:
        """What is kept depends on both."""
        other = RemoteIndex(INDEX, HERE, required=True, sdists=True)
        assert not set(other.keys(["foo"])) & set(remote().keys(["foo"]))


class TestRecentReleases:
    """Old releases of what is installed are not kept."""

    MANY = tuple(f"{number}.0" for number in range(1, 31))

    def make(self) -> RemoteIndex:
        """The index."""
        return RemoteIndex(INDEX, HERE, required=True, recent=True)

    def session(self) -> FakeSession:
        """With foo of thirty versions."""
        session = FakeSession()
        session.page(simple("foo"), body("foo", *self.MANY), SIMPLE)
        return session

    def recalled(self, session: FakeSession, floor: str | None) -> int | None:
        """How many releases a new run knows of without asking."""
        index = self.make()
        stored = session.stored(index.keys(["foo"]))
        found = index.recall("foo", Version(floor) if floor else None, stored)
        return len(versions(found) or ()) if found else None

    def test_floor_decides(self) -> None:
        """What is enough for one environment may be too little for another."""
        session = self.session()
        assert 8 == len(versions(self.make().ask("foo", session, floor=Version("29.0"))) or ())
        assert [8, 8, None, None] == [self.recalled(session, each) for each in ("30.0", "23.0", "22.0", None)]
        assert [simple("foo")] == session.asked

    @pytest.mark.parametrize("floor", ["22.0", "1.0", None])
    def test_then_everything_is_asked_for(self, floor: str | None) -> None:
        """And serves all from then on."""
        session = self.session()
        self.make().ask("foo", session, floor=Version("29.0"))
        wanted = Version(floor) if floor else None
        assert 30 == len(versions(self.make().ask("foo", session, floor=wanted)) or ())
        assert [30, 30, 30] == [self.recalled(session, each) for each in ("30.0", "1.0", None)]
        assert [simple("foo")] * 2 == session.asked

    def test_everything_is_confirmed_if_it_is_known(self) -> None:
        """A conditional request for all is cheaper than a new one for less."""
        session = self.session()
        self.make().ask("foo", session)
        stale = session.stale()
        assert None is self.recalled(stale, "30.0")
        index = self.make()
        index.recall("foo", Version("30.0"), stale.stored(index.keys(["foo"])))
        assert 30 == len(versions(index.ask("foo", stale, floor=Version("30.0"))) or ())

    def test_not_found_is_remembered(self) -> None:
        """Under whichever key."""
        session = FakeSession()
        assert None is versions(self.make().ask("foo", session, floor=Version("1.0")))
        assert [simple("foo")] == session.asked
        stored = session.stored(self.make().keys(["foo"]))
        assert None is versions(self.make().recall("foo", Version("1.0"), stored))


class TestFileIndex:
    """``file://``, as pip reads it."""

    def make(self, folder: Path, *, required: bool = True) -> FileIndex:
        """The index in that folder."""
        return FileIndex(folder.as_uri(), folder, HERE, required=required, sdists=True)

    def test_pages(self, tmp_path: Path) -> None:
        """NAME/index.html; links count from there."""
        (tmp_path / "simple" / "foo").mkdir(parents=True)
        (tmp_path / "simple" / "bar").mkdir()
        text = '<meta name="pypi:project-status" content="archived"><a href="../../f/foo-1.0.tar.gz#sha256=ab">'
        (tmp_path / "simple" / "foo" / "index.html").write_text(text)
        index = self.make(tmp_path / "simple")
        found = index.ask("foo", None)
        assert found.record is not None
        entry = next(found.record.entries())
        assert ("archived", (tmp_path / "f" / "foo-1.0.tar.gz").as_uri(), "ab") == (
            found.record.status,
            entry.files[0].url,
            entry.files[0].sha256,
        )
        assert [["1.0"], []] == [recalled(FakeSession(), index, "foo")[0], index.keys(["foo"])]
        assert [None, None] == [versions(index.recall(name, None, {})) for name in ("bar", "nothing")]
        assert None is index.unconsulted()

    def test_missing_folder(self, tmp_path: Path) -> None:
        """A line for an extra index, a failure for the index."""
        extra = self.make(tmp_path / "no", required=False)
        assert [None, None] == [versions(extra.ask(name, None)) for name in ("foo", "bar")]
        assert f"could not use the index {extra.url}: no such directory" == extra.unconsulted()
        index = self.make(tmp_path / "no")
        assert None is index.recall("foo", None, {})
        with pytest.raises(DownloadFailed, match="no such directory") as raised:
            index.ask("foo", None)
        assert "unreachable" == raised.value.kind

    def test_unreadable_page(self, tmp_path: Path) -> None:
        """The same, for one project."""
        (tmp_path / "foo" / "index.html").mkdir(parents=True)
        extra = self.make(tmp_path, required=False)
        assert None is versions(extra.ask("foo", None))
        assert " for foo: " in (extra.unconsulted() or "")
        with pytest.raises(DownloadFailed, match="could not read"):
            self.make(tmp_path).ask("foo", None)


class TestLinks:
    """``--find-links``: folders, pages, files."""

    def make(self, *locations: str | Path) -> Links:
        """All of these."""
        return Links(map(str, locations), HERE, sdists=True)

    def test_folder(self, tmp_path: Path) -> None:
        """Archives by their names, pages in it as well; the rest is of no interest."""
        for name in ("foo-1.0-py3-none-any.whl", "Foo-2.0.tar.gz", "foo_bar-3.0.zip", "README", "x.whl"):
            (tmp_path / name).write_bytes(b"")
        (tmp_path / "more.html").write_text('<a href="sub/foo-4.0-py3-none-any.whl">')
        links = self.make(tmp_path)
        assert ["4.0", "2.0", "1.0"] == versions(links.recall("foo", None, {}))
        assert ["3.0"] == versions(links.recall("foo-bar", None, {}))
        assert None is versions(links.recall("bar", None, {}))
        entry = next(e for e in links.ask("foo", FakeSession()).record.entries() if e.version == "4.0")  # type: ignore[union-attr]
        assert (tmp_path / "sub" / "foo-4.0-py3-none-any.whl").as_uri() == entry.files[0].url
        assert ([], None) == (links.keys(["foo"]), links.unconsulted())

    def test_single_files(self, tmp_path: Path) -> None:
        """On the disk or behind HTTP, an archive or a page."""
        wheel, listing = tmp_path / "foo-1.0-py3-none-any.whl", tmp_path / "list.htm"
        wheel.write_bytes(b"")
        listing.write_text(page("foo-2.0-py3-none-any.whl"))
        links = self.make(wheel.as_uri(), listing, "https://me:pw@f.invalid/foo-3.0-py3-none-any.whl#sha256=ab")
        found = links.recall("foo", None, {})
        assert ["3.0", "2.0", "1.0"] == versions(found)
        remote_file = next(found.record.entries()).files[0]  # type: ignore[union-attr]
        assert ("https://f.invalid/foo-3.0-py3-none-any.whl", "ab") == (remote_file.url, remote_file.sha256)

    def test_remote_page(self) -> None:
        """Asked once, for all projects; not at all in the next run."""
        url = "https://f.invalid/wheels/"
        session = FakeSession()
        session.page(url, page("foo-1.0-py3-none-any.whl", "bar-2.0-py3-none-any.whl"), HTML)
        links = self.make(url)
        assert None is links.recall("foo", None, {})
        assert [["1.0"], ["2.0"], None] == [versions(links.ask(name, session)) for name in ("foo", "bar", "baz")]
        assert [url] == session.asked
        assert [] == links.keys(["foo"])
        assert [["1.0"], ["2.0"]] == recalled(session, self.make(url), "foo", "bar")
        assert [None] == recalled(session.stale(), self.make(url), "foo")

    def test_same_wheel_in_two_folders(self, tmp_path: Path) -> None:
        """The greater URL wins, as in pip; files go before pages."""
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "foo-1.0-py3-none-any.whl").write_bytes(b"")
        (tmp_path / "z.html").write_text('<a href="z/foo-1.0-py3-none-any.whl">')
        found = self.make(tmp_path / "z.html", tmp_path / "b", tmp_path / "a").recall("foo", None, {})
        assert (tmp_path / "b" / "foo-1.0-py3-none-any.whl").as_uri() == next(found.record.entries()).files[0].url  # type: ignore[union-attr]

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        """One line for all; the rest is of use nevertheless."""
        session = FakeSession()
        session.fail("https://u:secret@f.invalid/p/", "unreachable", "no route")
        wheel = tmp_path / "foo-1.0-py3-none-any.whl"
        wheel.write_bytes(b"")
        links = self.make(tmp_path / "no", "https://u:secret@f.invalid/p/", "https://f.invalid/none/", wheel)
        assert ["1.0"] == versions(links.ask("foo", session))
        assert (
            f"could not use find-links {tmp_path / 'no'}: no such file or directory; "
            "could not use find-links https://f.invalid/p/: no route; "
            "could not use find-links https://f.invalid/none/: the server returned 404"
        ) == links.unconsulted()

    def test_unreadable_folder(self, tmp_path: Path) -> None:
        """As good as missing, with the system's words."""
        (tmp_path / "page.html").mkdir()
        links = self.make(tmp_path)
        assert ": Is a directory" in (links.unconsulted() or "")


@pytest.mark.parametrize("kind", ["index", "find-links"])
def test_logins_in_pages_on_disk(tmp_path: Path, kind: str) -> None:
    """They are learned as those of other pages, and in no record."""
    page = tmp_path / ("foo/index.html" if kind == "index" else "links.html")
    page.parent.mkdir(exist_ok=True)
    page.write_text("<a href='https://me:secret@f.invalid/foo-1.0-py3-none-any.whl'>foo</a>")
    index = Settings(index_url=tmp_path.as_uri())
    settings = index if kind == "index" else Settings(index_url=None, find_links=(str(page),))
    learned: dict[str, str] = {}
    (source,) = sources(settings, HERE, learned.__setitem__)
    found = source.recall("foo", None, {})
    assert found is not None
    assert found.record is not None
    assert "secret" not in repr(list(found.record.entries()))
    assert {"https://f.invalid/foo-1.0-py3-none-any.whl": "me:secret"} == learned


def test_sources_in_the_order_of_precedence(tmp_path: Path) -> None:
    """find-links, the index, the extra indexes, each once."""
    settings = Settings(
        index_url=INDEX,
        extra_index_urls=("https://x.invalid/simple", tmp_path.as_uri(), INDEX, "https://x.invalid/simple"),
        find_links=(str(tmp_path),),
    )
    found = sources(settings, HERE)
    assert [
        ("find-links", False),
        (INDEX, True),
        ("https://x.invalid/simple", False),
        (tmp_path.as_uri(), False),
    ] == [(each.url, each.required) for each in found]


def test_no_index() -> None:
    """Then the extra indexes do not count either."""
    settings = Settings(index_url=None, extra_index_urls=(INDEX,), find_links=("/none",))
    assert ["find-links"] == [each.url for each in sources(settings, HERE)]
    assert () == sources(Settings(index_url=None), HERE)


@pytest.mark.parametrize(
    ("policy", "keys"),
    [
        (Policy(), 2),
        (Policy(pre=True), 2),
        (Policy(build=frozenset({"x"})), 1),
        (Policy(cooldown="2024-01-01"), 1),
    ],
)
def test_old_releases_are_kept_where_they_may_decide(policy: Policy, keys: int) -> None:
    """About pre-releases, when others are ruled out."""
    (index,) = sources(Settings(index_url=INDEX, policy=policy), HERE)
    assert keys == len(index.keys(["foo"]))


@pytest.mark.parametrize(
    ("policy", "mark"),
    [(Policy(), "w"), (Policy(build=frozenset({"x"})), "s"), (Policy(no_binary=frozenset({"x"})), "s")],
)
def test_sdists_are_kept_where_some_are_built(policy: Policy, mark: str) -> None:
    """Else the cache holds half as much."""
    (index,) = sources(Settings(index_url=INDEX, policy=policy), HERE)
    assert {mark} == {key[1] for key in index.keys(["foo"])}
