"""Advisories: which versions are affected, what is one vulnerability, what mends it, and how a service is asked."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.version import InvalidVersion, Version

from pip_fastupdate.advisories.grouping import grouped
from pip_fastupdate.advisories.local import AdvisoryFolder
from pip_fastupdate.advisories.osv import Service, Unavailable, Unreadable
from pip_fastupdate.advisories.ranges import fixed_versions, is_affected
from pip_fastupdate.advisories.records import Affected, parse, reduced
from pip_fastupdate.core.errors import UsageError
from tests.support.osv_server import OsvServer, record
from tests.support.real_advisories import records, versions

OWN_CONTRADICTIONS = {"PYSEC-2020-221", "PYSEC-2023-177", "PYSEC-2022-159", "PYSEC-2021-114"}
"""Real records whose ranges and lists say different things."""


def readable(texts: Iterable[str]) -> dict[str, Version]:
    """Those that follow PEP 440."""
    found = {}
    for text in texts:
        try:
            found[text] = Version(text)
        except InvalidVersion:
            continue
    return found


class TestRealRecords:
    """346 records of the public database, with the versions that it worked out itself."""

    def test_ranges_say_what_the_lists_say(self) -> None:
        """33,000 verdicts by the ranges alone, against the lists that the database's own program made of them."""
        checked, contradictions = 0, set()
        for raw in records():
            listed: dict[str, set[str]] = {}
            for entry in raw["affected"]:
                listed.setdefault(entry["package"]["name"], set()).update(entry["versions"])
            for name, entries in parse(raw).affected.items():
                spelled = next(each for each in listed if each.lower().replace("_", "-").replace(".", "-") == name)
                bare = [Affected(ranges=each.ranges) for each in entries if each.ranges]
                for text, version in readable(versions()[spelled]).items() if bare else ():
                    checked += 1
                    if is_affected(bare, version) != (text in listed[spelled]):
                        contradictions.add(raw["id"])
        assert (True, OWN_CONTRADICTIONS) == (checked > 30_000, contradictions)

    def test_the_order_of_events_is_of_no_matter(self) -> None:
        """Shuffled, each says the same of every version."""
        shuffle = random.Random(17).shuffle
        for raw in records():
            for entry in raw["affected"]:
                known = readable(versions()[entry["package"]["name"]]).values()
                before = [is_affected(_affected(entry), each) for each in known]
                for each in entry["ranges"]:
                    shuffle(each["events"])
                assert before == [is_affected(_affected(entry), each) for each in known]

    def test_what_is_kept_says_the_same(self) -> None:
        """The cache keeps what decides, and what is shown; nothing else."""
        for raw in records():
            kept = reduced(json.dumps({**raw, "details": "d" * 9999, "references": [{"url": "x"}]}).encode())
            whole, again = parse(raw), parse(json.loads(kept))
            assert (whole.id, whole.aliases, whole.withdrawn, whole.affected) == (
                again.id,
                again.aliases,
                again.withdrawn,
                again.affected,
            )
            assert len(kept) < len(json.dumps(raw)) + 200

    def test_withdrawn_ones_do_not_count(self) -> None:
        """Ten of them are."""
        ids = {each.id for group in grouped(map(parse, records())) for each in group.records}
        gone = {each["id"] for each in records() if "withdrawn" in each}
        assert (10, set()) == (len(gone), gone & ids)


