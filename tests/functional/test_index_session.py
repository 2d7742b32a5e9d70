"""The session over real sockets: what is asked for, what is kept, and what goes wrong on the way."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.cache import location
from pip_fastupdate.cache import maintenance as upkeep
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.core.settings import Network
from pip_fastupdate.network.session import Answer, Reply, Session
from tests.support.local_index import LocalIndex, wait_until
from tests.support.scripted_server import Asked, Said, ScriptedServer

DAY = 86400.0


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Warnings(list[tuple[str, str]]):
    """What was warned about."""

    def __call__(self, text: str, hint: str) -> None:
        self.append((text, hint))


@pytest.fixture(autouse=True)
def environment_without_proxies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the machine is set up for is not the point here."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def warned() -> Warnings:
    return Warnings()


@pytest.fixture
def thing(index: LocalIndex) -> LocalIndex:
    """An index with a project."""
    index.release("thing", "1.0")
    return index


Open = Callable[..., Any]


@pytest.fixture
def open_session(tmp_path: Path, clock: Clock, warned: Warnings) -> Open:
    """A session, closed at the end of the block; options are those of cache and network, and the session's own."""

    @contextmanager
    def opened(directory: Path | None = tmp_path / "cache", **options: Any) -> Iterator[Session]:
        cache = {name: options.pop(name) for name in ("ttl", "refresh", "offline", "limit") if name in options}
        own = {name: options.pop(name) for name in ("authenticate", "tls") if name in options}
        session = Session(
            cache=CacheOptions(directory=directory, **cache),
            network=Network(**{"retries": 2, "timeout": 5.0, **options}),
            user_agent="tests/1",
            warn=warned,
            clock=clock,
            **own,
        )
        try:
            yield session
        finally:
            session.close()

    return opened


def short(reply: Reply) -> bytes:
    """A digest from which the body cannot be told."""
    return hashlib.sha256(reply.body).hexdigest().encode()


def project(session: Session, index: LocalIndex, name: str = "thing", **options: Any) -> Answer:
    """Ask the index for a project."""
    url = f"{index.url}/pypi/{name}/json"
    return session.ask(url, key=f"project:{url}", condense=options.pop("condense", short), **options)


def failure(call: Callable[[], object]) -> tuple[str, str]:
    """How the call fails."""
    with pytest.raises(DownloadFailed) as caught:
        call()
    return caught.value.kind, caught.value.text


def on_disk(directory: Path) -> bytes:
    """Every byte of the cache."""
    return b"".join(file.read_bytes() for file in sorted(directory.rglob("*")) if file.is_file())


# The cache


def test_digest_is_kept_and_not_asked_for_again(thing: LocalIndex, open_session: Open, tmp_path: Path) -> None:
    """Only what the digest made of the body reaches the disk; the next session has it without a request."""
    with open_session() as session:
        first = project(session, thing)
        again = project(session, thing)
    assert (first.status, first.fresh, first.from_cache) == (200, True, False)
    assert first.headers["content-type"] == "application/json"
    assert len(first.body) == 64
    assert (again.body, again.from_cache) == (first.body, True)
    assert b"requires_dist" not in on_disk(tmp_path / "cache")
    assert first.body in on_disk(tmp_path / "cache")
    with open_session() as session:
        key = f"project:{thing.url}/pypi/thing/json"
        stored = session.stored([key, "another"])
        assert list(stored) == [key]
        assert (stored[key].body, stored[key].fresh, stored[key].from_cache) == (first.body, True, True)
        assert project(session, thing).body == first.body
        assert (session.counters.counts.requests, session.counters.counts.cache_hits) == (0, 2)
    assert len(thing.requests) == 1


