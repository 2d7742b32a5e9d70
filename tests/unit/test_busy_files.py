"""Renames and removals of what other programs have open."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pip_fastupdate.core import busy_files
from pip_fastupdate.core.busy_files import Patience


class Windows:
    """Stands for ``os`` and ``time``: calls are refused until so many seconds have passed."""

    def __init__(self, winerror: int | None, until: float) -> None:
        self.winerror, self.until, self.now, self.tries = winerror, until, 0.0, 0

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in ("rename", "replace", "unlink", "rmdir"):
            return getattr(os, name)

        def call(path: str, *others: str) -> None:
            self.tries += 1
            refused = self.now < self.until if self.winerror != 5 or others else not os.lstat(path).st_mode & 0o200
            if refused:
                error = PermissionError(13, "refused", path)
                if self.winerror is not None:
                    error.winerror = self.winerror
                raise error
            getattr(os, name)(path, *others)

        return call

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Windows]:
    """Have the module under test see such a system."""

    def make(winerror: int | None = 32, until: float = 0.0) -> Windows:
        made = Windows(winerror, until)
        monkeypatch.setattr(busy_files, "os", made)
        monkeypatch.setattr(busy_files, "time", made)
        return made

    return make


@pytest.mark.parametrize("winerror", [5, 32, 33])
@pytest.mark.parametrize("call", ["rename", "replace"])
def test_waits_for_who_has_it_open(windows: Callable[..., Windows], tmp_path: Path, winerror: int, call: str) -> None:
    """A file that is held for a while is moved when it is free, soon after that."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("it")
    system = windows(winerror, 0.3)
    getattr(busy_files, call)(str(source), str(target), Patience(10))
    assert "it" == target.read_text()
    assert 0.3 <= system.now < 0.45


@pytest.mark.parametrize("call", ["unlink", "rmdir"])
def test_waits_before_removing(windows: Callable[..., Windows], tmp_path: Path, call: str) -> None:
    """The same for removals."""
    path = tmp_path / "it"
    path.touch() if call == "unlink" else path.mkdir()
    windows(32, 0.3)
    getattr(busy_files, call)(str(path), Patience(10))
    assert not path.exists()


def test_patience_ends(windows: Callable[..., Windows], tmp_path: Path) -> None:
    """After the seconds given, the last error is raised; the pauses grow, so the tries are few."""
    (tmp_path / "source").touch()
    system = windows(32, 1e9)
    with pytest.raises(PermissionError):
        busy_files.rename(str(tmp_path / "source"), str(tmp_path / "target"), Patience(10))
    assert 10 <= system.now < 10.2
    assert system.tries < 120


def test_patience_is_shared(windows: Callable[..., Windows], tmp_path: Path) -> None:
    """Many files that are all held take no longer than one."""
    system, patience = windows(32, 1e9), Patience(2)
    for name in "abcdef":
        (tmp_path / name).touch()
        with pytest.raises(PermissionError):
            busy_files.unlink(str(tmp_path / name), patience)
    assert 2 <= system.now < 2.2


@pytest.mark.parametrize("winerror", [None, 3, 183])
def test_other_errors_come_at_once(windows: Callable[..., Windows], tmp_path: Path, winerror: int | None) -> None:
    """What no waiting can help is raised at the first try, and so is everything on other systems."""
    (tmp_path / "source").touch()
    system = windows(winerror, 1e9)
    with pytest.raises(PermissionError):
        busy_files.rename(str(tmp_path / "source"), str(tmp_path / "target"), Patience(10))
    assert (1, 0.0) == (system.tries, system.now)


@pytest.mark.parametrize("call", ["unlink", "rmdir"])
def test_read_only(windows: Callable[..., Windows], tmp_path: Path, call: str) -> None:
    """What is read-only is made writable and removed, without any waiting."""
    path = tmp_path / "it"
    path.touch() if call == "unlink" else path.mkdir()
    path.chmod(stat.S_IREAD)
    system = windows(5)
    getattr(busy_files, call)(str(path), Patience(10))
    assert (False, 0.0) == (path.exists(), system.now)