def _affected(entry: dict[str, Any]) -> tuple[Affected, ...]:
    name = entry["package"]["name"]
    return next(
        iter(
            parse(
                {"id": "X", "affected": [{**entry, "package": {"name": name, "ecosystem": "PyPI"}}]}
            ).affected.values()
        )
    )


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ("introduced 0 fixed 2", "0.1 1.9 2rc1 2.dev1", "2 2.post1 2.0.1 3"),
        ("fixed 2 introduced 0", "1.9", "2"),
        ("fixed 2 introduced 0 introduced 3 fixed 3.1", "1 3 3.0.9", "2 2.9 3.1 4"),
        ("introduced 1.0 last_affected 1.5", "1.0 1.5 1.5+local", "0.9 1.5.1 1.5.post1 2"),
        ("introduced 1.0", "1.0 99", "0.9 1.0rc1"),
        ("introduced 2 fixed 2", "2 3", "1"),
        ("introduced 0 limit 2", "1", "2 3"),
        ("fixed 1!1.0 introduced 0", "99 1!0.9", "1!1.0"),
        ("fixed 2", "1", "2"),
        ("introduced 0 fixed not-a-version", "1 99", ""),
        ("introduced not-a-version fixed 2", "1 1.9", "2 3"),
        ("introduced not-a-version introduced 3 fixed 2 fixed 4", "1 3", "2 4"),
        ("introduced 0 fixed 1.0 fixed 2.0", "0.9", "1.0 1.5 2.0"),
    ],
)
def test_ranges(events: str, inside: str, outside: str) -> None:
    """By PEP 440: pre-releases come before, post-releases after; a local label is of no matter."""
    words = events.split()
    entry = [Affected(ranges=(tuple(zip(words[::2], words[1::2], strict=True)),))]
    assert [True] * len(inside.split()) == [is_affected(entry, Version(each)) for each in inside.split()]
    assert [False] * len(outside.split()) == [is_affected(entry, Version(each)) for each in outside.split()]


def test_versions_count_however_they_are_spelled() -> None:
    """``1.0`` is ``1.0.0``; a build with a local label is the version that it was built of."""
    entry = [Affected(versions=frozenset({"1.0.0", "2.0-rc.1"}))]
    assert [True, True, True, False] == [is_affected(entry, Version(each)) for each in ("1", "1.0+cpu", "2.0rc1", "2")]


def test_several_entries_and_ranges_of_one_project() -> None:
    """None takes another's place: all fixes are known, and what one range leaves out another one may have."""
    raw = {
        "id": "A",
        "affected": [
            {"package": {"name": "Foo.Bar", "ecosystem": "PyPI"}, "ranges": [_range("0", "1.5"), _range("2.0", "2.3")]},
            {"package": {"name": "foo_bar", "ecosystem": "PyPI"}, "ranges": [_range("3.0", "3.1")]},
            {"package": {"name": "foo-bar", "ecosystem": "npm"}, "ranges": [_range("0", "9")]},
            {
                "package": {"name": "foo-bar", "ecosystem": "PyPI"},
                "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}],
            },
            {"package": {"name": "foo-bar", "ecosystem": "PyPI"}},
            {"ranges": [_range("0", "9")]},
        ],
    }
    entries = parse(raw).affected["foo-bar"]
    assert [True, False, True, False, True, False] == [
        is_affected(entries, Version(each)) for each in ("1", "1.5", "2.2", "2.3", "3.0", "3.1")
    ]
    assert {Version("2.3"), Version("3.1")} == fixed_versions(entries, Version("2.0"))


def _range(introduced: str, fixed: str) -> dict[str, Any]:
    return {"type": "ECOSYSTEM", "events": [{"introduced": introduced}, {"fixed": fixed}]}


@pytest.mark.parametrize(
    ("installed", "expected"), [("2.2.27", "2.2.28"), ("3.2.1", "3.2.13"), ("4.0.0", "4.0.4"), ("3.0", "3.2.13")]
)
def test_the_fix_is_the_smallest_on_the_way(installed: str, expected: str) -> None:
    """Several release lines have their own; a pre-release is none."""
    known = "introduced 0 fixed 2.2.28 introduced 3.0 fixed 3.2.13rc1 fixed 3.2.13 introduced 4.0 fixed 4.0.4"
    events = known.split()
    raw = record("A", "foo")
    pairs = zip(events[::2], events[1::2], strict=True)
    raw["affected"][0]["ranges"] = [{"type": "ECOSYSTEM", "events": [{kind: at} for kind, at in pairs]}]
    (group,) = grouped([parse(raw)])
    assert Version(expected) == group.fixed_in("foo", Version(installed))


def test_a_fix_is_never_a_pre_release() -> None:
    """Where a record names one, the release that follows it mends the same."""
    (group,) = grouped([parse(record("A", "foo", introduced="0", fixed="19.7.0rc1"))])
    assert Version("19.7.0") == group.fixed_in("foo", Version("16.3"))


