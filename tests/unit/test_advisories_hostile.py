"""Advisories are input: records and lists of a service, files and archives that hold them, whatever they are."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from pip_fastupdate.advisories import local
from pip_fastupdate.advisories.grouping import grouped
from pip_fastupdate.advisories.local import AdvisoryFolder
from pip_fastupdate.advisories.osv import Service, Unavailable
from pip_fastupdate.advisories.records import MOST_EVENTS, parse, reduced
from pip_fastupdate.core.errors import UsageError

DEEP = b"[" * 100_000
LONG = "1." + "9" * 5000
AT = Version("1.5")


def record(events: Sequence[Mapping[str, str]] = (), versions: Sequence[str] = (), id: str = "X-1") -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    package = {"name": "a", "ecosystem": "PyPI"}
    return {"id": id, "affected": [{"package": package, "ranges": ranges, "versions": list(versions)}]}


GOOD = json.dumps(record([{"introduced": "0"}, {"fixed": "2"}])).encode()


@pytest.mark.parametrize("key", ["introduced", "fixed", "last_affected", "limit"])
def test_numbers_that_python_does_not_read(key: str) -> None:
    """A version with one counts for nothing, in a range as in a list."""
    (found,) = grouped([parse(record([{"introduced": "0"}, {key: LONG}, {"fixed": "2"}], [LONG, "1.5"]))])

    assert (True, Version("2")) == (found.affects("a", AT), found.fixed_in("a", AT))


def test_events_without_measure() -> None:
    """A record with more of them than any real one is none; one with as many as may be is judged at once."""
    pairs = [{kind: str(at)} for at in range(2, 2 + MOST_EVENTS // 2) for kind in ("fixed", "introduced")]
    (found,) = grouped([parse(record(pairs))])

    assert found.fixed_in("a", AT) is None
    with pytest.raises(ValueError, match="events"):
        parse(record([*pairs, {"fixed": "1"}]))


@pytest.mark.parametrize("body", [DEEP, b'{"id":"A","x":' + DEEP, b"\xff", b"[]", b'{"id":5}', b'{"id":' + b"9" * 5000])
def test_records_that_are_none(tmp_path: Path, body: bytes) -> None:
    """Of a service they are an error, of a folder a file that is passed over by its name."""
    (tmp_path / "good.json").write_bytes(GOOD)
    (tmp_path / "bad.json").write_bytes(body)

    assert [str(tmp_path / "bad.json")] == AdvisoryFolder(tmp_path).unreadable
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        reduced(body)


def _damaged(path: Path, method: int) -> None:
    """An archive with a sound record and one whose compressed bytes are overwritten."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("good.json", GOOD)
        archive.writestr("bad.json", bytes(range(256)) * 20)
    data = bytearray(path.read_bytes())
    start = data.index(b"bad.json") + 20
    data[start : start + 100] = b"\xff" * 100
    path.write_bytes(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED])
def test_damaged_members(tmp_path: Path, method: int) -> None:
    """Whatever the decompressor raises: the other records are read."""
    _damaged(tmp_path / "all.zip", method)

    assert ["bad.json"] == AdvisoryFolder(tmp_path / "all.zip").unreadable


@pytest.mark.parametrize("made", ["sum", "member", "file"])
def test_limits(tmp_path: Path, made: str) -> None:
    """Of one record, in an archive and in a folder, and of an archive as a whole: before it is unpacked."""
    bomb = b" " * (local.LARGEST + 1)
    if made == "file":
        (tmp_path / "good.json").write_bytes(GOOD)
        (tmp_path / "bad.json").write_bytes(bomb)
        assert [str(tmp_path / "bad.json")] == AdvisoryFolder(tmp_path).unreadable
        return
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.json", GOOD)
        archive.writestr("bad.json", bomb if made == "member" else GOOD)
        for each in archive.infolist() if made == "sum" else ():
            each.file_size = local.WHOLE  # what an archive says of itself is input, too
    if made == "member":
        assert ["bad.json"] == AdvisoryFolder(tmp_path / "all.zip").unreadable
    else:
        with pytest.raises(UsageError, match="unpacks to more than"):
            AdvisoryFolder(tmp_path / "all.zip")


class Scripted:
    """A transport that answers all the same."""

    def __init__(self, listed: Callable[[int], bytes], kept: bytes = b"") -> None:
        self._listed, self._kept = listed, kept

    def post(self, url: str, body: bytes) -> bytes:
        return self._listed(len(json.loads(body)["queries"]))

    def get(self, url: str, key: str, reduce: Callable[[bytes], bytes]) -> bytes:
        return reduce(json.dumps(record(id=url.rpartition("/")[2])).encode())

    def recall(self, keys: Sequence[str], seconds: float) -> Mapping[str, bytes]:
        return dict.fromkeys(keys, self._kept) if self._kept else {}

    def keep(self, url: str, key: str, body: bytes) -> None:
        """Nothing is."""

    def each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [function(each) for each in items]


def _results(*vulns: object, **further: str) -> Callable[[int], bytes]:
    return lambda count: json.dumps({"results": [{"vulns": list(vulns), **further}] * count}).encode()


LISTS: dict[str, Callable[[int], bytes]] = {
    "deep": lambda count: b'{"results":' + DEEP,
    "long": lambda count: b"9" * 5000,
    "surrogate": _results({"id": "\ud800"}),
    "upwards": _results({"id": ".."}),
    "elsewhere": _results({"id": "A/../../x"}),
    "query": _results({"id": "A?x=1"}),
    "number": _results({"id": 5}),
    "object": _results({"id": {"a": 1}}),
    "endless id": _results({"id": "A" * 1000}),
    "too many": _results(*({"id": f"A-{number}"} for number in range(20_001))),
    "without end": _results({"id": "A-1"}, next_page_token="again"),
}


@pytest.mark.parametrize("what", LISTS)
def test_lists_of_a_service(what: str) -> None:
    """Whatever it lists ends soon, as what cannot be read."""
    with pytest.raises(Unavailable):
        Service("http://osv.test", Scripted(LISTS[what])).advisories([("a", "1")])


@pytest.mark.parametrize("kept", [DEEP, b"[[1, 2]]", b'[["..", ""]]', b"9" * 5000, b"\xff", b'[["A", 1]]'])
def test_nonsense_in_the_cache(kept: bytes) -> None:
    """It is a miss: the service is asked."""
    service = Service("http://osv.test", Scripted(_results({"id": "A-1"}), kept))

    assert ["A-1"] == [each.id for each in service.advisories([("a", "1")])["a", "1"]]
