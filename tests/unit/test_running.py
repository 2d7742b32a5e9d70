"""Which running programs are those of an environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pip_fastupdate.environment.running import running_in


def process(proc: Path, pid: int, exe: Path, *words: str, active: str = "", cwd: str = "/") -> None:
    """A process as ``/proc`` shows it."""
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    (folder / "exe").symlink_to(exe)
    (folder / "cwd").symlink_to(cwd)
    (folder / "cmdline").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in words))
    (folder / "environ").write_bytes(b"A=1\0VIRTUAL_ENV=" + os.fsencode(active) + b"\0")


@pytest.mark.skipif(os.name == "nt", reason="links and /proc")
def test_programs_of_the_environment(tmp_path: Path) -> None:
    """Environments share one interpreter: its path as it was called decides, or which environment was active."""
    tmp_path = tmp_path.resolve()
    base, venv, other = tmp_path / "base" / "python3", tmp_path / "venv", tmp_path / "other"
    base.parent.mkdir()
    base.write_text("")
    for each in (venv, other):
        (each / "bin").mkdir(parents=True)
        (each / "bin" / "python").symlink_to(base)
    proc = tmp_path / "proc"
    process(proc, 11, base, str(venv / "bin" / "python"), "-m", "app")
    process(proc, 12, base, str(other / "bin" / "python"), "-m", "app")
    process(proc, 13, base, "python", "x.py", active=str(venv))
    process(proc, 14, base, "python", "x.py", active=str(other))
    process(proc, 15, tmp_path / "sh", str(venv / "bin" / "python"))
    process(proc, 16, base, "bin/python", "y.py", cwd=str(venv))
    process(proc, os.getpid(), base, str(venv / "bin" / "python"))
    (proc / "17").mkdir()
    (proc / "self").mkdir()
    found = running_in(venv, venv / "bin" / "python", proc=proc)
    assert [11, 13, 16] == [each.pid for each in found]
    assert f"{venv}/bin/python -m app" == found[0].command
    assert [11, 12, 13, 14, 16] == [each.pid for each in running_in(base.parent, base, proc=proc)]


@pytest.mark.skipif(os.name == "nt", reason="links and /proc")
def test_secrets_of_a_command_line_are_not_told(tmp_path: Path) -> None:
    """Reports go to logs and pages, which more people read than may see the processes of a machine."""
    base, proc = tmp_path / "python3", tmp_path / "proc"
    base.write_text("")
    words = ("--db-password", "S3CRET", "--token=S3CRET", "--api-key", "S3CRET", "PASSWD=S3CRET", "--port", "80")
    process(proc, 11, base.resolve(), "python", "serve.py", *words, "x" * 1000)
    (told,) = running_in(tmp_path, base, proc=proc)
    shown = "python serve.py --db-password **** --token=**** --api-key **** PASSWD=**** --port 80 "
    assert shown == told.command[: len(shown)]
    assert 500 > len(told.command)