def test_fresh_answers_need_no_requests_library(thing: LocalIndex, open_session: Open, tmp_path: Path) -> None:
    """A warm run imports neither requests nor requests-cache nor urllib3 nor msgspec."""
    with open_session() as session:
        project(session, thing)
    key = f"project:{thing.url}/pypi/thing/json"
    script = f"""
import sys
from pathlib import Path
from pip_fastupdate.network.session import Session
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network
session = Session(cache=CacheOptions(directory=Path({str(tmp_path / "cache")!r})), network=Network(), user_agent="",
                  warn=print)
assert session.stored([{key!r}])[{key!r}].fresh
session.ask({thing.url!r}, key={key!r}, condense=None)
session.close()
print([name for name in ("requests", "requests_cache", "urllib3", "msgspec", "ssl") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_stale_answer_is_revalidated(thing: LocalIndex, open_session: Open, clock: Clock) -> None:
    """With its ETag; a 304 makes the same digest fresh for another TTL."""
    with open_session() as session:
        first = project(session, thing)
    clock.now += DAY
    with open_session() as session:
        key = f"project:{thing.url}/pypi/thing/json"
        assert not session.stored([key])[key].fresh
        second = project(session, thing)
        assert (session.counters.counts.requests, session.counters.counts.revalidated) == (1, 1)
        assert session.counters.counts.bytes_received == 0
    assert (second.body, second.fetched, second.fresh, second.from_cache) == (first.body, clock.now, True, True)
    assert thing.requests[-1].status == 304
    assert thing.requests[-1].headers["if-none-match"] == first.headers["etag"]
    clock.now += DAY - 1
    with open_session() as session:
        assert session.stored([key])[key].fresh
    assert len(thing.requests) == 2


def test_changed_answer_replaces_the_stale_one(thing: LocalIndex, open_session: Open, clock: Clock) -> None:
    """The ETag does not fit any more."""
    with open_session() as session:
        first = project(session, thing)
    clock.now += DAY
    thing.release("thing", "2.0")
    with open_session() as session:
        second = project(session, thing)
    assert second.body != first.body
    assert not second.from_cache
    with open_session() as session:
        assert project(session, thing).body == second.body


@pytest.mark.parametrize("validator", ["Last-Modified", None])
def test_without_an_etag(open_session: Open, clock: Clock, validator: str | None) -> None:
    """The date of the last change does as well; with neither the answer is asked for anew."""
    date = formatdate(usegmt=True)

    def script(asked: Asked) -> Said:
        if asked.headers.get("if-modified-since") == date:
            return Said(status=304)
        return Said(body=b"body", headers={validator: date} if validator else {})

    with ScriptedServer(script) as server:
        for _ in range(3):
            with open_session() as session:
                assert session.ask(server.url + "/x", key="x", condense=short).body == short_of(b"body")
                assert session.counters.counts.revalidated == (1 if validator and len(server.asked) > 1 else 0)
            clock.now += DAY
        assert len(server.asked) == 3


def short_of(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-store"},
        {"Cache-Control": "max-age=0, must-revalidate"},
        {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Vary": "*"},
        {"Vary": "Accept, Accept-Encoding, Cookie"},
        {"Cache-Control": "immutable, max-age=999999"},
    ],
)
def test_the_time_to_live_is_ours(open_session: Open, clock: Clock, headers: dict[str, str]) -> None:
    """Whatever the server says of caching: not asked within the TTL, asked after it."""
    with ScriptedServer(lambda _: Said(body=b"body", headers={"ETag": '"1"', **headers})) as server:
        for accept, requests in (("a/b", 1), ("c/d", 1), ("a/b", 2)):
            with open_session(ttl=100.0) as session:
                session.ask(server.url + "/x", key="x", condense=short, accept=accept)
            assert len(server.asked) == requests
            clock.now += 60


def test_refresh_asks_once_a_session(thing: LocalIndex, open_session: Open, clock: Clock) -> None:
    """Even what is fresh, conditionally, and past caches on the way."""
    with open_session() as session:
        project(session, thing)
    clock.now += 1
    with open_session(refresh=True) as session:
        key = f"project:{thing.url}/pypi/thing/json"
        assert not session.stored([key])[key].fresh
        assert project(session, thing).from_cache
        assert project(session, thing).from_cache
        assert session.stored([key])[key].fresh
    assert [each.status for each in thing.requests] == [200, 304]
    assert thing.requests[1].headers["cache-control"] == "max-age=0"
    assert "cache-control" not in thing.requests[0].headers


def test_single_answers_can_be_revalidated(thing: LocalIndex, open_session: Open, clock: Clock) -> None:
    """Fresh or not, unless this session has just asked."""
    with open_session() as session:
        project(session, thing)
        project(session, thing, revalidate=True)
        assert session.counters.counts.requests == 1
    clock.now += 1
    with open_session() as session:
        project(session, thing, revalidate=True)
        project(session, thing, revalidate=True)
        assert (session.counters.counts.requests, session.counters.counts.revalidated) == (1, 1)


def test_immutable_answers_are_never_asked_for_again(open_session: Open, clock: Clock) -> None:
    """Not after the TTL, not with refresh; their absence is."""
    there = threading.Event()
    with ScriptedServer(lambda _: Said(body=b"metadata") if there.is_set() else Said(status=404)) as server:

        def ask(**options: Any) -> int:
            with open_session(**options) as session:
                return session.ask(server.url + "/f", key="f", condense=short, immutable=True, revalidate=True).status

        assert ask() == 404
        there.set()
        clock.now += 601
        assert ask() == 200
        clock.now += 99 * DAY
        assert ask(refresh=True) == 200
        assert len(server.asked) == 2


@pytest.mark.parametrize("status", [404, 410])
def test_absence_is_an_answer_for_ten_minutes(open_session: Open, clock: Clock, status: int) -> None:
    """Not an error; and not believed as long as the rest."""
    with ScriptedServer(lambda _: Said(status=status, body=b"gone", headers={"ETag": '"1"'})) as server:
        for wait, requests in ((0, 1), (599, 1), (1, 2)):
            clock.now += wait
            with open_session() as session:
                answer = session.ask(server.url + "/x", key="x", condense=short)
                assert (answer.status, answer.body, dict(answer.headers)) == (status, b"", {})
            assert len(server.asked) == requests
        assert "if-none-match" not in server.asked[-1].headers


def test_offline_answers_from_the_cache_however_old(thing: LocalIndex, open_session: Open, clock: Clock) -> None:
    """And says what it lacks."""
    with open_session() as session:
        first = project(session, thing)
    clock.now += 99 * DAY
    thing.down()
    with open_session(offline=True, refresh=True) as session:
        answer = project(session, thing)
        assert (answer.body, answer.fresh) == (first.body, False)
        assert failure(lambda: project(session, thing, "other"))[0] == "offline"
        assert "/pypi/other/json is not cached" in failure(lambda: project(session, thing, "other"))[1]
        assert failure(lambda: session.fetch(thing.url))[0] == "offline"
        assert failure(lambda: session.stream(thing.url))[0] == "offline"
        assert session.counters.counts.requests == 0


def test_memory_only(thing: LocalIndex, open_session: Open, tmp_path: Path) -> None:
    """Without a folder the session still does not ask twice."""
    with open_session(None) as session:
        first = project(session, thing)
        assert project(session, thing).body == first.body
        key = f"project:{thing.url}/pypi/thing/json"
        assert session.stored([key])[key].fresh
        assert session.counters.counts.requests == 1
    assert not (tmp_path / "cache").exists()


def test_what_was_worked_out_can_be_kept(open_session: Open, clock: Clock, tmp_path: Path) -> None:
    """Under a key of its own, for ever, even where the cache was found not to have it."""
    with open_session() as session:
        assert session.stored(["tail"]) == {}
        session.keep("http://user:s3cr3t@127.0.0.1:1/x.whl", key="tail", body=b"worked out")
        assert session.ask("http://127.0.0.1:1/x.whl", key="tail", condense=short).body == b"worked out"
    clock.now += 999 * DAY
    with open_session(refresh=True) as session:
        assert session.stored(["tail"])["tail"].fresh
    assert b"s3cr3t" not in on_disk(tmp_path / "cache")


def test_found_later_by_another_process(thing: LocalIndex, open_session: Open) -> None:
    """What was absent at the first look and is there at the second is not asked for."""
    key = f"project:{thing.url}/pypi/thing/json"
    with open_session() as session:
        assert session.stored([key]) == {}
        with open_session() as another:
            project(another, thing)
        assert session.stored([key])[key].fresh
        project(session, thing)
        assert session.counters.counts.requests == 0


def test_damaged_cache_is_rebuilt(thing: LocalIndex, open_session: Open, warned: Warnings, tmp_path: Path) -> None:
    """One warning, and the run goes on as with an empty one."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / location.DATABASE).write_bytes(b"garbage" * 1000)
    for _ in range(2):
        with open_session() as session:
            assert project(session, thing).status == 200
    assert len(thing.requests) == 1
    assert len(warned) == 1


