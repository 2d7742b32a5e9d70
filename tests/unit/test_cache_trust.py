"""What lies in the cache gains whoever can write there no more than a cache miss."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate._pip.settings_cache import Memory
from pip_fastupdate.cache import location, maintenance
from pip_fastupdate.cache.sqlite import Store
from pip_fastupdate.core.cache_folder import distrust, make
from pip_fastupdate.core.models import Failure, File, Release
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.wheels import inspect
from tests.support.raw_wheels import FILENAME, demo, pack
from tests.unit.test_wheels_store import BIG, OTHER, World

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are another matter there")
root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() != 0, reason="only root gives files away")


def linked(directory: Path, part: str = "") -> None:
    """The folder, or a part of it, is a link to one with files in it."""
    path, target = directory / part, directory.parent / "victim"
    target.mkdir(exist_ok=True)
    for number in range(50):
        (target / f"{number}.json").write_text("precious")
    if path.is_dir():
        path.rmdir()
    path.symlink_to(target, target_is_directory=True)


def given_away(directory: Path) -> None:
    os.chown(directory, 12345, 12345)


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "link": (linked, "is a link"),
    "settings": (lambda directory: linked(directory, "settings"), "contains settings, which is a link"),
    "wheels": (lambda directory: linked(directory, "wheels"), "contains wheels, which is a link"),
    "settled": (lambda directory: linked(directory, "settled"), "contains settled, which is a link"),
    "database": (lambda directory: linked(directory, location.DATABASE), "which is a link"),
    "journal": (lambda directory: linked(directory, f"{location.DATABASE}-journal"), "which is a link"),
    "everybody": (lambda directory: directory.chmod(0o777), "can be written by others"),
    "part": (lambda directory: (directory / "wheels").mkdir() or (directory / "wheels").chmod(0o777), "by others"),  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("way", SPOILT)
def test_no_part_of_such_a_cache_is_used(tmp_path: Path, way: str) -> None:
    """Settings, answers and wheels go past it alike, and nothing is written or deleted behind a link."""
    directory = tmp_path / "cache"
    directory.mkdir(0o700)
    spoil, words = SPOILT[way]
    spoil(directory)
    assert words in (distrust(directory) or "")
    before = sorted(path.name for path in tmp_path.rglob("*"))

    memory = Memory(directory, ())
    memory.keep({"settings": {}}, {})
    warned: list[str] = []
    store = Store(directory / location.DATABASE, lambda text, _: warned.append(text))
    store.write("key", b"value", None)
    store.close()
    world = World(tmp_path / "world")
    world.folder.mkdir()
    world.cache = directory
    found = world.fetch(world.release(BIG))["demo"]
    assert maintenance.evict(directory, 0) == 0

    assert None is memory.recall()
    assert [True] == [words in text for text in warned]
    assert isinstance(found, Path)
    assert found.is_relative_to(world.temporary)
    after = sorted(path.name for path in tmp_path.rglob("*") if world.folder not in (path, *path.parents))
    assert before == after


@root
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_another_user_s_cache_is_none(tmp_path: Path, mode: int) -> None:
    """Whoever asks, root included, and before the folder is made below another user's."""
    directory = tmp_path / "home" / "cache"
    directory.mkdir(mode, parents=True)
    given_away(directory)
    assert "belongs to another user" == distrust(directory)
    given_away(tmp_path / "home")
    assert "belongs to another user" == distrust(tmp_path / "home" / "new" / "cache")
    with pytest.raises(PermissionError, match="belongs to another user"):
        maintenance.clear(directory)


def test_emptying_a_linked_cache_leaves_what_is_behind(tmp_path: Path) -> None:
    """The folder that a link names is not the cache's to empty."""
    linked(tmp_path / "cache")
    with pytest.raises(PermissionError, match="is a link"):
        maintenance.clear(tmp_path / "cache")
    assert 50 == len(list((tmp_path / "victim").iterdir()))


def test_what_is_made_is_private(tmp_path: Path) -> None:
    """Whatever the umask: nobody else can write to a folder of the cache that we made."""
    mask = os.umask(0)
    try:
        make(tmp_path / "pip" / "cache" / "wheels" / "ab", tmp_path / "pip" / "cache")
    finally:
        os.umask(mask)
    modes = [path.stat().st_mode & 0o777 for path in sorted((tmp_path / "pip" / "cache").rglob("*"))]
    assert [0o700, 0o700] == modes
    assert None is distrust(tmp_path / "pip" / "cache")


