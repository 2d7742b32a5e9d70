"""Wheels that machines share: looked for before the index is asked, believed by the index's hash alone, given back."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pip_fastupdate.core.models import Failure, Release
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.wheels import shared
from pip_fastupdate.wheels.places import place
from tests.unit.test_wheels_store import BIG, OTHER, FakeTransport, World

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("fsspec.implementations.memory")
pytest.importorskip("fsspec.implementations.local")


class Machine(World):
    """One of several with a cache of its own."""

    def get(self, at: shared.SharedWheels, release: Release, **options: object) -> Path | Failure:
        [found] = self.fetch(release, shared=at, **options).values()
        return found

    @property
    def asked(self) -> int:
        return len(self.transport.requests)


@pytest.fixture
def one(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "one")


@pytest.fixture
def two(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "two")


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty folder that two machines reach."""
    yield (tmp_path / "shared").as_uri() if request.param == "file" else "memory://wheels"
    fsspec.filesystem("memory").store.clear()


def opened(url: str) -> shared.SharedWheels:
    return shared.SharedWheels(place(url, FakeTransport()), "the shared wheels")


def at(url: str, release: Release) -> str:
    assert release.file is not None
    digest = str(release.file.sha256)
    return f"{url}/{digest[:2]}/{digest}/{release.file.filename}"


def test_one_machine_downloads_for_all(one: Machine, two: Machine, url: str) -> None:
    """What one had to ask the index for the other finds, as its own file."""
    release, _ = one.release(BIG), two.release(BIG)
    assert one.get(opened(url), release)
    found = two.get(opened(url), release)
    assert (1, 0) == (one.asked, two.asked)
    assert isinstance(found, Path)
    assert BIG == found.read_bytes()
    assert found.is_relative_to(two.cache)
    assert len(BIG) == two.counters.counts.bytes_shared
    assert [] == one.progress.warnings + two.progress.warnings


@pytest.mark.parametrize("content", [OTHER, b"", BIG + b"more", BIG[:-1]])
def test_other_content_is_not_believed(one: Machine, two: Machine, url: str, content: bytes) -> None:
    """The index has the file then, which takes the wrong one's place."""
    release, _ = one.release(BIG), two.release(BIG)
    with fsspec.open(at(url, release), "wb", **({"auto_mkdir": True} if "file" in url else {})) as stream:
        stream.write(content)
    found = one.get(opened(url), release)
    assert isinstance(found, Path)
    assert (BIG, 1) == (found.read_bytes(), one.asked)
    said = "demo-1.0-py3-none-any.whl in the shared wheels does not match the index; using the index's file"
    assert [said] == one.progress.warnings
    assert two.get(opened(url), release)
    assert (0, []) == (two.asked, two.progress.warnings)


def test_file_without_a_sha256_is_not_shared(one: Machine, url: str) -> None:
    """By another hash, or none, nothing is looked for."""
    at = opened(url)
    one.get(at, one.release(BIG, sha256=None))
    assert not at.fill(None, one.release(BIG, sha256=None).file, threading.Event())  # type: ignore[arg-type]
    assert not fsspec.filesystem("memory").store


class Guarded(fsspec.implementations.memory.MemoryFileSystem):  # type: ignore[misc]
    """A store that this machine may only read."""

    protocol = "guarded"
    puts = 0

    def put_file(self, *_: object, **options: object) -> None:
        Guarded.puts += 1
        raise PermissionError("403")


def test_read_only(one: Machine) -> None:
    """Without a word, and only once: most machines are to read only."""
    fsspec.register_implementation("guarded", Guarded, clobber=True)
    store = opened("guarded://wheels")
    for release in (one.release(BIG), one.release(OTHER, "other")):
        assert isinstance(one.get(store, release), Path)
    assert ([], 1) == (one.progress.warnings, Guarded.puts)