def test_altered_entry_is_asked_for_again(thing: LocalIndex, open_session: Open, tmp_path: Path) -> None:
    """An entry that somebody tampered with is as good as none."""
    import sqlite3

    with open_session() as session:
        project(session, thing)
    with sqlite3.connect(tmp_path / "cache" / location.DATABASE) as database:
        database.execute("UPDATE responses SET value = ?", (b"\x80\x04cos\nsystem\n",))
    database.close()
    with open_session() as session:
        assert session.stored([f"project:{thing.url}/pypi/thing/json"]) == {}
        assert project(session, thing).from_cache is False


def test_cache_is_kept_within_its_limit(open_session: Open, tmp_path: Path) -> None:
    """After a run that asked, what was not used for longest goes."""
    with ScriptedServer(lambda _: Said(body=b"body")) as server:
        for number in range(3):
            with open_session(limit=300_000) as session:
                for each in range(20):
                    key = f"{number}-{each}"
                    session.ask(server.url + "/x", key=key, condense=lambda _: b"x" * 10_000, immutable=True)
    found = upkeep.info(tmp_path / "cache")
    assert found.bytes <= 300_000
    assert found.entries > 10


def test_requests_cache_sees_the_store(clock: Clock) -> None:
    """As a mapping, through the interface that it has for storages."""
    from pip_fastupdate.cache.sqlite import Store
    from pip_fastupdate.core.response import Record, pack
    from pip_fastupdate.network.requests_cache_backend import Answers, Kept, StoredAnswers

    record = Record(status=200, url="http://x/", headers={"etag": "1"}, fetched=clock(), body=b"digest")
    store = Store(None, lambda text, hint: None)
    answers = Answers(StoredAnswers(store, 10.0))
    answers.responses["a"] = Kept(record)
    store.write("b", b"garbage", None)
    assert store.read(["a"]) == {"a": pack(record)}
    assert (answers.responses["a"].content, answers.contains("a"), answers.contains("b")) == (b"digest", True, False)
    assert (sorted(answers.responses), len(answers.responses)) == (["a", "b"], 2)
    del answers.responses["b"]
    answers.delete("a")
    assert len(answers.responses) == 0


