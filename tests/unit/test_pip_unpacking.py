"""Writing a wheel's files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from pip_fastupdate._pip import file_writer
from pip_fastupdate._pip.file_writer import WheelPath, below, save, seconds_per_file, write
from pip_fastupdate.core.gil_turns import Turns


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


def test_contents_come_with_the_path(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """In place of those in the archive; what is not known is read, and the next archive knows nothing of it."""
    contents = MappingProxyType({"two.py": b"known", "empty": b"", "other": b"stays"})
    path = WheelPath(str(archive.filename), contents)
    with zipfile.ZipFile(path) as known:
        assert saved(known, tmp_path / "to") == ({"a/one.py": "one", "two.py": "known", "empty": ""}, [])
    assert saved(archive, tmp_path / "again")[0]["two.py"] == "two"


def test_turns_come_with_the_path(archive: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others have theirs while a file is made."""
    turns, held, make = Turns(large=3), list[bool](), os.open

    def seen(*arguments: Any) -> int:
        held.append(turns.lock.locked())
        return make(*arguments)

    with zipfile.ZipFile(WheelPath(str(archive.filename), {}, turns)) as known, turns.work():
        monkeypatch.setattr(os, "open", seen)
        for name in known.namelist():
            save(File(name, tmp_path / Path(name).name, known))
    assert held == [False, False, True], "the last one is small"


def test_what_is_left_to_pip(archive: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files, and those that take the place of another."""
    monkeypatch.setattr(file_writer, "WHOLE", 2)
    assert saved(archive, tmp_path / "to") == ({"empty": ""}, ["a/one.py", "two.py"])
    assert saved(archive, tmp_path / "to") == ({"empty": ""}, ["a/one.py", "two.py", "empty"])


def test_write_goes_on_after_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems write no more than 2 GiB at once."""
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:2]))
    write(str(tmp_path / "x"), b"12345")
    assert (tmp_path / "x").read_bytes() == b"12345"


def test_speed_of_the_disk(tmp_path: Path) -> None:
    """Nothing is left behind, and what is no folder is no reason to fail."""
    assert 0 < seconds_per_file(tmp_path) < 1
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    assert seconds_per_file(tmp_path / "file") == 0.0
