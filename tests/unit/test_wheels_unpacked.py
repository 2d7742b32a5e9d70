"""The unpacked files of cached wheels: what is used again, and what never is."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from pip_fastupdate.core import links
from pip_fastupdate.core.models import File, Release
from pip_fastupdate.wheels import inspect
from pip_fastupdate.wheels.archive import Archive, Limits
from pip_fastupdate.wheels.record import RecordRow, parse
from pip_fastupdate.wheels.unpacked import Linking, Unpacked, linking
from tests.support.raw_wheels import FILENAME, INFO, demo, pack, record_of
from tests.support.wheels import make_wheel

CONTENT = "VALUE = 1\n"
NAME = "demo/__init__.py"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel in a cache."""
    return make_wheel(tmp_path, "demo", "1.0", files={NAME: CONTENT, "demo/tool.py": CONTENT, "demo/empty.py": ""})


@pytest.fixture
def rows(wheel: Path) -> dict[str, RecordRow]:
    """Its RECORD."""
    with Archive(wheel, Limits()) as archive:
        return parse(archive.read("demo-1.0.dist-info/RECORD", 10**6))


@pytest.fixture
def how(tmp_path: Path) -> Linking:
    """Hard links, which every file system here has."""
    (tmp_path / "staging").mkdir()
    return linking("hardlink", tmp_path / "cache", tmp_path / "staging")


@pytest.fixture
def kept(tmp_path: Path, wheel: Path, rows: dict[str, RecordRow], how: Linking) -> Path:
    """Keep the modules of the wheel, and return the one file that has the content of both."""
    unpacked = Unpacked(wheel, rows, how)
    for name in (NAME, "demo/empty.py", "demo/tool.py"):
        path = tmp_path / "first" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if "empty" in name else CONTENT)
        assert not unpacked.take(name, str(path), executable=False)
        unpacked.add(name, str(path), executable=False)
    unpacked.keep()
    [found] = (tmp_path / f"{wheel.name}.files").iterdir()
    return found


def test_taken(tmp_path: Path, wheel: Path, rows: dict[str, RecordRow], how: Linking, kept: Path) -> None:
    """A file of that content is linked; empty ones, and those that RECORD does not list, are not kept."""
    unpacked, target = Unpacked(wheel, rows, how), tmp_path / "second" / NAME
    assert unpacked.take(NAME, str(target), executable=False)
    assert (CONTENT, True) == (target.read_text(), target.samefile(kept))
    assert not unpacked.take(NAME, str(target), executable=False), "nothing is replaced"
    for name in ("demo/empty.py", "demo/other.py"):
        assert not unpacked.take(name, str(tmp_path / "none"), executable=False)
    assert not unpacked.take(NAME, str(tmp_path / "none"), executable=True)
    assert not (tmp_path / "none").exists()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "changed": lambda path: path.write_text("VALUE = 2\n"),
    "longer": lambda path: path.write_text(CONTENT + CONTENT),
    "shorter": lambda path: path.write_text(CONTENT[:3]),
    "empty": lambda path: path.write_text(""),
    "missing": lambda path: path.unlink(),
    "directory": lambda path: (path.unlink(), path.mkdir()),
    "writable by others": lambda path: path.chmod(0o666),
    "permissions": lambda path: path.chmod(0o600),
    "link": lambda path: (path.rename(path.with_name("x")), path.symlink_to(path.with_name("x"))),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_never_used(
    wheel: Path, rows: dict[str, RecordRow], how: Linking, kept: Path, damage: Callable[[Path], object]
) -> None:
    """What is not the file that RECORD describes is unpacked again, and kept in place of it."""
    damage(kept)
    unpacked, target = Unpacked(wheel, rows, how), wheel.with_name("second.py")
    assert not unpacked.take(NAME, str(target), executable=False)
    assert not target.exists()
    target.write_text(CONTENT)
    unpacked.add(NAME, str(target), executable=False)
    unpacked.keep()
    if not (kept.is_dir() or kept.is_symlink()):  # what nobody could have put there by accident stays, unused
        assert Unpacked(wheel, rows, how).take(NAME, str(wheel.with_name("third.py")), executable=False)