# Many at once


def test_threads_share_a_session(thing: LocalIndex, open_session: Open, warned: Warnings) -> None:
    """Eight threads, one project each and one for all, over few connections."""
    for number in range(40):
        thing.release(f"p{number}", "1.0")
    with open_session(jobs=8) as session, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: project(session, thing, f"p{number}"), range(40)))
        assert [answer.status for answer in answers] == [200] * 40
        assert session.counters.counts.requests == 40
        assert session.counters.counts.bytes_received == sum(each.sent for each in thing.requests)
    with open_session(jobs=8) as session, ThreadPoolExecutor(8) as pool:
        again = list(pool.map(lambda number: project(session, thing, f"p{number}"), range(40)))
    assert [answer.body for answer in again] == [answer.body for answer in answers]
    assert len(thing.requests) == 40
    assert warned == []


def test_processes_share_a_cache(thing: LocalIndex, tmp_path: Path, open_session: Open) -> None:
    """Four of them begin at once with no cache; all their answers are there afterwards, and none complains."""
    for number in range(30):
        thing.release(f"p{number}", "1.0")
    script = f"""
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pip_fastupdate.network.session import Session
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network
session = Session(cache=CacheOptions(directory=Path({str(tmp_path / "cache")!r})), network=Network(), user_agent="",
                  warn=lambda text, hint: sys.exit(text))
sys.stdin.readline()
def ask(number):
    for kind in (sys.argv[1], "shared"):
        url = {thing.url!r} + f"/pypi/p{{number}}/json"
        session.ask(url, key=f"{{kind}}:{{number}}", condense=lambda reply: kind.encode() * 99)
with ThreadPoolExecutor(4) as pool:
    list(pool.map(ask, range(30)))
session.close()
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(number)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == [""] * 4
    keys = [f"{kind}:{number}" for kind in ("0", "1", "2", "3", "shared") for number in range(30)]
    with open_session() as session:
        assert len(session.stored(keys)) == 150


# What goes wrong


@pytest.mark.parametrize("status", [400, 401, 403, 451])
def test_errors_are_neither_retried_nor_kept(thing: LocalIndex, open_session: Open, status: int) -> None:
    """Told with their number and words."""
    thing.fail("/pypi/thing/json", status=status)
    for requests in (1, 2):
        with open_session() as session:
            kind, text = failure(lambda: project(session, thing))
        assert kind == "http"
        assert text.startswith(f"{thing.url.partition('//')[2]} returned {status} ")
        assert len(thing.requests) == requests


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_servers_in_trouble_are_asked_again(thing: LocalIndex, open_session: Open, status: int) -> None:
    """After a pause; the retries are counted."""
    thing.fail("/pypi/thing/json", status=status, times=2)
    with open_session() as session:
        assert project(session, thing).status == 200
        assert (session.counters.counts.requests, session.counters.counts.retries) == (3, 2)


def test_retries_end(thing: LocalIndex, open_session: Open) -> None:
    """With the last error; what was cached stays as it was."""
    thing.fail("/pypi/thing/json", status=503)
    with open_session(retries=1) as session:
        assert failure(lambda: project(session, thing)) == (
            "http",
            f"{thing.url.partition('//')[2]} returned 503 Service Unavailable",
        )
        assert session.counters.counts.requests == 2
    with open_session(retries=0) as session:
        assert failure(lambda: project(session, thing))[0] == "http"
        assert (session.counters.counts.requests, session.counters.counts.retries) == (1, 0)


def test_unknown_status(open_session: Open) -> None:
    """A number without words."""
    with ScriptedServer(lambda _: Said(status=599)) as server, open_session() as session:
        assert failure(lambda: session.fetch(server.url + "/x")) == ("http", f"{server.netloc} returned 599")


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(thing: LocalIndex, open_session: Open, form: str) -> None:
    """As a number or as a date."""
    wait = "1" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
    thing.fail("/pypi/thing/json", status=429, times=1, retry_after=wait)
    started = time.monotonic()
    with open_session() as session:
        project(session, thing)
    assert 0.9 < time.monotonic() - started < 3


@pytest.mark.parametrize("said", ["soon", "9" * 5000, "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_nonsense_in_retry_after_is_ignored(thing: LocalIndex, open_session: Open, said: str) -> None:
    """As if it were not there."""
    thing.fail("/pypi/thing/json", status=503, times=1, retry_after=said)
    started = time.monotonic()
    with open_session() as session:
        project(session, thing)
    assert time.monotonic() - started < 1


def test_closing_wakes_those_that_wait(thing: LocalIndex, open_session: Open) -> None:
    """A minute's Retry-After does not keep the program from ending."""
    thing.fail("/pypi/thing/json", status=503, retry_after="50")
    with ThreadPoolExecutor(1) as pool:
        with open_session() as session:
            waiting = pool.submit(failure, lambda: project(session, thing))
            wait_until(lambda: session.counters.counts.retries == 1)
        assert waiting.result(timeout=5)[0] == "http"