class Unlisted(fsspec.implementations.memory.MemoryFileSystem):  # type: ignore[misc]
    """An object store that forbids whatever it does not have, as S3 does without permission to list the bucket."""

    protocol = ("unlisted", "s3")
    error: Exception = PermissionError("Forbidden")
    read_only = False

    def _open(self, path: str, mode: str = "rb", **options: object) -> object:
        if mode == "rb":
            self._look(path)
        return super()._open(path, mode, **options)

    def exists(self, path: str, **options: object) -> bool:
        self._look(path)
        return True

    def put_file(self, lpath: str, rpath: str, **options: object) -> None:
        if Unlisted.read_only:
            raise Unlisted.error
        super().put_file(lpath, rpath, **options)

    def _look(self, path: str) -> None:
        if self._strip_protocol(path) not in self.store:
            raise Unlisted.error


class HttpResponseError(Exception):
    """As azure-core has it."""

    status_code = 403


REFUSALS = [PermissionError("Forbidden"), OSError("Forbidden: https://store/x\nno access"), HttpResponseError("denied")]


@pytest.fixture(params=REFUSALS, ids=["s3", "gs", "az"])
def unlisted(request: pytest.FixtureRequest) -> Iterator[type[Unlisted]]:
    """Each library says it in its own way."""
    fsspec.register_implementation("unlisted", Unlisted, clobber=True)
    Unlisted.error, Unlisted.read_only = request.param, False
    yield Unlisted
    fsspec.filesystem("memory").store.clear()


def test_forbidden_file_may_be_missing(one: Machine, two: Machine, unlisted: type[Unlisted]) -> None:
    """It is stored, and the next one is read from there; nobody is told anything."""
    for name, content in (("demo", BIG), ("other", OTHER)):
        release, _ = one.release(content, name), two.release(content, name)
        assert isinstance(one.get(opened("unlisted://wheels"), release), Path)
        assert isinstance(two.get(opened("unlisted://wheels"), release), Path)
    assert (2, 0, []) == (one.asked, two.asked, one.progress.warnings + two.progress.warnings)


def test_machine_that_may_only_read_what_is_there(one: Machine, two: Machine, unlisted: type[Unlisted]) -> None:
    """What another one has stored is found after what is missing, and before."""
    missing, there = two.release(OTHER, "other"), two.release(BIG)
    one.get(opened("unlisted://wheels"), one.release(BIG))
    unlisted.read_only = True
    for order in ((there, missing), (missing, there)):
        machine = Machine(two.folder / order[0].name)
        machine.transport = two.transport
        store = opened("unlisted://wheels")
        for release in order:
            assert isinstance(machine.get(store, release), Path)
        said = (
            []
            if order[0] is there
            else ["the shared wheels allowed neither reading nor writing other-1.0-py3-none-any.whl"]
        )
        assert said == [text.partition(": ")[0] for text in machine.progress.warnings]
    assert 2 == two.asked


class Bucketless(fsspec.implementations.memory.MemoryFileSystem):  # type: ignore[misc]
    """An object store without the bucket of the URL."""

    protocol = ("bucketless", "s3")

    def put_file(self, *_: object, **options: object) -> None:
        raise FileNotFoundError("The specified bucket does not exist")

    def makedirs(self, *_: object, **options: object) -> None:
        raise AssertionError("it would make the bucket")


def test_bucket_that_is_not_there(one: Machine) -> None:
    """A typing error makes no bucket."""
    fsspec.register_implementation("bucketless", Bucketless, clobber=True)
    assert isinstance(one.get(opened("bucketless://wheels"), one.release(BIG)), Path)
    said = "could not write to the shared wheels: The specified bucket does not exist; using the index alone"
    assert [said] == one.progress.warnings