def test_a_link_in_a_wheel_s_place_is_replaced(tmp_path: Path) -> None:
    """Its target, which may well have the right content, is neither used nor written to."""
    world = World(tmp_path)
    release = world.release(BIG)
    place_of = world.fetch(release)["demo"]
    assert isinstance(place_of, Path)
    target = tmp_path / "target"
    place_of.rename(target)
    place_of.symlink_to(target)
    assert place_of == world.fetch(release)["demo"]
    assert (False, BIG, 2) == (place_of.is_symlink(), target.read_bytes(), len(world.transport.requests))


def test_a_link_for_a_mark_is_not_followed(tmp_path: Path) -> None:
    """The mark of a wheel in order takes the link's place; its target stays as it was."""
    digest, content = "a" * 64, pack(demo())
    folder = tmp_path / digest
    folder.mkdir()
    (folder / FILENAME).write_bytes(content)
    target = tmp_path / "target"
    target.write_text("precious")
    mark = folder / f"{FILENAME}.ok"
    mark.symlink_to(target)
    release = Release(name="demo", version=Version("1.0"), file=File(filename=FILENAME, url="", sha256=digest))
    inspect(folder / FILENAME, release, before=None, owners=lambda _: None, commands=lambda _: None)
    assert ("precious", False) == (target.read_text(), mark.is_symlink())


@pytest.mark.parametrize("sha256", [hashlib.sha256(BIG).hexdigest(), None])
def test_what_was_hashed_is_what_is_used(tmp_path: Path, sha256: str | None) -> None:
    """A file that is put in a checked one's place is checked itself, or refused where nothing tells it is right."""
    world = World(tmp_path)
    release, store = world.release(BIG, sha256=sha256), world.store()
    ((_, path),) = store.fetch([release], jobs=1, progress=world.progress)
    assert isinstance(path, Path)
    path.unlink()
    path.write_bytes(OTHER if sha256 else OTHER[1:])
    with pytest.raises(DownloadFailed), store.opened(path, release):
        pass


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no path of an open file")
def test_a_file_replaced_while_it_is_open_is_read_as_it_was(tmp_path: Path) -> None:
    """By the path that others open it by, too."""
    world = World(tmp_path)
    release, store = world.release(BIG), world.store()
    ((_, path),) = store.fetch([release], jobs=1, progress=world.progress)
    assert isinstance(path, Path)
    with store.opened(path, release) as wheel:
        path.unlink()
        path.write_bytes(OTHER)
        assert (BIG, BIG) == (wheel.stream.read(), wheel.path.read_bytes())


HASHES = ["sha512", "sha384", "sha224", "blake2b", "blake2s", "sha3_256", "sha1", "md5"]


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("local", [False, True])
def test_the_only_hash_counts(tmp_path: Path, name: str, local: bool) -> None:
    """Whatever its kind: a wrong one is a failure, the right one is not, from an index and from the disk."""
    world = World(tmp_path)
    right, wrong = (hashlib.new(name, content).hexdigest() for content in (BIG, OTHER))
    file = tmp_path / "demo-1.0-py3-none-any.whl"
    file.write_bytes(BIG)
    options = {"url": file.as_uri()} if local else {}
    bad = world.fetch(world.release(BIG, sha256=None, hashes=((name, wrong),), **options))["demo"]
    good = world.fetch(world.release(BIG, sha256=None, hashes=((name, right),), **options))["demo"]
    assert isinstance(bad, Failure)
    assert isinstance(good, Path)
    assert ("hash", True) == (bad.kind, bad.text.startswith(f"{name} of "))


def test_all_hashes_count(tmp_path: Path) -> None:
    """A weaker one that is wrong is a failure too, as are two of one kind that differ, and what nobody knows alone."""
    world = World(tmp_path)
    wrong = hashlib.md5(OTHER).hexdigest()
    answers = [
        world.fetch(world.release(BIG, hashes=(("md5", wrong),)))["demo"],
        world.fetch(world.release(BIG, hashes=(("sha256", "0" * 64),)))["demo"],
        world.fetch(world.release(BIG, sha256=None, hashes=(("future", "00"),)))["demo"],
    ]
    assert ["hash", "hash", "garbage"] == [each.kind for each in answers if isinstance(each, Failure)]


def test_strong_hashes_make_a_place_in_the_cache(tmp_path: Path) -> None:
    """A wheel with a sha512 alone is used again by the next run; one with md5 alone is not."""
    world = World(tmp_path)
    strong = (("sha512", hashlib.sha512(BIG).hexdigest()),)
    weak = (("md5", hashlib.md5(BIG).hexdigest()),)
    for _ in range(2):
        assert isinstance(world.fetch(world.release(BIG, "strong", sha256=None, hashes=strong))["strong"], Path)
        assert isinstance(world.fetch(world.release(BIG, "weak", sha256=None, hashes=weak))["weak"], Path)
    asked = [url.rpartition("/")[2] for url, _ in world.transport.requests]
    assert ["strong", "weak", "weak"] == asked