@pytest.mark.parametrize("fault", [{"cut_after": 100}, {"cut_after": 0}, {"drop": True}])
def test_broken_connections_are_mended(thing: LocalIndex, open_session: Open, fault: dict[str, Any]) -> None:
    """A body that ends too soon counts as not answered."""
    thing.fail("/pypi/thing/json", times=1, **fault)
    with open_session() as session:
        answer = project(session, thing, condense=lambda reply: reply.body[:1])
        assert answer.body == b"{"
        assert session.counters.counts.retries == 1
    thing.release("other", "1.0")
    thing.fail("/pypi/other/json", **fault)
    with open_session() as session:
        kind, text = failure(lambda: project(session, thing, "other"))
        assert kind == "unreachable"
        assert "closed the connection" in text
        assert session.counters.counts.requests == 3


def test_one_that_breaks_off_does_not_spoil_the_others(thing: LocalIndex, open_session: Open) -> None:
    """The next project is asked for as ever."""
    thing.fail("/pypi/bad/json", drop=True)
    with open_session() as session:
        assert failure(lambda: project(session, thing, "bad"))[0] == "unreachable"
        assert project(session, thing).status == 200


def test_unreachable_server_is_found_out_once(thing: LocalIndex, open_session: Open) -> None:
    """The retries are spent by the first request; the others need not wait."""
    thing.down()
    with open_session() as session:
        kind, text = failure(lambda: project(session, thing))
        assert (kind, text) == (
            "unreachable",
            f"could not connect to {thing.url.partition('//')[2]} (Connection refused)",
        )
        assert session.counters.counts.retries == 2
        others = [partial(project, session, thing, str(number)) for number in range(9)]
        assert [failure(other)[1] for other in others] == [text] * 9
        assert session.counters.counts.requests == 3