class Full(fsspec.implementations.local.LocalFileSystem):  # type: ignore[misc]
    """A disk that is full after some bytes."""

    protocol = ("full", "file")
    stuck = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("full://", "file://")))

    def put_file(self, lpath: str, rpath: str, **options: object) -> None:
        Path(rpath).parent.mkdir(parents=True, exist_ok=True)
        Path(rpath).write_bytes(BIG[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    def rm_file(self, path: str) -> None:
        if Full.stuck:
            raise ValueError("something else")
        super().rm_file(path)


@pytest.mark.parametrize("stuck", [False, True])
def test_failed_upload_leaves_nothing(one: Machine, tmp_path: Path, stuck: bool) -> None:
    """If what has arrived cannot be removed, either, the first failure is the one to tell."""
    fsspec.register_implementation("full", Full, clobber=True)
    Full.stuck = stuck
    assert isinstance(one.get(opened(f"full://{tmp_path}/shared"), one.release(BIG)), Path)
    assert stuck == any(path.is_file() for path in (tmp_path / "shared").rglob("*"))
    said = "could not write to the shared wheels: [Errno 28] No space left on device; using the index alone"
    assert [said] == one.progress.warnings


def test_failed_rename_leaves_nothing(tmp_path: Path) -> None:
    """A whole file that does not get its name is none, either."""
    (tmp_path / "ab" / "x.whl").mkdir(parents=True)
    source = tmp_path / "source"
    source.write_bytes(BIG)
    with pytest.raises(OSError, match="irectory"):
        place(tmp_path.as_uri(), FakeTransport()).write("ab/x.whl", source, replace=True)
    assert [tmp_path / "ab" / "x.whl"] == list((tmp_path / "ab").iterdir())


def test_parts_of_killed_programs_are_removed(one: Machine, tmp_path: Path) -> None:
    """By the next one that stores the same file; what may still be written to stays."""
    release = one.release(BIG)
    final = Path(at(str(tmp_path), release))
    final.parent.mkdir(parents=True)
    old, new = final.parent / ".0123456789abcdef.part", final.parent / ".fedcba9876543210.part"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (1.0, 1.0))
    one.get(opened(tmp_path.as_uri()), release)
    assert {final, new} == set(final.parent.iterdir())


class Broken:
    """A place in which nothing works."""

    def __init__(self, error: Exception | None, wait: threading.Event | None = None) -> None:
        self.error, self.wait, self.reads, self.writes = error, wait, 0, 0

    def read(self, path: str) -> Generator[bytes, None, None] | None:
        self.reads += 1
        if self.wait is not None:
            self.wait.wait(10)
        if self.error is not None:
            raise self.error
        return None

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        self.writes += 1
        raise ValueError("no room")


def test_down(one: Machine) -> None:
    """Told once, without credentials; the index is asked instead, and the store is left alone."""
    broken = Broken(RuntimeError("http://me:s3cr3t@store said no"))
    store = shared.SharedWheels(broken, "the shared wheels")
    for release in (one.release(BIG), one.release(OTHER, "other")):
        assert isinstance(one.get(store, release), Path)
    said = "could not read from the shared wheels: http://****@store said no; using the index alone"
    assert ([said], 1, 0) == (one.progress.warnings, broken.reads, broken.writes)


def test_full(one: Machine) -> None:
    """A store that takes nothing is not asked a second time."""
    broken = Broken(None)
    store = shared.SharedWheels(broken, "the shared wheels")
    for release in (one.release(BIG), one.release(OTHER, "other")):
        assert isinstance(one.get(store, release), Path)
    said = "could not write to the shared wheels: no room; using the index alone"
    assert ([said], 1, 1) == (one.progress.warnings, broken.reads, broken.writes)


def test_silence(one: Machine) -> None:
    """A store that does not answer is not waited for."""
    wait = threading.Event()
    try:
        store = shared.SharedWheels(Broken(None, wait), "the shared wheels", patience=0.05)
        assert isinstance(one.get(store, one.release(BIG)), Path)
    finally:
        wait.set()
    said = "could not read from the shared wheels: no answer within 0.05 seconds; using the index alone"
    assert [said] == one.progress.warnings


class Stalling:
    """A place that sends the beginning of each file, and then nothing until the end of the test."""

    def __init__(self, *, chunks: int = 1) -> None:
        self.released, self.closed, self.chunks = threading.Event(), threading.Event(), chunks
        self.reads, self.writes = list[str](), list[str]()

    def read(self, path: str) -> Generator[bytes, None, None]:
        self.reads.append(path)
        try:
            for _ in range(self.chunks):
                yield BIG[:10]
            self.released.wait(10)
        finally:
            self.closed.set()

    def write(self, path: str, source: Path, *, replace: bool) -> bool:
        self.writes.append(path)
        return True


def test_file_that_stalls(one: Machine) -> None:
    """A store that stops in the middle of files is given up for the file, then for the run, with one warning."""
    stalling = Stalling()
    store = shared.SharedWheels(stalling, "the shared wheels", lull=0.05)
    releases = [one.release(content, name) for content, name in ((BIG, "demo"), (OTHER, "other"), (b"x", "third"))]
    try:
        found = [one.get(store, each) for each in releases]
    finally:
        stalling.released.set()
    assert [BIG, OTHER, b"x"] == [path.read_bytes() for path in found if isinstance(path, Path)]
    said = "the shared wheels stopped sending demo-1.0-py3-none-any.whl: no data within 0.05 seconds; "
    said += "using the index's file"
    assert ([said], 2, []) == (one.progress.warnings, len(stalling.reads), stalling.writes)
    assert stalling.closed.wait(10)


def test_file_that_is_left_is_closed(one: Machine) -> None:
    """One that is longer than it should be is read no further, and closed by the thread that opened it."""
    stalling = Stalling(chunks=10**9)
    store = shared.SharedWheels(stalling, "the shared wheels")
    assert isinstance(one.get(store, one.release(b"short")), Path)
    assert stalling.closed.wait(10)


class Web:
    """A transport to a web server that answers with one status."""

    def __init__(self, status: int | None, content: bytes = b"") -> None:
        self.status, self.content, self.urls = status, content, list[str]()

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[bytes]]:
        self.urls.append(url)
        if self.status is not None:
            raise DownloadFailed("http", f"answered {self.status}", self.status)
        yield iter([self.content])


