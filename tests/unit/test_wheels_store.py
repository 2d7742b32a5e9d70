"""The store of wheels: the cache and its layout, downloads with everything that goes wrong, and how they are ended."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core.errors import PipUpdateError
from pip_fastupdate.core.models import Failure, File, Release
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.network.counters import Counters
from pip_fastupdate.wheels import WheelStore
from pip_fastupdate.wheels.download import OVERLAP, RESUME_FROM, DiskRefused, Part, disk_error

CHUNK = 32 * 1024
BIG = bytes(range(256)) * 2048  # 512 KiB
OTHER = BIG[::-1]

Server = Callable[[str, "str | None"], Iterator[bytes]]


def chunks(content: bytes) -> Iterator[bytes]:
    return (content[at : at + CHUNK] for at in range(0, len(content), CHUNK))


def start_of(wanted: str | None) -> int:
    return int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0


def sound(content: bytes) -> Server:
    """Serves the content, or what the Range asks for."""
    return lambda _, wanted: chunks(content[start_of(wanted) :])


def breaking(content: bytes, *after: int, then: Server | None = None) -> Server:
    """Breaks after so many bytes, once for each of ``after``; from then on serves as ``then`` does."""
    left = list(after)

    def serve(url: str, wanted: str | None) -> Iterator[bytes]:
        if not left:
            yield from (then or sound(content))(url, wanted)
            return
        yield from chunks(content[start_of(wanted) :][: left.pop(0)])
        raise DownloadFailed("unreachable", "the connection broke")

    return serve


@dataclass
class FakeTransport:
    """A transport without a network: one server for each URL; the Range header of each request is kept."""

    servers: dict[str, Server] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        wanted = (headers or {}).get("Range")
        self.requests.append((url, wanted))
        if url not in self.servers:
            raise DownloadFailed("http", f"{url} answers 404")
        yield self.servers[url](url, wanted)

    def ranges(self) -> list[str | None]:
        return [wanted for _, wanted in self.requests]


@dataclass
class FakeProgress:
    """Counts."""

    bytes: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[None]:
        yield

    def step(self, detail: str = "", amount: int = 1) -> None:
        with self.lock:
            self.bytes[detail] = self.bytes.get(detail, 0) + amount

    def note(self, text: str) -> None:
        self.warnings.append(text)

    def warn(self, text: str, hint: str = "") -> None:
        self.warnings.append(text)


class World:
    """A store with its transport and progress, in folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.temporary = folder / "temporary"
        self.transport = FakeTransport()
        self.progress = FakeProgress()
        self.counters = Counters()

    def store(self, **options: object) -> WheelStore:
        return WheelStore(
            **{
                "directory": self.cache,
                "transport": self.transport,
                "counters": self.counters,
                "offline": False,
                "temporary": self.temporary,
                "pause": 0.0,
                **options,
            }  # type: ignore[arg-type]
        )

    def release(self, content: bytes, name: str = "demo", *, server: Server | None = None, **fields: object) -> Release:
        """A release that the index announces with this content, and a server for it."""
        url = f"http://index/{name}"
        self.transport.servers[url] = server or sound(content)
        known = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "url": url}
        file = File(**{"filename": f"{name}-1.0-py3-none-any.whl", **known, **fields})  # type: ignore[arg-type]
        return Release(name=name, version=Version("1.0"), file=file)

    def fetch(self, *releases: Release, jobs: int = 2, **options: object) -> dict[str, Path | Failure]:
        found = self.store(**options).fetch(releases, jobs=jobs, progress=self.progress)
        return {release.name: answer for release, answer in found}

    def failure(self, release: Release, **options: object) -> tuple[str, str]:
        """Kind and text of the failure, which leaves nothing behind."""
        answer = self.fetch(release, **options)[release.name]
        assert isinstance(answer, Failure)
        assert ("1.0", release.name, []) == (answer.version, answer.name, self.files())
        return answer.kind, answer.text

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_downloads_into_its_place(world: World) -> None:
    """A wheel lies under its hash, is complete, and counts its bytes."""
    release = world.release(BIG)
    digest = hashlib.sha256(BIG).hexdigest()
    place = world.cache / "wheels" / digest[:2] / digest / "demo-1.0-py3-none-any.whl"

    assert {"demo": place} == world.fetch(release)
    assert (BIG, [place.name]) == (place.read_bytes(), world.files())
    assert {place.name: len(BIG)} == world.progress.bytes