def test_server_that_dies_is_given_its_retries(thing: LocalIndex, open_session: Open) -> None:
    """It may come back while the pauses last."""
    with open_session() as session:
        project(session, thing)
        thing.down()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(project, session, thing, "other")
            wait_until(lambda: session.counters.counts.retries >= 1)
            thing.up()
            assert waiting.result().status == 404


def test_name_that_does_not_resolve(open_session: Open) -> None:
    """The resolver's words."""
    with open_session(retries=0) as session:
        kind, text = failure(lambda: session.fetch("http://no-such-host.invalid/simple/"))
    assert kind == "unreachable"
    assert text.startswith("could not connect to no-such-host.invalid")


def test_silence_times_out(thing: LocalIndex, open_session: Open) -> None:
    """Between two bytes as before the first one."""
    thing.fail("/pypi/thing/json", hang=30.0)
    thing.fail("/pypi/slow/json", hang=30.0, cut_after=50, body=b"x" * 100)
    with open_session(timeout=0.2, retries=0) as session:
        for name in ("thing", "slow"):
            kind, text = failure(lambda name=name: project(session, thing, name))
            assert (kind, text) == ("timeout", f"timed out waiting for {thing.url.partition('//')[2]}")


def test_garbage_is_told_and_not_kept(thing: LocalIndex, open_session: Open, tmp_path: Path) -> None:
    """A digest that does not understand the body raises ValueError."""
    thing.fail("/pypi/thing/json", body=b"<html>login</html>", times=1)

    def strict(reply: Reply) -> bytes:
        return json.dumps(json.loads(reply.body)).encode()

    with open_session() as session:
        kind, text = failure(lambda: project(session, thing, condense=strict))
        assert kind == "garbage"
        assert "unexpected response from " in text
        assert " (Expecting value" in text
        assert session.counters.counts.retries == 0
        assert session.stored([f"project:{thing.url}/pypi/thing/json"]) == {}
        assert project(session, thing, condense=strict).status == 200


def test_spoiled_compression_is_garbage(thing: LocalIndex, open_session: Open) -> None:
    """Asked for again, as it may be the way that spoils it; then told."""
    thing.fail("/pypi/thing/json", corrupt=True)
    with open_session() as session:
        assert failure(lambda: project(session, thing))[0] == "garbage"
        assert session.counters.counts.requests == 3


@pytest.mark.parametrize(
    "url", ["no-scheme/x", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://", "http://[::1/x", ""]
)
def test_what_is_no_url_is_told(open_session: Open, url: str) -> None:
    """Without a traceback and without a retry."""
    with open_session() as session:
        assert failure(lambda: session.ask(url, key="x", condense=short))[0] == "unreachable"
        assert session.counters.counts.retries == 0


def test_stray_not_modified(open_session: Open) -> None:
    """A 304 to a question that was not conditional is an error."""
    with ScriptedServer(lambda _: Said(status=304)) as server, open_session() as session:
        assert failure(lambda: session.ask(server.url + "/x", key="x", condense=short))[1].endswith("304 Not Modified")


# Bodies


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        (None, bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("X-Gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("gzip", lambda body: gzip.compress(body[:2500]) + gzip.compress(body[2500:])),
        ("gzip", lambda body: gzip.compress(body) + b"\0" * 8),
        ("deflate", zlib.compress),
        ("utf-8", bytes),
        ("aws-chunked", bytes),
        ("gzip,aws-chunked", gzip.compress),
        ("aws-chunked, gzip", gzip.compress),
        ("gzip, ", gzip.compress),
        ("deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
    ],
)
def test_content_encodings(open_session: Open, encoding: str | None, encode: Callable[[bytes], bytes]) -> None:
    """The digest sees the body decoded; what is counted is what was sent."""
    body = b"body " * 1000
    headers = {"Content-Encoding": encoding} if encoding else {}
    with ScriptedServer(lambda _: Said(body=encode(body), headers=headers)) as server, open_session() as session:
        answer = session.ask(server.url + "/x", key="x", condense=lambda reply: reply.body)
        assert answer.body == body
        assert session.counters.counts.bytes_received == len(encode(body))
        assert server.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"),
        ("identity, br", b"x"),
        (", ".join(["x"] * 5), b"x"),
        ("gzip", b""),
        ("gzip", gzip.compress(b"x" * 99, mtime=0)[:-9]),
    ],
)
def test_undecodable_bodies(open_session: Open, encoding: str, body: bytes) -> None:
    """Not asked for, empty or truncated."""
    with (
        ScriptedServer(lambda _: Said(body=body, headers={"Content-Encoding": encoding})) as server,
        open_session(retries=0) as session,
    ):
        assert failure(lambda: session.ask(server.url + "/x", key="x", condense=short))[0] == "garbage"


