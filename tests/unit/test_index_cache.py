"""The cache of index answers: records, the store on disk and whatever can be wrong with it, upkeep of the folder."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pip_fastupdate.cache import location, maintenance
from pip_fastupdate.cache.sqlite import BATCH, DAY, Store
from pip_fastupdate.core.cache_folder import CacheInfo
from pip_fastupdate.core.response import Record, pack, unpack, without_credentials

RECORD = Record(
    status=200,
    url="https://index.example/pypi/thing/json",
    headers={"etag": '"1"', "content-type": "application/json"},
    fetched=1000.5,
    body=b"digest\x00\n",
)
NOW = 1_800_000_000


class Warnings(list[tuple[str, str]]):
    """What was warned about."""

    def __call__(self, text: str, hint: str) -> None:
        self.append((text, hint))


@pytest.fixture
def warned() -> Warnings:
    return Warnings()


@contextmanager
def opened(path: Path | None, warned: Warnings, **options: float) -> Iterator[Store]:
    store = Store(path, warned, **options)  # type: ignore[arg-type]
    try:
        yield store
    finally:
        store.close()


def fill(directory: Path, **values: bytes) -> None:
    """Put the values under their keys, last used in this order, a day apart."""
    with opened(directory / location.DATABASE, Warnings()) as store:
        for key, value in values.items():
            store.write(key, value, None)
    with closing(sqlite3.connect(directory / location.DATABASE)) as database:
        for days, key in enumerate(values):
            database.execute("UPDATE used SET at = ? WHERE key = ?", (NOW + days * DAY, key))
        database.commit()


def rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(directory / location.DATABASE)) as database:
        return database.execute(query).fetchall()


def wheel(directory: Path, name: str, size: int, used: int) -> Path:
    path = directory / location.WHEELS / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"w" * size)
    os.utime(path, (used, used))
    return path


# Records


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        replace(RECORD, immutable=True),
        replace(RECORD, status=404, headers={}, body=b""),
        replace(RECORD, url="https://index.example/ü?q=1", body=bytes(range(256)) * 99),
    ],
)
def test_record_survives_packing(record: Record) -> None:
    """What is read is what was written."""
    assert unpack(pack(record)) == record


def test_line_breaks_in_headers_stay_within_their_header() -> None:
    """A folded header cannot pass for another one."""
    record = replace(RECORD, headers={"etag": "a\nb", "content-type": "c"})
    assert unpack(pack(record)) == replace(RECORD, headers={"etag": "a b", "content-type": "c"})


@pytest.mark.parametrize("position", [0, 1, 15, 20, 30, -1])
def test_altered_record_is_none(position: int) -> None:
    """One changed byte anywhere that matters, and the entry counts as absent."""
    value = bytearray(pack(RECORD))
    value[position] ^= 0x11
    read = unpack(bytes(value))
    assert read is None or position == 1  # the status is not under the check


@pytest.mark.parametrize("value", [None, b"", b"\x01", 7, "text", b"\x80\x04K\x01.", pack(RECORD)[:-1], b"\x02" * 40])
def test_other_things_are_no_records(value: object) -> None:
    """Values of other formats, pickles too, are absent rather than errors."""
    assert unpack(value) is None


@pytest.mark.parametrize(
    ("record", "ttl", "age", "expected"),
    [
        (RECORD, 10.0, 9.9, True),
        (RECORD, 10.0, 10.0, False),
        (RECORD, 0.0, 0.0, False),
        (RECORD, 10.0, -1.0, False),
        (replace(RECORD, status=404), 86400.0, 599.0, True),
        (replace(RECORD, status=404), 86400.0, 601.0, False),
        (replace(RECORD, status=410), 10.0, 11.0, False),
        (replace(RECORD, immutable=True), 10.0, 1e9, True),
        (replace(RECORD, immutable=True), 10.0, -1e9, True),
        (replace(RECORD, immutable=True, status=404), 86400.0, 601.0, False),
    ],
)
def test_how_long_a_record_is_believed(record: Record, ttl: float, age: float, expected: bool) -> None:
    """For the TTL; absence for ten minutes at most; for ever where nothing can change; never from the future."""
    assert record.believable(ttl, record.fetched + age) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:word@host/simple/", "https://host/simple/"),
        ("https://user@host", "https://host"),
        ("https://us@er:wo@rd@host:8080/a@b", "https://host:8080/a@b"),
        ("project:2:https://u:p@host/x:cp311 and http://v:q@other", "project:2:https://host/x:cp311 and http://other"),
        ("https://host/path?mail=a@b", "https://host/path?mail=a@b"),
        ("no address at all: a@b", "no address at all: a@b"),
    ],
)
def test_credentials_are_taken_out(text: str, expected: str) -> None:
    """User and password go, wherever the URL stands; other at signs stay."""
    assert without_credentials(text) == expected


# The store


def test_values_are_read_before_and_after_they_reach_the_disk(tmp_path: Path, warned: Warnings) -> None:
    """A written value is there at once, and in the next run."""
    with opened(tmp_path / "cache" / location.DATABASE, warned) as store:
        store.write("a", b"1", None)
        assert store.read(["a", "b"]) == {"a": b"1"}
    with opened(tmp_path / "cache" / location.DATABASE, warned) as store:
        assert store.read(["a", "b"]) == {"a": b"1"}
    assert warned == []


def test_layout_is_that_of_requests_cache(tmp_path: Path, warned: Warnings) -> None:
    """The table responses (key, value, expires), expiry in whole seconds."""
    with opened(tmp_path / location.DATABASE, warned) as store:
        store.write("a", b"1", 12.7)
        store.write("b", b"2", None)
    assert rows(tmp_path, "SELECT key, value, expires FROM responses ORDER BY key") == [
        ("a", b"1", 12),
        ("b", b"2", None),
    ]


def test_writes_are_batched(tmp_path: Path, warned: Warnings) -> None:
    """One transaction for many values, and the rest when the store is closed."""
    with opened(tmp_path / location.DATABASE, warned) as store:
        for number in range(BATCH - 1):
            store.write(str(number), b"", None)
        assert not (tmp_path / location.DATABASE).exists()
        store.write("one more", b"", None)
        assert rows(tmp_path, "SELECT count(*) FROM responses") == [(BATCH,)]
        store.write("and another", b"", None)
    assert rows(tmp_path, "SELECT count(*) FROM responses") == [(BATCH + 1,)]


def test_many_keys_are_read_at_once(tmp_path: Path, warned: Warnings) -> None:
    """More than SQLite takes in one statement, odd ones among them."""
    values = {f"k'{number}\"%": str(number).encode() for number in range(2001)}
    with opened(tmp_path / location.DATABASE, warned) as store:
        for key, value in values.items():
            store.write(key, value, None)
    with opened(tmp_path / location.DATABASE, warned) as store:
        assert store.read([*values, "absent"]) == values


def test_newest_value_wins(tmp_path: Path, warned: Warnings) -> None:
    """Written twice, on the disk or not."""
    with opened(tmp_path / location.DATABASE, warned) as store:
        store.write("a", b"1", None)
        store.flush()
        store.write("a", b"2", None)
        assert store.read(["a"]) == {"a": b"2"}
    with opened(tmp_path / location.DATABASE, warned) as store:
        assert store.read(["a"]) == {"a": b"2"}


def test_deleted_keys_are_gone(tmp_path: Path, warned: Warnings) -> None:
    """From memory and from the disk, with what is known of their use."""
    with opened(tmp_path / location.DATABASE, warned) as store:
        store.write("a", b"1", None)
        store.flush()
        store.write("b", b"2", None)
        assert sorted(store.keys()) == ["a", "b"]
        store.delete(["a", "b", "c"])
        assert list(store.keys()) == []
    assert rows(tmp_path, "SELECT key FROM used") == []


def test_without_a_path_nothing_reaches_the_disk(tmp_path: Path, warned: Warnings) -> None:
    """Memory only."""
    with opened(None, warned) as store:
        for number in range(BATCH + 1):
            store.write(str(number), b"v", None)
        assert store.read(["0", str(BATCH), "x"]) == {"0": b"v", str(BATCH): b"v"}
        assert store.entries() == []
        assert not store.kept
        store.delete(["0"])
        assert store.read(["0"]) == {}
    assert warned == []
    assert list(tmp_path.iterdir()) == []


def test_use_is_noted_to_a_day(tmp_path: Path, warned: Warnings) -> None:
    """Reading the same every hour does not write every hour."""
    fill(tmp_path, old=b"1")
    with opened(tmp_path / location.DATABASE, warned) as store:
        store.write("new", b"2", None)
        store.flush()
        before = rows(tmp_path, "SELECT at FROM used WHERE key = 'new'")
        store.touch(["old", "new"])
    assert rows(tmp_path, "SELECT at FROM used WHERE key = 'new'") == before
    assert rows(tmp_path, f"SELECT key FROM used WHERE at = {NOW}") == ([] if before[0][0] > NOW + DAY else [("old",)])


def test_threads_share_a_store(tmp_path: Path, warned: Warnings) -> None:
    """Eight of them write and read at once; nothing is lost."""
    start = threading.Barrier(8)

    def work(worker: int) -> int:
        start.wait()
        for number in range(100):
            store.write(f"{worker}-{number}", b"%d" % number, None)
            assert store.read([f"{worker}-{number}"]) == {f"{worker}-{number}": b"%d" % number}
        return len(store.read([f"{worker}-{number}" for number in range(100)]))

    with opened(tmp_path / location.DATABASE, warned) as store, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [100] * 8
    assert rows(tmp_path, "SELECT count(*) FROM responses") == [(800,)]
    assert warned == []


# What can be wrong with the file


def truncated(path: Path) -> bytes:
    fill(path.parent, **{f"k{number}": b"v" * 2000 for number in range(50)})
    return path.read_bytes()[:20_000]


def another_schema(path: Path) -> bytes:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE responses (name TEXT)")
    return path.read_bytes()


@pytest.mark.parametrize("make", [lambda path: b"this is no database" * 99, truncated, another_schema])
def test_damaged_file_is_set_aside(tmp_path: Path, warned: Warnings, make: object) -> None:
    """Renamed, replaced and told once; a second one gets the next number."""
    path = tmp_path / location.DATABASE
    for number in (1, 2):
        content = make(path)  # type: ignore[operator]
        path.write_bytes(content)
        with opened(path, warned) as store:
            assert store.read(["k7"]) == {}
            store.write("k7", b"new", None)
        with opened(path, warned) as store:
            assert store.read(["k7"]) == {"k7": b"new"}
        assert (tmp_path / f"{location.DATABASE}.damaged-{number}").stat().st_size >= len(content)
        assert len(warned) == number
    assert "damaged" in warned[0][0]


def test_damage_in_the_middle_is_found_while_reading(tmp_path: Path, warned: Warnings) -> None:
    """The file opens; its pages are garbage."""
    path = tmp_path / location.DATABASE
    fill(tmp_path, **{f"k{number}": b"v" * 2000 for number in range(500)})
    content = bytearray(path.read_bytes())
    for start in range(4 * 4096, len(content), 4096):
        content[start : start + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with opened(path, warned) as store:
        assert store.read([f"k{number}" for number in range(500)]) == {}
        store.write("a", b"1", None)
    assert [text for text, _ in warned if "damaged" in text] == [text for text, _ in warned]
    assert len(warned) == 1
    assert rows(tmp_path, "SELECT key FROM responses") == [("a",)]


def test_what_cannot_be_opened_is_done_without(tmp_path: Path, warned: Warnings) -> None:
    """A folder in the place of the file: one warning with a hint, and memory."""
    (tmp_path / location.DATABASE).mkdir()
    with opened(tmp_path / location.DATABASE, warned) as store:
        store.write("a", b"1", None)
        store.flush()
        assert store.read(["a", "b"]) == {"a": b"1"}
        assert not store.kept
    assert [hint for _, hint in warned] == ["use another directory with --cache-dir"]


def test_folder_that_cannot_be_made(tmp_path: Path, warned: Warnings) -> None:
    """A file in the place of the folder: one warning, and memory."""
    (tmp_path / "file").write_bytes(b"")
    with opened(tmp_path / "file" / "cache" / location.DATABASE, warned) as store:
        store.write("a", b"1", None)
        store.flush()
        assert store.read(["a"]) == {"a": b"1"}
    assert len(warned) == 1
    assert "is not writable" in warned[0][0]


def test_another_writer_is_waited_for_only_so_long(tmp_path: Path, warned: Warnings) -> None:
    """A process that keeps the file locked costs a warning; reading goes on."""
    fill(tmp_path, a=b"1")
    with closing(sqlite3.connect(tmp_path / location.DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with opened(tmp_path / location.DATABASE, warned, patience=0.05) as store:
            store.write("b", b"2", None)
            store.flush()
            assert store.read(["a", "b"]) == {"a": b"1", "b": b"2"}
        other.execute("ROLLBACK")
    assert ["locked" in text for text, _ in warned] == [True]


def test_shrinking_beside_a_writer(tmp_path: Path, warned: Warnings) -> None:
    """What cannot be given back now is given back another time."""
    fill(tmp_path, a=b"1" * 100_000)
    with closing(sqlite3.connect(tmp_path / location.DATABASE, isolation_level=None)) as other:
        with opened(tmp_path / location.DATABASE, warned, patience=0.05) as store:
            store.delete(["a"])
            other.execute("BEGIN IMMEDIATE")
            store.shrink()
            assert store.read(["a"]) == {}
        other.execute("ROLLBACK")
    assert len(warned) == 1


def test_failed_write_is_taken_back(tmp_path: Path, warned: Warnings) -> None:
    """All of a batch or none of it; the values stay in memory."""
    fill(tmp_path, a=b"1")
    with closing(sqlite3.connect(tmp_path / location.DATABASE)) as database:
        database.execute(
            "CREATE TRIGGER no BEFORE INSERT ON used WHEN new.key = 'c' BEGIN SELECT raise(ABORT, 'no'); END"
        )
    with opened(tmp_path / location.DATABASE, warned) as store:
        store.write("b", b"2", None)
        store.write("c", b"3", None)
        store.flush()
        assert store.read(["a", "b", "c"]) == {"a": b"1", "b": b"2", "c": b"3"}
        assert rows(tmp_path, "SELECT key FROM responses") == [("a",)]
    assert len(warned) == 1


def test_damaged_file_that_cannot_be_renamed(tmp_path: Path, warned: Warnings) -> None:
    """Its name is as long as names can be: memory, and one warning."""
    path = tmp_path / ("answers-" + "x" * 240)
    path.write_bytes(b"garbage" * 999)
    with opened(path, warned) as store:
        store.write("a", b"1", None)
        store.flush()
        assert store.read(["a", "b"]) == {"a": b"1"}
    assert path.read_bytes() == b"garbage" * 999
    assert len(warned) == 1


def test_two_stores_on_one_file(tmp_path: Path, warned: Warnings) -> None:
    """What one has written the other reads."""
    with opened(tmp_path / location.DATABASE, warned) as one, opened(tmp_path / location.DATABASE, warned) as two:
        one.write("a", b"1", None)
        assert two.read(["a"]) == {}
        one.flush()
        assert two.read(["a"]) == {"a": b"1"}
    assert warned == []


def test_reading_leaves_everything_as_it_is(tmp_path: Path, warned: Warnings) -> None:
    """Nothing is made, nothing set aside."""
    with opened(tmp_path / "cache" / location.DATABASE, warned, reading=True) as store:
        assert store.entries() == []
    assert not (tmp_path / "cache").exists()
    (tmp_path / location.DATABASE).write_bytes(b"garbage" * 999)
    with opened(tmp_path / location.DATABASE, warned, reading=True) as store:
        assert store.entries() == []
    assert (tmp_path / location.DATABASE).read_bytes() == b"garbage" * 999
    assert warned == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can own another's folder")
def test_another_users_folder_is_not_used_by_root(tmp_path: Path, warned: Warnings) -> None:
    """As with sudo: one warning, and no file that the user could not delete."""
    os.chown(tmp_path, 12345, 12345)
    with opened(tmp_path / "cache" / location.DATABASE, warned) as store:
        store.write("a", b"1", None)
        store.flush()
    assert list(tmp_path.iterdir()) == []
    assert ["belongs to another user" in text for text, _ in warned] == [True]


# The folder


def test_info_of_nothing(tmp_path: Path) -> None:
    """An absent folder is an empty cache, and stays absent."""
    found = maintenance.info(tmp_path / "none")
    assert (found.entries, found.bytes, found.oldest, found.newest, found.wheels, found.wheel_bytes) == (0,) * 2 + (
        None,
        None,
        0,
        0,
    )
    assert list(tmp_path.iterdir()) == []


def test_info_counts(tmp_path: Path) -> None:
    """Answers with the times of their use, wheels with their bytes."""
    fill(tmp_path, a=b"1", b=b"2", c=b"3")
    wheel(tmp_path, "one.whl", 1000, NOW)
    wheel(tmp_path, "two.whl", 500, NOW)
    found = maintenance.info(tmp_path)
    assert found == CacheInfo(
        path=tmp_path,
        entries=3,
        bytes=sum(file.stat().st_size for file in tmp_path.glob("answers*")),
        oldest=NOW,
        newest=NOW + 2 * DAY,
        wheels=2,
        wheel_bytes=1500,
    )


def test_clear_deletes_what_is_ours_only(tmp_path: Path) -> None:
    """Answers of any format and wheels go, the rest of the folder stays."""
    fill(tmp_path, a=b"1" * 100_000)
    wheel(tmp_path, "one.whl", 1000, NOW)
    (tmp_path / "answers-0.sqlite").write_bytes(b"old")
    (tmp_path / f"{location.DATABASE}.damaged-1").write_bytes(b"bad")
    (tmp_path / "answers.txt").write_bytes(b"mine")
    (tmp_path / "http").mkdir()
    (tmp_path / "http" / "x").write_bytes(b"pip's")
    freed = maintenance.clear(tmp_path)
    assert freed > 90_000
    assert sorted(each.name for each in tmp_path.iterdir()) == [location.DATABASE, "answers.txt", "http"]
    assert maintenance.info(tmp_path).entries == 0
    assert maintenance.info(tmp_path).bytes < 60_000
    assert (tmp_path / "http" / "x").read_bytes() == b"pip's"


def test_clear_leaves_what_a_link_points_to(tmp_path: Path) -> None:
    """The wheels may be a link to somewhere else: only the link goes."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"x")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / location.WHEELS).symlink_to(elsewhere, target_is_directory=True)
    maintenance.clear(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    assert (elsewhere / "file").read_bytes() == b"x"


def test_clear_of_a_damaged_cache(tmp_path: Path) -> None:
    """What cannot be read can be deleted."""
    (tmp_path / location.DATABASE).write_bytes(b"garbage" * 9999)
    assert maintenance.clear(tmp_path) > 40_000
    assert [each.name for each in tmp_path.iterdir()] == [location.DATABASE]
    assert maintenance.info(tmp_path).entries == 0
    assert maintenance.clear(tmp_path / "none") == 0


def test_clear_while_another_process_reads(tmp_path: Path, warned: Warnings) -> None:
    """An open store goes on with what is left: nothing."""
    fill(tmp_path, a=b"1")
    with opened(tmp_path / location.DATABASE, warned) as store:
        assert store.read(["a"]) == {"a": b"1"}
        maintenance.clear(tmp_path)
        assert store.read(["a"]) == {}
        store.write("b", b"2", None)
    assert rows(tmp_path, "SELECT key FROM responses") == [("b",)]
    assert warned == []


def test_within_the_limit_nothing_is_evicted(tmp_path: Path) -> None:
    """Not even looked at closely."""
    fill(tmp_path, a=b"1")
    assert maintenance.evict(tmp_path, 10**6) == 0
    assert maintenance.evict(tmp_path / "none", 0) == 0
    assert maintenance.info(tmp_path).entries == 1


def test_least_recently_used_goes_first(tmp_path: Path) -> None:
    """Answers and wheels in one order, until there is room again."""
    size = 100_000
    fill(tmp_path, **{f"k{day}": b"v" * size for day in range(10)})
    old = wheel(tmp_path, "old.whl", size, NOW - DAY)
    middle = wheel(tmp_path, "middle.whl", size, NOW + 4 * DAY + 60)
    new = wheel(tmp_path, "new.whl", size, NOW + 20 * DAY)
    freed = maintenance.evict(tmp_path, 7 * size)
    with opened(tmp_path / location.DATABASE, Warnings()) as store:
        assert sorted(store.keys()) == ["k5", "k6", "k7", "k8", "k9"]
    assert [each.exists() for each in (old, middle, new)] == [False, False, True]
    assert not old.parent.exists()
    found = maintenance.info(tmp_path)
    assert found.bytes + found.wheel_bytes < 7 * size
    assert freed > 6 * size


def test_damaged_files_are_evicted_too(tmp_path: Path) -> None:
    """They count, and are the first to go when they are the oldest."""
    fill(tmp_path, a=b"1")
    damaged = tmp_path / f"{location.DATABASE}.damaged-1"
    damaged.write_bytes(b"x" * 100_000)
    os.utime(damaged, (NOW - DAY, NOW - DAY))
    maintenance.evict(tmp_path, 50_000)
    assert not damaged.exists()
    assert maintenance.info(tmp_path).entries == 1
