"""The simulated systems against what is documented of these, and on one of them against the system itself."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.platforms import Mac, Rules, Scanner, Windows

REAL_WINDOWS, REAL_MAC = os.name == "nt", sys.platform == "darwin"
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists() and not REAL_WINDOWS, reason="handles are not known")


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[Path]:
    """A folder on Windows, or on what is held to be like that."""
    with contextlib.nullcontext() if REAL_WINDOWS else Windows(tmp_path).on():
        yield tmp_path


@pytest.fixture
def mac(tmp_path: Path) -> Iterator[Path]:
    """A folder on macOS, or on what is held to be like that."""
    with contextlib.nullcontext() if REAL_MAC else Mac(tmp_path).on():
        yield tmp_path


def outcome(action: Callable[[], object]) -> tuple[str, int | None] | None:
    """The kind of error, and Windows' code for it; None if it works."""
    try:
        action()
    except OSError as error:
        return type(error).__name__, getattr(error, "winerror", None)
    return None


DENIED, SHARED = ("PermissionError", 5), ("PermissionError", 32)


@needs_proc
def test_open_file_on_windows(windows: Path) -> None:
    """DeleteFile and MoveFileEx: a file that was opened without FILE_SHARE_DELETE, as Python does, stays."""
    path, other = windows / "file", windows / "other"
    with path.open("w"):
        assert SHARED == outcome(path.unlink)
        assert SHARED == outcome(lambda: path.rename(other))
        assert SHARED == outcome(lambda: path.replace(other))
        other.touch()
        assert DENIED == outcome(lambda: other.replace(path))
    assert None is outcome(path.unlink)


@needs_proc
def test_folder_with_open_file_on_windows(windows: Path) -> None:
    """[MS-FSA] 2.1.5.15.11: a folder that contains open files cannot be renamed, one with others can."""
    (windows / "folder" / "sub").mkdir(parents=True)
    with (windows / "folder" / "sub" / "file").open("w"):
        assert DENIED == outcome(lambda: (windows / "folder").rename(windows / "other"))
        assert DENIED == outcome(lambda: (windows / "folder").rename(windows / "folder"))
    assert None is outcome(lambda: (windows / "folder").rename(windows / "other"))
    assert (windows / "other" / "sub" / "file").exists()


@needs_proc
def test_library_in_use_on_windows(tmp_path: Path) -> None:
    """A mapped image can be renamed and not deleted (pypa/pip #11394 is what one sees of that)."""
    if REAL_WINDOWS:
        pytest.skip("a library of this very process is none to play with")
    rules = Windows(tmp_path)
    (tmp_path / "lib.pyd").touch()
    found = (tmp_path / "lib.pyd").stat()
    rules.loaded.add((found.st_dev, found.st_ino))
    with rules.on():
        assert None is outcome(lambda: (tmp_path / "lib.pyd").rename(tmp_path / "moved.pyd"))
        assert DENIED == outcome((tmp_path / "moved.pyd").unlink)