def test_cached_wheel_is_used_again(world: World) -> None:
    """What is in the cache is neither asked for nor younger than its last use."""
    release = world.release(BIG)
    path = world.fetch(release)["demo"]
    assert isinstance(path, Path)
    os.utime(path, (0, 0))

    assert {"demo": path} == world.fetch(release) == world.fetch(release, offline=True)
    assert 1 == len(world.transport.requests)
    assert path.stat().st_mtime > time.time() - 60
    assert 3 * len(BIG) == world.progress.bytes[path.name]
    assert 2 * len(BIG) == world.counters.counts.bytes_cached


@pytest.mark.parametrize("content", [BIG[:-1], BIG[:-1] + b"x"])
def test_damaged_cache_is_replaced(world: World, content: bytes) -> None:
    """A cached wheel that is not what the index means is downloaded again, with a word."""
    release = world.release(BIG)
    path = world.fetch(release)["demo"]
    assert isinstance(path, Path)
    path.write_bytes(content)

    assert {"demo": path} == world.fetch(release)
    assert BIG == path.read_bytes()
    assert [f"ignoring damaged cached file {path.name}"] == world.progress.warnings


def test_same_store_asks_once(world: World) -> None:
    """A second plan of the run takes what the first has fetched, without looking at it again."""
    release, store = world.release(BIG, sha256=None), world.store()
    first = list(store.fetch([release], jobs=1, progress=world.progress))

    assert first == list(store.fetch([release], jobs=1, progress=world.progress))
    assert 1 == len(world.transport.requests)


def test_url_that_is_no_longer_valid(world: World) -> None:
    """The index may have signed another one since its page was cached."""
    signed = world.release(BIG)
    old = replace(signed, file=replace(signed.file, url="http://index/demo?old"))  # type: ignore[type-var]

    assert ("http", "http://index/demo?old answers 404") == world.failure(old)
    found = world.fetch(old, renewed=lambda release: signed if release is old else None)["demo"]

    assert isinstance(found, Path)
    assert BIG == found.read_bytes()
    assert {found.name: len(BIG)} == {name: count - len(BIG) for name, count in world.progress.bytes.items()}


def test_new_url_that_does_not_work_either(world: World) -> None:
    """Its failure counts; a file that differs from the index is not requested elsewhere."""
    release = world.release(BIG)
    gone = replace(release, file=replace(release.file, url="http://index/gone"))  # type: ignore[type-var]
    other = world.release(OTHER, "other", sha256=hashlib.sha256(BIG).hexdigest())

    assert ("http", "http://index/gone answers 404") == world.failure(gone, renewed=lambda _: gone)
    assert "hash" == world.failure(other, renewed=lambda _: release)[0]


def test_without_a_cache(world: World) -> None:
    """Without a cache folder wheels go to the temporary one."""
    path = world.fetch(world.release(BIG), directory=None)["demo"]

    assert isinstance(path, Path)
    assert path.is_relative_to(world.temporary)
    assert not world.cache.exists()


def test_unwritable_cache(world: World) -> None:
    """A cache that is not writable costs one warning."""
    world.cache.write_text("not a folder")
    found = world.fetch(*(world.release(BIG, f"demo{number}") for number in range(4)))

    assert all(isinstance(path, Path) and path.is_relative_to(world.temporary) for path in found.values())
    assert 1 == len(world.progress.warnings)
    assert "could not write to" in world.progress.warnings[0]


def test_temporary_folder_unwritable(world: World) -> None:
    """Nowhere to write to ends the run, with the folder's name."""
    world.temporary.write_text("not a folder")
    with pytest.raises(PipUpdateError, match=r"could not write .* to .*temporary"):
        world.fetch(world.release(BIG), directory=None)


def test_largest_first(world: World) -> None:
    """What takes longest is begun first; a file of unknown size counts as a mebibyte."""
    sizes = {"small": 10, "large": 2 * 1024**2, "middle": 1000}
    releases = [world.release(b"x" * size, name) for name, size in sizes.items()]
    world.fetch(*releases, world.release(b"y", "unknown", size=None), jobs=1)

    assert ["large", "unknown", "middle", "small"] == [url.rpartition("/")[2] for url, _ in world.transport.requests]


def test_several_at_once(world: World) -> None:
    """As many downloads run as there are jobs."""
    meeting = threading.Barrier(3, timeout=10)

    def serve(_: str, __: str | None) -> Iterator[bytes]:
        meeting.wait()
        yield b"x"

    releases = [world.release(b"x", f"demo{number}", server=serve) for number in range(3)]

    assert 3 == len([path for path in world.fetch(*releases, jobs=3).values() if isinstance(path, Path)])


