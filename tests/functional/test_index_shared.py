"""A cache shared through a real Redis, and one that is down, slow, absent or full of something else."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pip_fastupdate.cache import location
from pip_fastupdate.cache.redis import NAMESPACE, SharedStore
from pip_fastupdate.cache.sqlite import Store
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network
from pip_fastupdate.network.session import Reply, Session
from tests.support.local_index import wait_until
from tests.support.scripted_server import Asked, Said, ScriptedServer

redis = pytest.importorskip("redis")
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")  # by requests-cache
needs_server = pytest.mark.skipif(shutil.which("redis-server") is None, reason="there is no redis-server")
DAY = 86400.0


class Warnings(list[tuple[str, str]]):
    """What was warned about."""

    def __call__(self, text: str, hint: str) -> None:
        self.append((text, hint))


class Server:
    """A redis-server without a disk, on a port of its own, behind a password."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://:s3cr3t@127.0.0.1:{self.port}/0"
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--requirepass", "s3cr3t"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        self.client = redis.Redis.from_url(self.url)
        wait_until(self._answers, 10.0)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def warned() -> Warnings:
    return Warnings()


Open = Callable[..., Any]


@pytest.fixture
def open_session(tmp_path: Path, warned: Warnings) -> Open:
    """A session over the cache at ``url``, on a machine with a folder of its own."""

    @contextmanager
    def opened(
        url: str, machine: str = "one", clock: Callable[[], float] = time.time, **options: Any
    ) -> Iterator[Session]:
        session = Session(
            cache=CacheOptions(directory=tmp_path / machine, url=url, **options),
            network=Network(retries=0),
            user_agent="tests/1",
            warn=warned,
            clock=clock,
        )
        try:
            yield session
        finally:
            session.close()

    return opened


def whole(reply: Reply) -> bytes:
    return reply.body


def index(asked: Asked) -> Said:
    if asked.headers.get("if-none-match") == '"1"':
        return Said(status=304)
    return Said(body=asked.path.encode(), headers={"ETag": '"1"'})


@needs_server
def test_one_machine_asks_for_all(server: Server, open_session: Open, warned: Warnings, tmp_path: Path) -> None:
    """What the first has asked for the second finds, many at once; nothing is kept on either."""
    keys = [f"k{number}" for number in range(450)]
    with ScriptedServer(index) as origin:
        with open_session(server.url) as session:
            assert session.stored(keys) == {}
            for key in keys:
                session.ask(f"{origin.url}/{key}", key=key, condense=whole)
            session.keep(f"{origin.url}/tail", key="tail", body=b"worked out")
        with open_session(server.url, "two") as session:
            stored = session.stored([*keys, "tail", "other"])
            assert [stored[key].body for key in keys] == [f"/{key}".encode() for key in keys]
            assert stored["tail"].body == b"worked out"
            assert all(answer.fresh for answer in stored.values())
            assert session.counters.counts.requests == 0
        assert len(origin.asked) == 450
    assert warned == []
    assert not list(tmp_path.rglob(location.DATABASE))


@needs_server
def test_expiry_there(server: Server, open_session: Open) -> None:
    """Stale answers are revalidated; in the end Redis itself forgets them."""
    now = time.time()
    with ScriptedServer(index) as origin:
        for elapsed in (0.0, 2 * DAY):
            with open_session(server.url, clock=lambda elapsed=elapsed: now + elapsed) as session:
                session.ask(f"{origin.url}/x", key="x", condense=whole)
                session.ask(f"{origin.url}/y", key="y", condense=whole, immutable=True)
                assert session.counters.counts.revalidated == (1 if elapsed else 0)
        assert len(origin.asked) == 3
    for key in ("x", "y"):
        assert 80 * DAY < server.client.ttl(f"{NAMESPACE}:{key}") < 100 * DAY


@needs_server
def test_store_there(server: Server, warned: Warnings) -> None:
    """The interface of a store."""
    with closing(SharedStore(server.url, Store(None, warned), warned)) as store:
        server.client.set("somebody else's", "1")
        store.write("a:b", b"1", None)
        store.write("c", b"2", 10.0)
        store.touch(["c"])
        assert store.read(["a:b", "c", "d"]) == {"a:b": b"1", "c": b"2"}
        assert sorted(store.keys()) == ["a:b", "c"]
        store.delete(["a:b"])
        assert list(store.keys()) == ["c"]
        assert store.local.read(["c"]) == {}
        assert not store.kept
    assert warned == []


@needs_server
def test_requests_cache_reads_there(server: Server, warned: Warnings) -> None:
    """Through its own backend, in the same format; what is no record is none."""
    from pip_fastupdate.core.response import Record, pack
    from pip_fastupdate.network.cached_session import storage

    record = Record(status=200, url="http://x/", headers={}, fetched=1.0, body=b"digest")
    with closing(SharedStore(server.url, Store(None, warned), warned)) as store:
        answers = storage(store, 10.0)
        store.write("x", pack(record), None)
        store.write("y", b"garbage", None)
        assert (answers["x"].content, answers["y"]) == (b"digest", None)
    assert warned == []


