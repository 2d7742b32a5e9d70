"""``python -m pip_fastupdate`` in a directory whose files have the names of modules that the program imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pip_fastupdate.__main__ import leave_current_directory
from tests.support.environments import Env, install, installed, variables
from tests.support.local_index import LocalIndex

NAMES = (
    *("__future__", "argparse", "dataclasses", "gc", "importlib", "json", "logging", "msgspec", "packaging", "pathlib"),
    *("pip", "re", "requests", "requests_cache", "rich", "signal", "sqlite3", "ssl", "threading", "typing", "urllib3"),
)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    return subprocess.run(
        [sys.executable, *options, "-m", "pip_fastupdate", "--version"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_of_the_current_directory_are_not_imported(tmp_path: Path) -> None:
    """Whatever a project's files are called, the program does not run them."""
    for name in NAMES:
        # Python 3.10, and 3.13 on, import that for -m itself, before any of our lines runs.
        if name != "importlib" or (3, 11) <= sys.version_info < (3, 13):
            (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} of the current directory')\n")
    done = run(tmp_path)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="-P is new in 3.11")
def test_a_path_without_the_current_directory_stays(tmp_path: Path) -> None:
    """With -P nothing was put in front, so nothing is taken off, even if the user's PYTHONPATH begins with it."""
    done = run(tmp_path, "-P")
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("path", "left"),
    [(["", "/lib"], ["/lib"]), (["HERE", "/lib"], ["/lib"]), (["/lib", "HERE"], ["/lib", "HERE"]), ([], [])],
)
def test_only_the_first_entry_is_taken_off(path: list[str], left: list[str]) -> None:
    """What stands further behind was put there by the user."""
    here = str(Path.cwd())
    path, left = ([here if each == "HERE" else each for each in paths] for paths in (path, left))
    leave_current_directory(path)
    assert left == path


def test_a_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it can be imported, and that is no error."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    try:
        gone.rmdir()
    except OSError:
        pytest.skip("this system keeps directories in which a program is")
    path = ["/lib"]
    leave_current_directory(path)
    assert ["/lib"] == path


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps directories in which a program is")
def test_run_in_a_directory_that_is_gone(environment: Env, index: LocalIndex) -> None:
    """It is in no project, and an update needs none."""
    install(environment, [index.release("thing", "1.0")])
    index.release("thing", "2.0")
    command = f"mkdir gone && cd gone && rmdir ../gone && exec {environment.python} -m pip_fastupdate"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=environment.home,
        env=variables(environment, index=index),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (0, {"thing": "2.0"}) == (done.returncode, installed(environment)), done.stderr