def test_wrong_hash(world: World) -> None:
    """A file that is not what the index means is a failure, and not tried again."""
    release = world.release(BIG, server=sound(OTHER))
    expected, got = (hashlib.sha256(content).hexdigest()[:12] for content in (BIG, OTHER))
    text = f"sha256 of demo-1.0-py3-none-any.whl does not match the index: expected {expected}…, got {got}…"

    assert ("hash", text) == world.failure(release)
    assert 1 == len(world.transport.requests)


def test_too_long(world: World) -> None:
    """A file that does not end is left where it should have ended."""
    kind, text = world.failure(world.release(BIG, server=sound(BIG * 4)))

    assert ("size", True, 1) == (kind, f"{len(BIG)} bytes" in text, len(world.transport.requests))


def test_too_short(world: World) -> None:
    """A file that ends early is asked for again, as after a break."""
    kind, text = world.failure(world.release(BIG, server=sound(BIG[:1000])), retries=2)

    assert ("size", True, 3) == (kind, "ended after 1000" in text, len(world.transport.requests))


def test_refused_by_the_index(world: World) -> None:
    """Before the first byte the transport has tried again by itself."""
    release = world.release(BIG)
    world.transport.servers.clear()

    assert ("http", "http://index/demo answers 404") == world.failure(release)
    assert 1 == len(world.transport.requests)
    assert {"demo-1.0-py3-none-any.whl": len(BIG)} == world.progress.bytes


def test_resumes(world: World) -> None:
    """A broken download goes on where it was, a little before."""
    path = world.fetch(world.release(BIG, server=breaking(BIG, 200_000, 100_000)))["demo"]

    assert isinstance(path, Path)
    assert BIG == path.read_bytes()
    assert [None, "bytes=195904-", "bytes=291808-"] == world.transport.ranges()
    assert {path.name: len(BIG)} == world.progress.bytes


def test_server_without_ranges(world: World) -> None:
    """A server that sends everything again is noticed, and not asked for a part a second time."""
    again = breaking(BIG, 250_000, then=lambda url, _: sound(BIG)(url, None))
    server = breaking(BIG, 200_000, then=lambda url, _: again(url, None))
    path = world.fetch(world.release(BIG, server=server))["demo"]

    assert isinstance(path, Path)
    assert (BIG, [None, "bytes=195904-", None]) == (path.read_bytes(), world.transport.ranges())
    assert {path.name: len(BIG)} == world.progress.bytes