@needs_server
def test_tampered_entry_there(server: Server, open_session: Open, warned: Warnings) -> None:
    """Is as good as none."""
    server.client.set(f"{NAMESPACE}:x", b"\x80\x04cos\nsystem\n.")
    with ScriptedServer(index) as origin, open_session(server.url) as session:
        assert session.stored(["x"]) == {}
        assert session.ask(f"{origin.url}/x", key="x", condense=whole).body == b"/x"
        assert session.stored(["x"])["x"].fresh
    assert warned == []


@needs_server
def test_warm_run_needs_no_requests_library(server: Server, open_session: Open) -> None:
    """Only Redis' own."""
    with ScriptedServer(index) as origin, open_session(server.url) as session:
        session.ask(f"{origin.url}/x", key="x", condense=whole)
    script = f"""
import sys
from pip_fastupdate.network.session import Session
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network
session = Session(cache=CacheOptions(directory=None, url={server.url!r}), network=Network(), user_agent="", warn=print)
assert session.stored(["x"])["x"].fresh
session.close()
print([name for name in ("requests", "requests_cache", "urllib3", "msgspec") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@needs_server
def test_server_that_dies_in_the_middle(tmp_path: Path, open_session: Open, warned: Warnings) -> None:
    """The rest of the run has the store on this machine."""
    server = Server(tmp_path)
    with ScriptedServer(index) as origin, open_session(server.url) as session:
        session.ask(f"{origin.url}/x", key="x", condense=whole)
        server.stop()
        for key in "xyz":
            assert session.ask(f"{origin.url}/{key}", key=key, condense=whole).body == f"/{key}".encode()
        assert sorted(session.stored(["x", "y", "z"])) == ["x", "y", "z"]
    assert len(warned) == 1
    assert "s3cr3t" not in str(warned)
    assert warned[0][0].startswith(f"the shared cache at 127.0.0.1:{server.port} is not responding (ConnectionError)")


@needs_server
def test_server_that_dies_before_it_is_written_to(tmp_path: Path, open_session: Open, warned: Warnings) -> None:
    """As above, found out by the write."""
    server = Server(tmp_path)
    said: list[Said] = []

    def script(asked: Asked) -> Said:
        server.stop()
        said.append(index(asked))
        return said[-1]

    with ScriptedServer(script) as origin, open_session(server.url) as session:
        assert session.ask(f"{origin.url}/x", key="x", condense=whole).body == b"/x"
    with open_session("redis://127.0.0.1:1/0", "one") as session:
        assert session.stored(["x"])["x"].body == b"/x"
    assert len(warned) == 2


def test_silent_server_is_waited_for_once(open_session: Open, warned: Warnings) -> None:
    """A second, then the store on this machine."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent, ScriptedServer(index) as origin:
        started = time.monotonic()
        with open_session(f"redis://127.0.0.1:{silent.getsockname()[1]}/0") as session:
            for key in "xyz":
                session.ask(f"{origin.url}/{key}", key=key, condense=whole)
            assert len(session.stored(["x", "y", "z"])) == 3
        assert time.monotonic() - started < 3
    assert ["is not responding (TimeoutError)" in text for text, _ in warned] == [True]


@pytest.mark.parametrize(
    ("url", "hint"), [("http://127.0.0.1/0", "use a URL such as redis://host:6379/0"), ("redis://127.0.0.1:1/0", "")]
)
def test_url_that_leads_nowhere(open_session: Open, warned: Warnings, url: str, hint: str, tmp_path: Path) -> None:
    """One warning, and the store on this machine, which is there the next time."""
    with ScriptedServer(index) as origin:
        for _ in range(2):
            with open_session(url) as session:
                session.ask(f"{origin.url}/x", key="x", condense=whole)
        assert len(origin.asked) == 1
    assert [each for _, each in warned] == [hint] * 2
    assert (tmp_path / "one" / location.DATABASE).exists()


def test_without_the_package(tmp_path: Path) -> None:
    """The extra is named."""
    script = f"""
import sys
sys.modules["redis"] = None
from pathlib import Path
from pip_fastupdate.network.session import Session
from pip_fastupdate.core.options import CacheOptions
from pip_fastupdate.core.settings import Network
session = Session(cache=CacheOptions(directory=Path({str(tmp_path)!r}), url="redis://127.0.0.1/0"), network=Network(),
                  user_agent="", warn=lambda text, hint: print(hint))
assert session.stored(["x"]) == {{}}
session.prepare()
session.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("run `pip install 'pip-fastupdate[redis]'`\n", "")