def test_one_vulnerability_by_any_chain_of_names() -> None:
    """Through a record or an id that no record is of; the same whatever the order."""
    raws = [
        record("PYSEC-1", "foo", aliases=["CVE-1"], fixed="1"),
        record("GHSA-1", "foo", aliases=["CVE-2"], fixed="2", database_specific={"severity": "HIGH"}),
        record("OTHER-1", "foo", aliases=["CVE-1", "CVE-2"], fixed="1"),
        record("GHSA-2", "foo", aliases=["CVE-3"]),
        record("PYSEC-3", "foo", aliases=["CVE-1"], withdrawn="2024-01-01"),
    ]
    for order in (raws, raws[::-1], raws[2:] + raws[:2]):
        one, other = sorted(grouped(map(parse, order)), key=lambda each: len(each.names))
        assert ("GHSA-2", ("CVE-3",)) == (one.id, one.aliases)
        assert ("PYSEC-1", ("CVE-1", "CVE-2", "GHSA-1", "OTHER-1"), "high") == (other.id, other.aliases, other.severity)
        assert Version("2") == other.fixed_in("foo", Version("0.5"))


@pytest.mark.parametrize(
    "raw", [None, [], {}, {"id": 1}, {"id": ""}, {"affected": []}, "MAL-1", {"id": None, "affected": None}]
)
def test_what_is_no_record(raw: Any) -> None:
    """A ValueError, and no other."""
    with pytest.raises(ValueError, match="not an OSV record"):
        parse(raw)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"package": None},
        {"package": {"name": "foo", "ecosystem": "PyPI"}, "ranges": None, "versions": None},
        {
            "package": {"name": "foo", "ecosystem": "PyPI"},
            "ranges": [None, {}, {"events": None}, {"events": [None, {}]}],
        },
        {"package": {"name": "foo", "ecosystem": "PyPI"}, "versions": [1, None, "no version"]},
    ],
)
def test_records_with_holes(entry: Any) -> None:
    """Nothing is affected by what is not there."""
    entries = parse({"id": "A", "affected": [entry], "aliases": None}).affected.get("foo", ())
    assert not is_affected(entries, Version("1"))


# a service


class Wire:
    """An ``OsvTransport`` that calls the server's answers itself, and keeps what it is told to."""

    def __init__(self, server: OsvServer) -> None:
        self.server = server
        self.kept: dict[str, bytes] = {}
        self.posts: list[int] = []
        self.gets: list[str] = []

    def post(self, url: str, body: bytes) -> bytes:
        """As a service answers."""
        queries = json.loads(body)
        self.posts.append(len(queries["queries"]))
        return json.dumps(self.server.answer("/v1/querybatch", queries)[1]).encode()

    def get(self, url: str, key: str, reduce: Callable[[bytes], bytes]) -> bytes:
        """Kept for ever."""
        if key not in self.kept:
            self.gets.append(url)
            status, told = self.server.answer(url[url.index("/v1/") :], None)
            if status != 200:
                raise Unreadable(f"{url} returned status {status}")
            try:
                self.kept[key] = reduce(json.dumps(told).encode())
            except ValueError as error:
                raise Unreadable(f"{url} sent {error}") from None
        return self.kept[key]

    def recall(self, keys: Sequence[str], seconds: float) -> Mapping[str, bytes]:
        """What was kept."""
        return {key: self.kept[key] for key in keys if key in self.kept}

    def keep(self, url: str, key: str, body: bytes) -> None:
        """In memory."""
        self.kept[key] = body

    def each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """One after the other."""
        return [function(item) for item in items]


class Quiet(OsvServer):
    """Answers without a socket."""

    def __init__(self, records: Iterable[dict[str, Any]], page: int = 1000) -> None:
        self.records = {each["id"]: each for each in records}
        self.page = page
        self.affects = lambda each, name, version: name in {entry["package"]["name"] for entry in each["affected"]}


def test_all_pages_of_all_queries_and_each_record_once() -> None:
    """In batches of a thousand; the second time nothing is asked."""
    wire = Wire(Quiet([record(f"A-{number}", f"p{number % 40}", fixed="2") for number in range(120)], page=2))
    service = Service("https://osv.test/", wire)
    queries = [(f"p{number}", "1.0") for number in range(1500)]
    found = service.advisories(queries)
    assert (1500, 120, [3] * 40) == (
        len(found),
        len(wire.gets),
        [len(each) for query, each in found.items() if int(query[0][1:]) < 40],
    )
    assert [1000, 40, 500] == wire.posts
    assert found == Service("https://osv.test", wire).advisories(queries)
    assert ([1000, 40, 500], 120) == (wire.posts, len(wire.gets))