def test_server_that_refuses_ranges(world: World) -> None:
    """When the part is refused the whole is asked for."""

    release = world.release(BIG, server=breaking(BIG, 200_000))
    stream = world.transport.stream

    @contextmanager
    def no_ranges(url: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        with stream(url, headers) as body:
            if headers:
                raise DownloadFailed("http", "416")
            yield body

    world.transport.stream = no_ranges  # type: ignore[method-assign]

    assert isinstance(world.fetch(release)["demo"], Path)
    assert [None, "bytes=195904-", None] == world.transport.ranges()


def test_file_that_changed_in_between(world: World) -> None:
    """Parts of two files do not pass for one: it is asked for in whole."""
    tail = BIG[:400_000] + OTHER[400_000:]
    release = world.release(BIG, server=breaking(BIG, 200_000, then=breaking(tail, then=sound(tail))))
    kind, _ = world.failure(release)

    assert ("hash", [None, "bytes=195904-", None]) == (kind, world.transport.ranges())


def test_without_hash_never_in_parts(world: World) -> None:
    """Without a hash nothing shows that two parts belong together."""
    release = world.release(BIG, sha256=None, server=breaking(BIG, 200_000))
    path = world.fetch(release)["demo"]

    assert isinstance(path, Path)
    assert (BIG, [None, None]) == (path.read_bytes(), world.transport.ranges())


def test_little_is_not_resumed(world: World) -> None:
    """For a few kilobytes no second kind of request is made."""
    world.fetch(world.release(BIG, server=breaking(BIG, CHUNK)))

    assert [None, None] == world.transport.ranges()


def test_gives_up(world: World) -> None:
    """When it breaks every time, the last break is the reason."""
    release = world.release(BIG, server=breaking(BIG, *[100] * 9))

    assert ("unreachable", "the connection broke") == world.failure(release, retries=3)
    assert 4 == len(world.transport.requests)


def test_offline(world: World) -> None:
    """Offline, what is not cached is a failure."""
    assert ("offline", "demo-1.0-py3-none-any.whl is not cached") == world.failure(world.release(BIG), offline=True)
    assert [] == world.transport.requests


def test_unhashed_file(world: World) -> None:
    """Without a hash the file is asked for in every run, and used offline."""
    release = world.release(BIG, sha256=None, size=None)
    path = world.fetch(release)["demo"]
    assert isinstance(path, Path)
    assert path.parent.name.startswith("url-")

    assert {"demo": path} == world.fetch(release) == world.fetch(release, offline=True)
    assert 2 == len(world.transport.requests)


@pytest.mark.parametrize(
    "filename", ["../evil.whl", "a/b.whl", "", ".", ".hidden.whl", "C:evil.whl", "a\\b.whl", "a\0"]
)
def test_file_names_that_lead_elsewhere(world: World, filename: str) -> None:
    """A file name is never a path."""
    kind, _ = world.failure(world.release(BIG, filename=filename))

    assert ("garbage", []) == (kind, world.transport.requests)


@pytest.mark.parametrize("sha256", ["", "..", "a" * 63, "g" * 64, "../" * 21 + "x"])
def test_hashes_that_are_none(world: World, sha256: str) -> None:
    """A hash is never a path."""
    assert "garbage" == world.failure(world.release(BIG, sha256=sha256))[0]


def test_hash_in_capitals(world: World) -> None:
    """The same hash in capitals is the same place."""
    upper = world.release(BIG, sha256=hashlib.sha256(BIG).hexdigest().upper())

    assert world.fetch(upper) == world.fetch(world.release(BIG))
    assert 1 == len(world.transport.requests)


def test_local_file(world: World, tmp_path: Path) -> None:
    """A file of this machine is used where it is."""
    path = tmp_path / "with space.whl"
    path.write_bytes(BIG)

    assert {"demo": path} == world.fetch(world.release(BIG, url=path.as_uri()), offline=True)
    localhost = path.as_uri().replace("file:///", "file://localhost/")
    assert {"demo": path} == world.fetch(world.release(BIG, url=localhost, sha256=None))
    assert [path.name] == world.files()


@pytest.mark.parametrize(
    ("url", "kind"), [("OTHER", "hash"), ("SHORT", "size"), ("MISSING", "download"), ("file://far/x.whl", "download")]
)
def test_local_file_that_will_not_do(world: World, tmp_path: Path, url: str, kind: str) -> None:
    """A local file must match the hashes of the index"""
    (tmp_path / "OTHER").write_bytes(OTHER)
    (tmp_path / "SHORT").write_bytes(BIG[1:])
    answer = world.fetch(world.release(BIG, url=url if ":" in url else (tmp_path / url).as_uri()))["demo"]

    assert isinstance(answer, Failure)
    assert kind == answer.kind


def test_release_without_a_file(world: World) -> None:
    """Asking for what has no file is a mistake of the program."""
    with pytest.raises(ValueError, match=r"demo 1\.0 has no file"):
        world.fetch(Release(name="demo", version=Version("1.0")))


def test_nothing_to_fetch(world: World) -> None:
    """No releases need no threads."""
    assert {} == world.fetch()


def test_mistake_in_a_thread(world: World) -> None:
    """What nobody expected comes out where the results are awaited."""

    def serve(_: str, __: str | None) -> Iterator[bytes]:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError, match="a mistake"):
        world.fetch(world.release(BIG, server=serve))
    assert [] == world.files()


def endless(released: threading.Event) -> Server:
    """Sends a little, then hangs until the end of the test."""

    def serve(_: str, __: str | None) -> Iterator[bytes]:
        yield BIG[:1000]
        released.wait(20)
        yield BIG[1000:]

    return serve


@pytest.mark.parametrize("ending", [GeneratorExit, KeyboardInterrupt])
def test_stops_at_once(world: World, ending: type[BaseException]) -> None:
    """When nobody waits any more nothing goes on, and nothing unfinished is left, even by a thread that hangs."""
    released = threading.Event()
    hanging = [world.release(BIG, f"hanging{number}", server=endless(released)) for number in range(3)]
    quick = world.release(b"quick", "quick")
    results = world.store().fetch([*hanging, quick], jobs=4, progress=world.progress)
    assert "quick" == next(results)[0].name
    begun = time.monotonic()
    with pytest.raises(ending):
        results.throw(ending)  # type: ignore[attr-defined]

    assert time.monotonic() - begun < 5
    assert ["quick-1.0-py3-none-any.whl"] == world.files()
    released.set()
    for thread in threading.enumerate():
        if thread.name.startswith("wheels-"):
            thread.join(10)
    assert ["quick-1.0-py3-none-any.whl"] == world.files()