def test_chunked_bodies(open_session: Open) -> None:
    """Without a length, whole or broken off."""
    bodies = iter([b"3\r\nabc\r\n", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"])

    def script(_: Asked) -> Said:
        body = next(bodies)
        return Said(body=body, headers={"Transfer-Encoding": "chunked"}, promised=0 if len(body) < 10 else None)

    with ScriptedServer(script) as server, open_session() as session:
        assert session.ask(server.url + "/x", key="x", condense=lambda reply: reply.body).body == b"abcde"
        assert session.counters.counts.retries == 1


def test_what_is_sent_and_seen(open_session: Open) -> None:
    """The headers of a request, and what a digest gets to know."""
    seen: list[Reply] = []

    def digest(reply: Reply) -> bytes:
        seen.append(reply)
        return b""

    said = Said(body=b"{}", headers={"X-Thing": "1", "Content-Type": "text/html"})
    with ScriptedServer(lambda _: said) as server, open_session() as session:
        answer = session.ask(server.url + "/x?y=1", key="x", condense=digest, accept="text/html;q=0.1, */*")
    assert dict(server.asked[0].headers) == {
        "host": server.netloc,
        "user-agent": "tests/1",
        "accept-encoding": "gzip",
        "accept": "text/html;q=0.1, */*",
    }
    assert (seen[0].url, seen[0].status, seen[0].body) == (server.url + "/x?y=1", 200, b"{}")
    assert seen[0].headers["x-thing"] == "1"
    assert dict(answer.headers) == {"content-type": "text/html"}
    assert server.asked[0].path == "/x?y=1"


def test_urls_are_quoted_where_they_need_to_be(open_session: Open) -> None:
    """As file names on odd indexes have it."""
    with ScriptedServer(lambda _: Said(body=b"{}")) as server, open_session() as session:
        session.fetch(server.url + "/ä b/ü.whl?x=<1>")
        session.fetch(server.url + "/a%20b/c+d.whl")
        assert [asked.path for asked in server.asked] == ["/%C3%A4%20b/%C3%BC.whl?x=%3C1%3E", "/a%20b/c+d.whl"]


# Past the cache


def test_fetch(thing: LocalIndex, open_session: Open, tmp_path: Path) -> None:
    """A part of a file, or that there is none; never kept."""
    url = thing.file_url(thing.release("part", "1.0"))
    with open_session() as session:
        whole = session.fetch(url)
        part = session.fetch(url, {"Range": "bytes=-20"})
        beyond = session.fetch(url, {"Range": "bytes=99999999-"})
        missing = session.fetch(f"{thing.url}/files/none.whl")
    assert (whole.status, part.status, beyond.status, missing.status) == (200, 206, 416, 404)
    assert part.body == whole.body[-20:]
    assert part.headers["content-range"] == f"bytes {len(whole.body) - 20}-{len(whole.body) - 1}/{len(whole.body)}"
    assert {each.headers["accept-encoding"] for each in thing.requests} == {"identity"}
    assert not (tmp_path / "cache" / location.DATABASE).exists()


def test_stream(thing: LocalIndex, open_session: Open) -> None:
    """In chunks of a quarter of a megabyte at most, as the server sent them."""
    url = f"{thing.url}/files/large.whl"
    body = bytes(range(256)) * 4000
    thing.fail("/files/large.whl", body=body)
    with open_session() as session:
        with session.stream(url, {"X-Extra": "1"}) as chunks:
            received = list(chunks)
        assert session.counters.counts.bytes_received == len(body)
    assert b"".join(received) == body
    assert max(map(len, received)) <= 256 * 1024
    assert len(received) >= 4
    assert thing.requests[0].headers["x-extra"] == "1"


def test_stream_is_not_decoded(open_session: Open) -> None:
    """A file that is called gzipped arrives as it is."""
    body = gzip.compress(b"sdist")
    said = Said(body=body, headers={"Content-Encoding": "gzip"})
    with ScriptedServer(lambda _: said) as server, open_session() as session, session.stream(server.url) as chunks:
        assert b"".join(chunks) == body


def test_empty_stream(open_session: Open) -> None:
    """No chunk but an empty one."""
    with (
        ScriptedServer(lambda _: Said()) as server,
        open_session() as session,
        session.stream(server.url + "/x") as chunks,
    ):
        assert b"".join(chunks) == b""


def test_stream_retries_until_the_first_byte(thing: LocalIndex, open_session: Open) -> None:
    """Not afterwards: what was handed out cannot be taken back."""
    url = thing.file_url(thing.release("file", "1.0"))
    thing.fail("/files/*", status=503, times=1)
    thing.fail("/files/*", cut_after=0, times=1)
    with open_session() as session:
        with session.stream(url) as chunks:
            assert b"".join(chunks).startswith(b"PK")
        assert session.counters.counts.retries == 2
        thing.fail("/files/*", cut_after=200, body=b"x" * 900_000)
        with session.stream(url) as chunks:
            assert failure(lambda: list(chunks))[0] == "unreachable"


def test_stream_of_what_is_not_there(thing: LocalIndex, open_session: Open) -> None:
    """An error, before anything is read."""
    with open_session() as session:
        kind, text = failure(lambda: session.stream(f"{thing.url}/files/none.whl").__enter__())
    assert (kind, text) == ("http", f"{thing.url.partition('//')[2]} returned 404 Not Found")


def test_stream_left_early(thing: LocalIndex, open_session: Open) -> None:
    """The connection is given up, the session goes on."""
    thing.fail("/files/large.whl", body=b"x" * 3_000_000)
    with open_session() as session:
        with session.stream(f"{thing.url}/files/large.whl") as chunks:
            assert len(next(chunks)) > 0
        assert project(session, thing).status == 200


# Redirects and cookies


def test_redirects_are_followed(open_session: Open, tmp_path: Path) -> None:
    """The answer's URL is the last one, without the tokens in its query."""

    def script(asked: Asked) -> Said:
        if asked.path == "/old":
            return Said(status=301, headers={"Location": "/new?token=s3cr3t"})
        return Said(body=asked.path.encode(), headers={"ETag": '"1"'})

    with ScriptedServer(script) as server, open_session() as session:
        answer = session.ask(server.url + "/old", key="x", condense=short)
        assert answer.url == server.url + "/new"
        assert session.counters.counts.requests == 2
    assert b"s3cr3t" not in on_disk(tmp_path / "cache")


def test_redirects_end(open_session: Open) -> None:
    """In circles, or where nobody can follow."""
    with ScriptedServer(lambda _: Said(status=302, headers={"Location": "/x"})) as server, open_session() as session:
        assert failure(lambda: session.fetch(server.url + "/x")) == ("http", f"too many redirects from {server.netloc}")
    with (
        ScriptedServer(lambda _: Said(status=302, headers={"Location": "ftp://x/"})) as server,
        open_session() as session,
    ):
        assert failure(lambda: session.fetch(server.url + "/x"))[0] == "unreachable"


def test_redirect_to_nowhere(open_session: Open) -> None:
    """An empty Location is an error of the server, for pages and files alike."""
    with ScriptedServer(lambda _: Said(status=302, headers={"Location": ""})) as server, open_session() as session:
        text = f"{server.netloc} redirected to an empty URL"
        assert ("http", text) == failure(lambda: session.fetch(server.url + "/x"))
        assert ("http", text) == failure(lambda: session.stream(server.url + "/x").__enter__())


def test_cookies_are_sent_back(open_session: Open) -> None:
    """Some servers put their sessions into them."""
    with ScriptedServer(lambda _: Said(headers={"Set-Cookie": "a=b; Path=/"})) as server, open_session() as session:
        session.fetch(server.url + "/1")
        session.fetch(server.url + "/2")
        assert [asked.headers.get("cookie") for asked in server.asked] == [None, "a=b"]