def test_a_record_that_changed_is_read_again() -> None:
    """It is known by its id and the time of its last change."""
    wire = Wire(Quiet([record("A-1", "foo", modified="1")]))
    Service("https://osv.test", wire).advisories([("foo", "1")])
    wire.server.records = {"A-1": record("A-1", "foo", modified="2", summary="new")}
    wire.kept = {key: body for key, body in wire.kept.items() if "/v1/vulns/" in key}
    (found,) = Service("https://osv.test", wire).advisories([("foo", "1")]).values()
    assert (2, "new") == (len(wire.gets), found[0].summary)


def test_another_record_is_not_kept() -> None:
    """A service that sends the wrong one once is asked again by the next run; so is one that sends none."""
    for wrong in (record("A-2", "foo"), None):
        wire = Wire(Quiet([record("A-1", "foo", fixed="2")]))
        right = wire.server.answer
        wire.server.answer = lambda path, body, wrong=wrong, right=right: (  # type: ignore[method-assign]
            (404 if wrong is None else 200, wrong) if path.endswith("/A-1") else right(path, body)
        )
        Service("https://osv.test", wire).advisories([("foo", "1")])
        wire.server.answer = right  # type: ignore[method-assign]
        (found,) = Service("https://osv.test", wire).advisories([("foo", "1")]).values()
        assert [False] == [each.unreadable for each in found]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"results": null}', b'{"results": []}', b'{"results": [{"vulns": [{}]}]}', b"<html>"]
)
def test_an_answer_that_is_none(body: bytes) -> None:
    """``Unavailable``: nothing is taken for "no vulnerabilities"."""
    wire = Wire(Quiet([]))
    wire.post = lambda url, question: body  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match=r"osv\.test"):
        Service("https://osv.test", wire).advisories([("foo", "1")])


@pytest.mark.parametrize(
    ("bad", "why"), [(record("A-2", "foo"), "record of A-2"), ({"id": 5, "affected": []}, "not an OSV"), (None, "404")]
)
def test_a_record_that_cannot_be_read(bad: dict[str, Any] | None, why: str) -> None:
    """Another one's, nonsense, or gone: the version that it lists is affected, nothing else is known; others count."""
    wire = Wire(Quiet([record("A-1", "foo"), record("B-1", "foo", fixed="2")]))
    answer = wire.server.answer
    wire.server.answer = lambda path, body: (  # type: ignore[method-assign]
        (404 if bad is None else 200, bad) if path.endswith("/A-1") else answer(path, body)
    )
    service = Service("https://osv.test", wire)
    (found,) = service.advisories([("foo", "1")]).values()
    first, second = grouped(found)
    assert (["A-1"], True) == (list(service.unreadable), why in service.unreadable["A-1"])
    assert ("A-1", True, False) == (first.id, first.unreadable, second.unreadable)
    assert [True, False] == [first.affects("foo", Version(each)) for each in ("1", "2")]
    assert (None, Version("2")) == (first.fixed_in("foo", Version("1")), second.fixed_in("foo", Version("1")))
    assert {("foo", None): (found[1],)} == service.advisories([("foo", None)])


def test_folders_and_archives(tmp_path: Path) -> None:
    """One file a record, however deep; others are named; nothing at all is an error."""
    folder = tmp_path / "records"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "A.json").write_text(json.dumps(record("A", "foo")))
    (folder / "B.json").write_text("{")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(folder / "deep" / "A.json", "A.json")
        archive.write(folder / "B.json", "B.json")
    for path in (folder, tmp_path / "all.zip"):
        found = AdvisoryFolder(path)
        assert (["A"], 1) == ([each.id for each in found.advisories([("foo", "1")])["foo", "1"]], len(found.unreadable))
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.zip").write_bytes(b"PK\\x03\\x04nonsense")
    for wrong in (tmp_path / "empty", tmp_path / "no.zip", tmp_path / "missing"):
        with pytest.raises(UsageError, match="advisories") as caught:
            AdvisoryFolder(wrong)
        assert "OSV record" in (caught.value.hint or "")