def test_stops_between_tries(world: World) -> None:
    """The pause before the next try does not keep the program."""
    begun = time.monotonic()
    hanging = world.release(BIG, server=breaking(BIG, *[100] * 9))
    results = world.store(pause=60.0).fetch([hanging, world.release(b"", "quick")], jobs=2, progress=world.progress)
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert time.monotonic() - begun < 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(world: World) -> None:
    """Without room anywhere the run ends, naming the folder and what to do."""
    with pytest.raises(PipUpdateError, match=r"no space left for demo-1\.0-py3-none-any\.whl in .*tempo") as caught:
        world.fetch(world.release(BIG, server=filling(world.folder)))
    assert "--cache-dir" in caught.value.hint
    assert [] == world.files()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had")
def test_full_cache(world: World) -> None:
    """Without room in the cache the run goes on in the temporary folder, with one warning."""
    releases = [world.release(BIG, f"demo{number}", server=filling(world.cache)) for number in range(3)]
    found = world.fetch(*releases, jobs=1)  # another's file must not get the number of the one that is filled up
    assert all(isinstance(path, Path) and path.is_relative_to(world.temporary) for path in found.values())
    assert ["No space left on device"] == [text.rpartition(": ")[2] for text in world.progress.warnings]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had")
@pytest.mark.parametrize("after", [1000, RESUME_FROM + OVERLAP])
def test_cache_that_is_full_after_the_connection_broke(world: World, after: int) -> None:
    """What is still in a buffer then reaches the disk when the next attempt begins, or reads it to resume."""

    def serve(url: str, wanted: str | None) -> Iterator[bytes]:
        if len(world.transport.requests) > 1:
            yield from sound(BIG)(url, wanted)
            return
        yield BIG[: after - 500]
        fill_up(world.cache)
        yield BIG[after - 500 : after]
        raise DownloadFailed("unreachable", "the connection broke")

    [found] = world.fetch(world.release(BIG, server=serve)).values()
    assert isinstance(found, Path)
    assert (BIG, True) == (found.read_bytes(), found.is_relative_to(world.temporary))
    assert ["No space left on device"] == [text.rpartition(": ")[2] for text in world.progress.warnings]


def filling(folder: Path) -> Server:
    """Serves, with no room left in the folder for what is under way."""

    def serve(_: str, __: str | None) -> Iterator[bytes]:
        fill_up(folder)
        yield from chunks(BIG)

    return serve


def fill_up(folder: Path) -> None:
    """Leave no room in the folder for what is under way."""
    full = os.open("/dev/full", os.O_RDWR)
    for opened in Path("/proc/self/fd").iterdir():
        path = opened.resolve()
        if path.suffix == ".part" and path.is_relative_to(folder):
            os.dup2(full, int(opened.name))
    os.close(full)


def test_other_trouble_with_the_disk(tmp_path: Path) -> None:
    """What else the disk says is passed on."""
    error = disk_error(OSError(errno.EIO, "Input/output error"), tmp_path / "x.whl")

    assert f"could not write x.whl to {tmp_path}: Input/output error" == error.message


def test_another_process_was_faster(tmp_path: Path) -> None:
    """Where a finished file cannot be given its name because it is there, the one that is there does."""
    part = Part(tmp_path / "x.whl")
    (tmp_path / "x.whl").write_bytes(b"x")
    part.path.unlink()

    assert tmp_path / "x.whl" == part.finish()


def test_place_is_taken(tmp_path: Path) -> None:
    """A folder in the wheel's place is an error with words."""
    part = Part(tmp_path / "x.whl")
    (tmp_path / "x.whl" / "y").mkdir(parents=True)
    with pytest.raises(DiskRefused):
        part.finish()
    part.discard()
    assert ["x.whl"] == [path.name for path in tmp_path.iterdir()]


def test_many_processes_in_one_cache(world: World) -> None:
    """Two that fetch the same wheel at the same time both get it."""
    meeting = threading.Barrier(2, timeout=10)

    def serve(url: str, wanted: str | None) -> Iterator[bytes]:
        meeting.wait()
        yield from sound(BIG)(url, wanted)

    release, found = world.release(BIG, server=serve), []

    def run() -> None:
        found.append(world.fetch(release)["demo"])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found[0] == found[1]
    assert ["demo-1.0-py3-none-any.whl"] == world.files()