@needs_proc
def test_working_folder_on_windows(windows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process' working folder is a handle on it."""
    (windows / "folder" / "sub").mkdir(parents=True)
    monkeypatch.chdir(windows / "folder" / "sub")
    assert DENIED == outcome(lambda: (windows / "folder").rename(windows / "other"))
    assert SHARED == outcome((windows / "folder" / "sub").rmdir)
    monkeypatch.chdir(windows)


@needs_proc
def test_read_only_on_windows(windows: Path) -> None:
    """DeleteFile, RemoveDirectory and replacing refuse what is read-only; renaming does not, nor does reading."""
    path, folder = windows / "file", windows / "folder"
    path.write_text("it")
    folder.mkdir()
    for each in (path, folder):
        each.chmod(stat.S_IREAD)
    assert DENIED == outcome(path.unlink)
    assert ("PermissionError", None) == outcome(lambda: path.open("w"))
    assert DENIED == outcome(lambda: (path.with_name("new").touch(), path.with_name("new").replace(path)))
    assert None is outcome(lambda: path.rename(windows / "moved"))
    assert "it" == (windows / "moved").read_text()
    (windows / "moved").chmod(stat.S_IWRITE)
    assert None is outcome((windows / "moved").unlink)
    if not REAL_WINDOWS:  # there chmod does not reach folders' attribute in all versions of Python
        assert DENIED == outcome(folder.rmdir)
    folder.chmod(0o700)
    assert None is outcome(folder.rmdir)


@needs_proc
def test_targets_on_windows(windows: Path) -> None:
    """os.rename never overwrites, os.replace overwrites files only; removing takes the one for the other at no time."""
    for name in ("one", "two"):
        (windows / name).touch()
        (windows / f"folder-{name}").mkdir()
    assert ("FileExistsError", 183) == outcome(lambda: (windows / "one").rename(windows / "two"))
    assert ("FileExistsError", 183) == outcome(lambda: (windows / "folder-one").rename(windows / "folder-two"))
    assert DENIED == outcome(lambda: (windows / "one").replace(windows / "folder-two"))
    assert None is outcome(lambda: (windows / "one").replace(windows / "two"))
    assert DENIED == outcome((windows / "folder-one").unlink)
    assert ("NotADirectoryError", 267) == outcome((windows / "two").rmdir)
    (windows / "folder-one" / "x").touch()
    assert ("OSError", 145) == outcome((windows / "folder-one").rmdir)
    assert ("FileExistsError", 183) == outcome((windows / "folder-one").mkdir)
    assert ("FileNotFoundError", 3) == outcome(lambda: (windows / "two").rename(windows / "none" / "two"))
    assert ("FileNotFoundError", 2) == outcome((windows / "none").unlink)


@needs_proc
def test_long_paths_on_windows(windows: Path) -> None:
    """ "Maximum Path Length Limitation": 259 characters for a file, 247 for a new folder, any number after \\\\?\\."""
    if REAL_WINDOWS and outcome(lambda: _deep(windows, 247).mkdir()) is None:
        pytest.skip("long paths are allowed here")
    assert None is outcome(_deep(windows, 247).mkdir)
    assert ("FileNotFoundError", 206) == outcome(_deep(windows, 248).mkdir)
    assert None is outcome(_deep(windows, 259).touch)
    assert "FileNotFoundError" == (outcome(_deep(windows, 260).touch) or "")[0]
    assert ("FileNotFoundError", 3) == outcome(lambda: os.stat(str(_deep(windows, 260))))
    assert ("FileNotFoundError", 3) == outcome(lambda: os.rename(_deep(windows, 259), _deep(windows, 260)))
    assert None is outcome(lambda: os.rename(f"\\\\?\\{_deep(windows, 259)}", f"\\\\?\\{_deep(windows, 260)}"))
    assert None is outcome(lambda: os.unlink(f"\\\\?\\{_deep(windows, 260)}"))


def _deep(folder: Path, length: int) -> Path:
    """A path of that length in folders that can be made; the last name tells lengths apart."""
    while length - len(str(folder)) > 110:
        folder = folder / ("d" * 50)
        folder.mkdir(exist_ok=True)
    return folder / ("x" * (length - len(str(folder)) - 1))


@needs_proc
def test_names_on_windows(windows: Path) -> None:
    """Case is kept and not heeded, letter by letter; some names are not for files."""
    (windows / "Straße").touch()
    (windows / "Ünder").mkdir()
    assert (windows / "STRAßE").exists()
    assert not (windows / "STRASSE").exists()
    (windows / "üNDER" / "x").touch()
    assert ["x"] == os.listdir(windows / "Ünder")
    assert None is outcome(lambda: (windows / "ünder").rename(windows / "Under"))
    assert ["Straße", "Under"] == sorted(os.listdir(windows))
    assert not (windows / unicodedata.normalize("NFD", "Straße").replace("e", "e\u0301")).exists()
    for name in ('a"b', "a|b", "a?"):
        assert outcome((windows / name).mkdir) is not None


@needs_proc
def test_files_and_folders_on_windows(windows: Path) -> None:
    """Folders cannot be opened as files are; what is flushed must have been opened for writing."""
    assert ("PermissionError", None) == outcome(lambda: os.open(windows, os.O_RDONLY))
    (windows / "file").touch()
    with (windows / "file").open("rb") as file:
        assert errno.EBADF == _number(lambda: os.fsync(file.fileno()))
    with (windows / "file").open("r+b") as file:
        assert None is _number(lambda: os.fsync(file.fileno()))


def _number(action: Callable[[], object]) -> int | None:
    try:
        action()
    except OSError as error:
        return error.errno
    return None


def test_scanner(tmp_path: Path) -> None:
    """It has some of the paths open when they are first touched, for as long as was said, and never again."""
    rules = Windows(tmp_path, scanner=Scanner(0.5, seconds=0.3, seed=1))
    for number in range(40):
        (tmp_path / str(number)).touch()
    with rules.on():
        held = [number for number in range(40) if outcome((tmp_path / str(number)).unlink) == SHARED]
        assert 10 < len(held) < 30
        rules.clock.sleep(0.29)
        assert SHARED == outcome((tmp_path / str(held[0])).unlink)
        rules.clock.sleep(0.02)
        assert [None] * len(held) == [outcome((tmp_path / str(number)).unlink) for number in held]


def test_names_on_macos(mac: Path) -> None:
    """Apple File System Reference: case and normal form are kept and not heeded."""
    (mac / "Caf\u00e9").touch()
    for name in ("Cafe\u0301", "CAF\u00c9", "cafe\u0301"):
        assert (mac / name).exists()
    assert ["Caf\u00e9"] == os.listdir(mac)
    assert None is outcome(lambda: (mac / "cafe\u0301").rename(mac / "CAFE\u0301"))
    assert ["CAFE\u0301"] == os.listdir(mac)


def test_decomposed_names(tmp_path: Path) -> None:
    """HFS+ puts names down in normal form D (Technical Note TN1150)."""
    if REAL_WINDOWS:
        pytest.skip("names are kept as they are on NTFS")
    with Mac(tmp_path, decomposes=True).on():
        (tmp_path / "Caf\u00e9").touch()
        assert ["Cafe\u0301"] == os.listdir(tmp_path)
        assert (tmp_path / "Caf\u00e9").exists()


@pytest.mark.parametrize("system", [Windows, Mac])
def test_what_the_program_sees(system: type[Rules], tmp_path: Path) -> None:
    """Its modules see another system, and no others do; nothing of that is left afterwards."""
    if REAL_WINDOWS:
        pytest.skip("this is another system")
    disk = importlib.import_module("pip_fastupdate.transaction.filesystem")
    rules = system(tmp_path)
    with rules.on():
        assert ("nt" if system is Windows else "posix") == disk.os.name
        assert (system is Windows) == (not hasattr(disk.os, "sync"))
        assert "posix" == os.name
    assert disk.os is os


def test_elsewhere_nothing_is_otherwise(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The rules are those below the folders that were named."""
    if REAL_WINDOWS:
        pytest.skip("there they hold everywhere")
    other = tmp_path_factory.mktemp("other")
    with Windows(tmp_path).on(), (other / "file").open("w"):
        (other / "file").unlink()
        assert not (other / "FILE").exists()
