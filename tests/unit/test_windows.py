"""What is otherwise on Windows outside of transactions."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pip_fastupdate._pip.shared_bytecode import _written
from pip_fastupdate.cache import maintenance
from pip_fastupdate.cli.endings import has_lost_reader
from pip_fastupdate.core import text
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.environment import scan
from pip_fastupdate.lockfile.draft import Draft
from pip_fastupdate.other_python import all_venvs, launch
from pip_fastupdate.report import output_file
from pip_fastupdate.wheels.download import Part
from pip_fastupdate.wheels.warnings import _is_python_script
from tests.support import reports
from tests.support.platforms import Scanner, Windows

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not known here")


@needs_proc
def test_download_that_is_scanned(tmp_path: Path) -> None:
    """A wheel gets its name once the virus scanner is done with it."""
    with Windows(tmp_path, scanner=Scanner(1, seconds=0.4)).on():
        part = Part(tmp_path / "it.whl")
        part.write(b"it")
        assert tmp_path / "it.whl" == part.finish()
    assert b"it" == (tmp_path / "it.whl").read_bytes()


@needs_proc
def test_download_that_is_held_for_good(tmp_path: Path) -> None:
    """That is one project's failure, not the end of the run."""
    with Windows(tmp_path, scanner=Scanner(1, seconds=1e9)).on():
        part = Part(tmp_path / "it.whl")
        part.write(b"it")
        with pytest.raises(DownloadFailed) as caught:
            part.finish()
    assert ("in-use", "another program has it.whl open") == (caught.value.kind, caught.value.text)


@needs_proc
def test_files_for_the_user_that_are_scanned(tmp_path: Path) -> None:
    """A report and a lock file that are looked at just then come to their places, over what is there."""
    for name in ("report.json", "pylock.toml"):
        (tmp_path / name).write_text("old")
    with Windows(tmp_path, scanner=Scanner(1, seconds=0.4)).on():
        output_file.save(reports.report(), tmp_path / "report.json", format="json")
        with Draft(tmp_path / "pylock.toml", "new") as draft:
            draft.put()
    assert "old" != (tmp_path / "report.json").read_text()
    assert "new" == (tmp_path / "pylock.toml").read_text()
    assert ["pylock.toml", "report.json"] == sorted(each.name for each in tmp_path.iterdir())


@needs_proc
def test_bytecode_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written of it is removed, and the error is that of the disk."""

    def full(descriptor: int, content: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    with Windows(tmp_path).on(), pytest.raises(OSError, match="full"):
        _written(str(tmp_path / "x.pyc"), b"x", 0o644)
    assert [] == list(tmp_path.iterdir())


@needs_proc
def test_clearing_a_cache_that_is_in_use(tmp_path: Path) -> None:
    """What another run has open stays; the rest goes, and nobody is told of a failure."""
    wheels = tmp_path / "wheels" / "ab"
    wheels.mkdir(parents=True)
    for name in ("held.whl", "free.whl"):
        (wheels / name).write_bytes(b"x" * 1000)
    with Windows(tmp_path).on(), (wheels / "held.whl").open("rb"):
        assert 1000 == maintenance.clear(tmp_path)
        assert ["held.whl"] == [each.name for each in wheels.iterdir()]
    with Windows(tmp_path).on():
        assert 1000 == maintenance.clear(tmp_path)
    assert not (tmp_path / "wheels").exists()


def test_junctions_are_not_walked_through(tmp_path: Path) -> None:
    """What they lead to is somebody else's: no environment of this folder, and no wheel of this cache."""
    for name in ("venvs/own", "venvs/elsewhere/other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "pyvenv.cfg").touch()
    for name in ("wheels/ab", "wheels/elsewhere"):
        (tmp_path / "cache" / name).mkdir(parents=True)
        (tmp_path / "cache" / name / "x.whl").touch()
    rules = Windows(tmp_path)
    rules.junctions = {str(tmp_path / "venvs/elsewhere"), str(tmp_path / "cache/wheels/elsewhere")}
    with rules.on():
        found = [each.path for each in all_venvs.environments(tmp_path / "venvs", lambda error: None)]
        assert [str(tmp_path / "venvs/own")] == list(map(str, found))
        list(map(maintenance._remove, maintenance._wheels(tmp_path / "cache")))
    assert [False, True] == [(tmp_path / "cache/wheels" / each / "x.whl").exists() for each in ("ab", "elsewhere")]


def test_cache_with_a_junction_in_it(tmp_path: Path) -> None:
    """Only the junction goes when the cache is cleared."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "x.whl").touch()
    rules = Windows(tmp_path)
    rules.junctions = {str(tmp_path / "wheels")}
    with rules.on():
        maintenance.clear(tmp_path)
    assert ["wheels led here/x.whl"] == [str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*.whl")]


@needs_proc
def test_probe_that_is_scanned(tmp_path: Path) -> None:
    """A folder can be written to though the file that shows so is looked at; the file does not stay."""
    with Windows(tmp_path, scanner=Scanner(1, seconds=0.3)).on():
        assert scan.is_writable(folders=[str(tmp_path)]) is None
    assert [] == list(tmp_path.iterdir())
    with Windows(tmp_path, scanner=Scanner(1, seconds=1e9)).on():
        assert scan.is_writable(folders=[str(tmp_path)]) is None


@pytest.mark.parametrize(
    ("error", "windows", "lost"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), False, True),
        (OSError(errno.EINVAL, "Invalid argument"), True, True),
        (OSError(errno.EINVAL, "Invalid argument"), False, False),
        (OSError(errno.EINVAL, "Invalid argument", "a?b"), True, False),
        (ValueError("other"), True, False),
    ],
)
def test_reader_that_has_gone(error: Exception, windows: bool, lost: bool) -> None:
    """``| more`` that was left early is no error; on Windows it looks like one."""
    assert lost == has_lost_reader(error, windows=windows)


def test_interpreter_of_an_environment(tmp_path: Path) -> None:
    """It is called where it lies, as one types it; MSYS2 has its own place."""
    assert (r".venv\Scripts\python.exe", ".venv/bin/python") == (
        text.venv_python(windows=True),
        text.venv_python(windows=False),
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python.exe").touch(0o755)
    assert tmp_path / "bin" / "python.exe" == launch.interpreter(str(tmp_path))


@pytest.mark.parametrize(
    ("end", "python"),
    [
        (b"#!C:\\Python313\\python.exe\r\nPK\3\4__main__.pyPK\5\6", True),
        (b"PK\3\4__main__.pyPK\5\6C:\\envs\\x\\Scripts\\python.exe\x1a\0\0\0UVSC", True),
        (b"\0" * 70_000, False),
        (b"says python somewhere", False),
    ],
)
def test_launchers(tmp_path: Path, end: bytes, python: bool) -> None:
    """A command that pip, pipx or uv made for Windows is a Python script, and hiding it is not worth a word."""
    path = tmp_path / "black.exe"
    path.write_bytes(b"MZ" + b"\0" * 100_000 + end)
    assert python == _is_python_script(str(path))


def test_specification_is_no_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Quotes do not survive the command line of a ``.bat`` file, which ``python`` is with some version managers."""
    seen: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(launch, "replace_process", lambda command, env: seen.append((command, env)) or 0)
    (tmp_path / "python").touch(0o755)
    launch.run(str(tmp_path / "python"), ["--check"])
    [(command, env)] = seen
    assert not any('"' in each for each in command)
    assert '"given"' in env[launch.bootstrap.VARIABLE]
