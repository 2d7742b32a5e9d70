"""Writing a wheel's files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pip_fastupdate._pip import unpacking
from pip_fastupdate._pip.unpacking import known, replace_writer, seconds_per_file, write


def relative(path: str, folder: str) -> str:
    """As pip has it in RECORD."""
    return os.path.relpath(path, folder).replace(os.sep, "/")


class Installer:
    """As much of pip's installer as matters; says which files it has written itself."""

    def __init__(self) -> None:
        self.slowly: list[str] = []
        slowly = self.slowly

        class ZipBackedFile:
            def __init__(self, src_record_path: str, dest_path: str, zip_file: zipfile.ZipFile) -> None:
                self.src_record_path, self.dest_path, self._zip_file = src_record_path, dest_path, zip_file

            def save(self) -> None:
                slowly.append(self.src_record_path)

        self.ZipBackedFile: Any = ZipBackedFile
        self._fs_to_record_path = lambda path, folder: slowly.append(path) or relative(path, folder)

    def zip_item_is_executable(self, info: zipfile.ZipInfo) -> bool:
        return bool(info.external_attr >> 16 & 0o111)

    def set_extracted_file_to_default_mode_plus_executable(self, path: str) -> None:
        Path(path).chmod(0o755)


@pytest.fixture
def installer() -> Installer:
    """With its writer replaced, twice: the second time does nothing."""
    made = Installer()
    replace_writer(made)
    first = made.ZipBackedFile.save
    replace_writer(made)
    assert made.ZipBackedFile.save is first
    return made


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    """Two files and an empty one."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as new:
        new.writestr("a/one.py", b"one")
        new.writestr("two.py", b"two")
        new.writestr("empty", b"")
    return zipfile.ZipFile(tmp_path / "x.zip")


def save(installer: Installer, archive: zipfile.ZipFile, folder: Path) -> dict[str, str]:
    """What is there after all files of the archive were saved."""
    for name in archive.namelist():
        installer.ZipBackedFile(name, str(folder / name), archive).save()
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_written(installer: Installer, archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """From the archive, with the folders it takes."""
    found = save(installer, archive, tmp_path / "to")
    assert found == {str(Path("a/one.py")): "one", "two.py": "two", "empty": ""}
    assert installer.slowly == []


@pytest.mark.parametrize(
    ("path", "slowly"),
    [
        (("lib", "a.py"), False),
        (("lib", "a", "b.py"), False),
        (("lib", "a..b.py"), True),
        (("lib", "a", "..", "b.py"), True),
        (("lib", "..", "bin", "x"), True),
        (("bin", "x"), True),
        (("library", "x"), True),
        (("lib",), True),
    ],
)
def test_paths_are_named_as_pip_names_them(
    installer: Installer, tmp_path: Path, path: tuple[str, ...], slowly: bool
) -> None:
    """What is plainly in the folder is cut off, for the rest pip is asked."""
    there, folder = str(tmp_path.joinpath(*path)), str(tmp_path / "lib")
    assert installer._fs_to_record_path(there, folder) == relative(there, folder)
    assert installer.slowly == ([there] if slowly else [])


def test_known_contents_are_taken(installer: Installer, archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """In place of those in the archive, once; what is not known is read."""
    contents = {"two.py": b"known", "empty": b"", "other": b"stays"}
    with known(contents):
        assert save(installer, archive, tmp_path / "to")["two.py"] == "known"
    assert contents == {"other": b"stays"}
    assert save(installer, archive, tmp_path / "again")["two.py"] == "two"


def test_what_is_left_to_pip(
    installer: Installer, archive: zipfile.ZipFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large files, and those that take the place of another."""
    monkeypatch.setattr(unpacking, "WHOLE", 2)
    assert save(installer, archive, tmp_path / "to") == {"empty": ""}
    assert save(installer, archive, tmp_path / "to") == {"empty": ""}
    assert installer.slowly == ["a/one.py", "two.py", "a/one.py", "two.py", "empty"]


def test_pip_that_unpacks_otherwise_is_left_alone() -> None:
    """Nothing is replaced that is not there."""
    other = SimpleNamespace()
    replace_writer(other)
    assert vars(other) == {}


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
