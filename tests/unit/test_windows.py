"""What is otherwise on Windows outside of transactions."""

from __future__ import annotations

import errno
import os
import signal
import ssl
import subprocess
from pathlib import Path

import pytest
import requests

from pip_fastupdate._pip.shared_bytecode import _written
from pip_fastupdate.cache import maintenance
from pip_fastupdate.cli.endings import has_lost_reader
from pip_fastupdate.core import text
from pip_fastupdate.core.protocols import DownloadFailed
from pip_fastupdate.environment import scan
from pip_fastupdate.lockfile.draft import Draft
from pip_fastupdate.network.errors import of_error
from pip_fastupdate.other_python import all_venvs, launch
from pip_fastupdate.progress.plain import Silent
from pip_fastupdate.report import output_file
from pip_fastupdate.transaction import fingerprint
from pip_fastupdate.update.trials import user_test
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


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ssl.SSLCertVerificationError("Peer sent no certificates to verify"), "Peer sent no certificates to verify"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "certificate verify failed"),
    ],
)
def test_certificate_refused_by_windows(error: ssl.SSLCertVerificationError, detail: str) -> None:
    """truststore raises it there without the attribute that OpenSSL's errors have; its text is shown."""
    assert not hasattr(error, "verify_message")
    found = of_error(requests.exceptions.SSLError(error), "https://index.example/simple/")
    assert found.text.endswith(f" ({detail})")
    assert ("tls", False) == (found.kind, found.again)


class Shell:
    """A command that does not end when it is asked to, as Windows' ``cmd.exe`` runs one."""

    pid = 4711

    def __init__(self, ends: bool) -> None:
        self.ends = ends
        self.seen: list[tuple[str, object]] = []

    def __call__(self, command: str, **options: object) -> Shell:
        self.seen.append(("start", options["creationflags"]))
        return self

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_raised: object) -> None:
        return None

    def send_signal(self, number: int) -> None:
        self.seen.append(("signal", number))

    def kill(self) -> None:
        self.seen.append(("kill", self.pid))

    def wait(self, seconds: float | None = None) -> int:
        if ("signal", 1001) not in self.seen:  # the user's Ctrl-C
            raise KeyboardInterrupt
        if not self.ends:
            raise subprocess.TimeoutExpired("it", seconds or 0)
        return 1

    def run(self, command: list[str], **_options: object) -> None:
        self.seen.append(("run", tuple(command[1:])))


@pytest.mark.parametrize("ends", [True, False])
def test_interrupted_test_ends_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: bool) -> None:
    """The shell alone would leave pytest with open files: the whole group is asked, then the tree is killed."""
    shell = Shell(ends)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 512, raising=False)
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", 1001, raising=False)
    monkeypatch.setattr(subprocess, "Popen", shell)
    monkeypatch.setattr(subprocess, "run", shell.run)
    with Windows(tmp_path).on(), pytest.raises(KeyboardInterrupt):
        user_test.UserTest(command="pytest -q", progress=Silent()).run("it")
    killed = [] if ends else [("run", ("/F", "/T", "/PID", "4711")), ("kill", 4711)]
    assert [("start", 512), ("signal", 1001), *killed] == shell.seen


def test_reinstalled_package_is_noticed(tmp_path: Path) -> None:
    """A listing tells no inodes and may tell late times: neither hides a change by others nor makes one up."""
    info = tmp_path / "a-1.dist-info"
    info.mkdir()
    then = info.stat().st_mtime_ns
    rules = Windows(tmp_path)
    with rules.on():
        before = fingerprint([tmp_path])
        rules.late[str(info)] = then - 10**9
        assert before == fingerprint([tmp_path])
        info.rename(tmp_path / "old")
        info.mkdir()
        os.utime(info, ns=(then, then))
        rules.late[str(info)] = then
        assert before != fingerprint([tmp_path])
