"""Writing a wheel's files."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from pathlib import Path

import pytest

from pip_fastupdate._pip import file_writer
from pip_fastupdate._pip.file_writer import WheelPath, below, save, write


class File:
    """As much of pip's ``ZipBackedFile`` as matters."""

    def __init__(self, name: str, path: Path, archive: zipfile.ZipFile) -> None:
        self.src_record_path, self.dest_path, self._zip_file = name, str(path), archive
        self.written = False


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    """Two files and an empty one."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as new:
        new.writestr("a/one.py", b"one")
        new.writestr("two.py", b"two")
        new.writestr("empty", b"")
    return zipfile.ZipFile(tmp_path / "x.zip")


def saved(archive: zipfile.ZipFile, folder: Path) -> tuple[dict[str, str], list[str]]:
    """What is there after all files of the archive were saved, and what was left to pip."""
    files = [File(name, folder / name, archive) for name in archive.namelist()]
    left = [file.src_record_path for file in files if not save(file)]
    assert left == [file.src_record_path for file in files if not file.written]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}, left


def test_everything_is_written(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """From the archive, with the folders it takes."""
    assert saved(archive, tmp_path / "to") == ({"a/one.py": "one", "two.py": "two", "empty": ""}, [])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("lib", "a.py"), "a.py"),
        (("lib", "a", "b.py"), "a/b.py"),
        (("lib", "a..b.py"), None),
        (("lib", "a", "..", "b.py"), None),
        (("lib", "..", "bin", "x"), None),
        (("bin", "x"), None),
        (("library", "x"), None),
        (("lib",), None),
    ],
)
def test_names_below_a_folder(tmp_path: Path, path: tuple[str, ...], name: str | None) -> None:
    """What is plainly in the folder is cut off, the rest is pip's to name."""
    assert below(str(tmp_path.joinpath(*path)), str(tmp_path / "lib")) == name


def path_of(archive: zipfile.ZipFile, read: list[str] | None = None) -> WheelPath:
    """The path of the archive, unpacked by ourselves: each content in two pieces; what is read is noted."""

    def unpack(name: str) -> tuple[bytes, ...]:
        if read is not None:
            read.append(name)
        return (b"our ", archive.read(name))

    return WheelPath(str(archive.filename), unpack)


def test_written_together(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """Nothing of the package is there before, then everything, read once; a second time does nothing more."""
    read: list[str] = []
    path = path_of(archive, read)
    with zipfile.ZipFile(path) as known:
        assert saved(known, tmp_path / "to") == ({}, [])
    assert read == []
    for _ in range(2):
        path.write_all()
    assert {each.name: each.read_text() for each in (tmp_path / "to").rglob("*") if each.is_file()} == {
        "one.py": "our one",
        "two.py": "our two",
        "empty": "our ",
    }
    assert read == ["a/one.py", "two.py", "empty"]
    assert saved(archive, tmp_path / "again")[0]["two.py"] == "two", "the next archive knows nothing of it"


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        ("a/b.py", True),
        ("a.py", True),
        ("x-1.dist-info/METADATA", False),
        ("x-1.data/scripts/run", False),
        ("x-1.data/purelib/a.py", False),
        ("a/x-1.dist-info/METADATA", True),
    ],
)
def test_what_is_written_at_once(tmp_path: Path, name: str, waits: bool) -> None:
    """What pip reads, makes others of or puts in the place of others."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as new:
        new.writestr(name, b"content")
    archive = zipfile.ZipFile(tmp_path / "x.zip")
    path = path_of(archive)
    with zipfile.ZipFile(path) as known:
        assert save(File(name, tmp_path / "to" / name, known))
    assert (tmp_path / "to" / name).exists() is not waits
    path.write_all()
    assert (tmp_path / "to" / name).read_text() == "our content"


def test_of_two_for_one_place_the_last(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """As pip, which writes one over the other."""
    path = path_of(archive)
    with zipfile.ZipFile(path) as known:
        for name in ("a/one.py", "two.py"):
            save(File(name, tmp_path / "x.py", known))
    path.write_all()
    assert (tmp_path / "x.py").read_text() == "our two"


def test_executable_ones_are_so_in_the_end(tmp_path: Path) -> None:
    """With the mode that pip gives."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as new:
        info = zipfile.ZipInfo("tool")
        info.external_attr = (stat.S_IFREG | 0o755) << 16
        new.writestr(info, b"#!")
    path = path_of(zipfile.ZipFile(tmp_path / "x.zip"))
    with zipfile.ZipFile(path) as known:
        save(File("tool", tmp_path / "tool", known))
    path.write_all()
    assert os.name == "nt" or (tmp_path / "tool").stat().st_mode & 0o111 == 0o111


def test_disk_that_is_full(archive: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told."""
    path = path_of(archive)
    with zipfile.ZipFile(path) as known:
        saved(known, tmp_path / "to")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="full"):
        path.write_all()


def test_what_is_left_to_pip(archive: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files, and those that take the place of another."""
    monkeypatch.setattr(file_writer, "WHOLE", 2)
    assert saved(archive, tmp_path / "to") == ({"empty": ""}, ["a/one.py", "two.py"])
    assert saved(archive, tmp_path / "to") == ({"empty": ""}, ["a/one.py", "two.py", "empty"])


def test_write_goes_on_after_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems write no more than 2 GiB at once."""
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:2]))
    write(str(tmp_path / "x"), (b"123", b"45"))
    assert (tmp_path / "x").read_bytes() == b"12345"