def test_directory_that_is_a_link(tmp_path: Path, wheel: Path, rows: dict[str, RecordRow], how: Linking) -> None:
    """A directory of another place is not read."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"{wheel.name}.files").symlink_to(tmp_path / "elsewhere")
    unpacked = Unpacked(wheel, rows, how)
    assert not unpacked.take(NAME, str(tmp_path / "none"), executable=False)


@pytest.mark.parametrize("digest", ["../../x", "AAAA", "", "=" * 43, "/" * 43, "A" * 5000, "é"])
def test_record_that_lies(tmp_path: Path, wheel: Path, how: Linking, digest: str) -> None:
    """A digest is never a path, and without one nothing is kept."""
    unpacked = Unpacked(wheel, {NAME: RecordRow(algorithm="sha256", digest=digest, size=None)}, how)
    source = tmp_path / "source"
    source.write_text(CONTENT)
    unpacked.add(NAME, str(source), executable=False)
    unpacked.keep()
    assert not unpacked.take(NAME, str(tmp_path / "none"), executable=False)
    assert {"cache", "staging", "source", wheel.name} >= {each.name for each in tmp_path.iterdir()} - {
        f"{wheel.name}.files"
    }


def test_record_that_is_wrong_about_a_file(tmp_path: Path, how: Linking) -> None:
    """As after a late change by the builder: it is never taken for another file with the content it had before."""
    before, after = b"VALUE = 1\n", b"VALUE = 2\n"
    record = record_of(demo({"demo/changed.py": before, "demo/copy.py": before})[:-1], f"{INFO}/RECORD")
    path = tmp_path / FILENAME
    path.write_bytes(pack(demo({"demo/changed.py": after, "demo/copy.py": before}, record=record)))
    file = File(filename=FILENAME, url="https://x.test/demo.whl", sha256="0" * 64)
    release = Release(name="demo", version=Version("1.0"), file=file)
    found = inspect(path, release, before=None, owners=lambda _: None)
    assert [each.kind for each in found.warnings] == ["record-differs"]
    unpacked = Unpacked(path, found.rows, how)
    for name, content in (("changed", after), ("copy", before)):
        source = tmp_path / name
        source.write_bytes(content)
        unpacked.add(f"demo/{name}.py", str(source), executable=False)
    unpacked.keep()
    unpacked = Unpacked(path, found.rows, how)
    assert not unpacked.take("demo/changed.py", str(tmp_path / "none"), executable=False)
    assert unpacked.take("demo/copy.py", str(tmp_path / "again"), executable=False)


def test_disk_that_is_full(tmp_path: Path, wheel: Path, rows: dict[str, RecordRow], kept: Path) -> None:
    """Neither taking nor keeping raises; the file is unpacked then, which reports what is wrong."""

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    unpacked = Unpacked(wheel, rows, Linking(link=refuse, keeps_mode=False, mode=0o644))
    assert not unpacked.take(NAME, str(tmp_path / "none"), executable=False)
    unpacked.add(NAME, str(kept), executable=False)
    unpacked.keep()
    assert kept.read_text() == CONTENT


def test_file_replaced_while_it_is_checked(tmp_path: Path, kept: Path) -> None:
    """Only the very file that was hashed is linked."""
    descriptor = os.open(kept, os.O_RDONLY)
    kept.unlink()
    kept.write_text("VALUE = 3\n")
    with pytest.raises(OSError, match="Stale"):
        links.hardlink(descriptor, str(kept), str(tmp_path / "none"))
    os.close(descriptor)
    assert not (tmp_path / "none").exists()


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """Return a directory on a file system with clones."""
    try:
        linking("clone", tmp_path / "cache", tmp_path)
    except OSError:
        pytest.skip("the file system has no clones")
    return tmp_path


def test_clone(clones: Path) -> None:
    """A clone is another file with the same content and the permissions of a new one."""
    source, target = clones / "source", clones / "folder" / "target"
    source.write_text(CONTENT)
    source.chmod(0o600)
    with source.open("rb") as file:
        links.clone(file.fileno(), str(source), str(target))
    target.write_text("VALUE = 2\n")
    assert source.read_text() == CONTENT


@pytest.mark.skipif(sys.platform != "linux", reason="the call of Linux")
def test_no_clones(tmp_path: Path) -> None:
    """Where the system refuses, nothing is left behind."""
    source = Path("/proc/self/status")  # no file system of that kind has clones
    with source.open("rb") as file, pytest.raises(OSError, match=r"Errno"):
        links.clone(file.fileno(), str(source), str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()


def test_clone_on_macos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its C library is asked to clone the open file, again once the directory exists; its errors are raised."""
    import ctypes

    called: list[tuple[int, int, bytes, int]] = []

    class Library:
        """As much of libc as is used."""

        @staticmethod
        def fclonefileat(source: int, folder: int, target: bytes, flags: int) -> int:
            """Fail until the directory exists."""
            called.append((source, folder, target, flags))
            if Path(os.fsdecode(target)).parent.is_dir():
                Path(os.fsdecode(target)).write_bytes(os.read(source, 100))
                return 0
            ctypes.set_errno(errno.ENOENT)
            return -1

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library)
    source, target = tmp_path / "source", tmp_path / "folder" / "target"
    source.write_text(CONTENT)
    with source.open("rb") as file:
        links.clone(file.fileno(), str(source), str(target))
        assert [(file.fileno(), -2, os.fsencode(target), 2)] * 2 == called
    assert target.read_text() == CONTENT