def test_web_server(one: Machine) -> None:
    """Names are quoted, a token in the URL goes with each request, and nothing is written."""
    web, release = Web(None, BIG), one.release(BIG, filename="demo-1.0+cpu-py3-none-any.whl")
    store = shared.SharedWheels(place("https://store/wheels/?token=x", web), "the shared wheels")
    assert isinstance(one.get(store, release), Path)
    [asked] = web.urls
    assert asked == at("https://store/wheels", release).replace("+", "%2B") + "?token=x"
    assert 0 == one.asked
    store.offer(release.file, one.folder)  # type: ignore[arg-type]
    assert [] == one.progress.warnings


@pytest.mark.parametrize(("status", "warnings"), [(404, 0), (403, 0), (401, 1), (500, 1)])
def test_web_server_that_has_it_not(one: Machine, status: int, warnings: int) -> None:
    """What is absent is no fault; what is refused is told."""
    store = shared.SharedWheels(place("https://store/wheels", Web(status)), "the shared wheels")
    assert isinstance(one.get(store, one.release(BIG)), Path)
    assert (warnings, 1) == (len(one.progress.warnings), one.asked)


@pytest.mark.parametrize("url", ["nosuch://x", "s3://x"])
def test_place_that_nothing_speaks(url: str) -> None:
    """An error that says so; s3 needs one more package."""
    if url == "s3://x":
        try:
            import s3fs  # noqa: F401
        except ImportError:
            with pytest.raises(ImportError, match="s3fs"):
                place(url, FakeTransport())
        return
    with pytest.raises(ValueError, match="nosuch"):
        place(url, FakeTransport())
