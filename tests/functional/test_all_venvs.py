"""``--all-venvs``: environments below a folder are updated one after the other, and none stops the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.test_elsewhere import from_here, put, venv
from tests.support.environments import installed, tree, variables
from tests.support.local_index import LocalIndex, wait_until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environments of these tests are laid out as on POSIX")


def test_each_environment_is_updated(tmp_path: Path, index: LocalIndex) -> None:
    """One that is broken comes in between; a tool's is left alone; the report is a list, the exit code the gravest."""
    old = index.release("lib", "1.0")
    index.release("lib", "2.0")
    first, last = (venv(tmp_path / "all" / name / ".venv") for name in ("a", "c"))
    put(first, old)
    put(last, old)
    (tmp_path / "all" / "b").mkdir()
    (tmp_path / "all" / "b" / "pyvenv.cfg").touch()
    (tmp_path / "all" / "tool").mkdir()
    (tmp_path / "all" / "tool" / "pyvenv.cfg").touch()
    (tmp_path / "all" / "tool" / "uv-receipt.toml").touch()
    shown = from_here(first, "--all-venvs", str(tmp_path / "all"), "--check", index=index)
    assert (1, 2) == (shown.returncode, shown.stdout.count("would upgrade"))
    assert f"{tmp_path}/all/c/.venv  updates found" in shown.stdout
    done = from_here(first, "--all-venvs", str(tmp_path / "all"), "lib", "--format=json", index=index)
    assert 1 == done.returncode
    found = json.loads(done.stdout)
    assert [0, 1, 0, None] == [each["exit_code"] for each in found]
    assert ["2.0", "2.0"] == [found[place]["report"]["packages"][0]["target"] for place in (0, 2)]
    assert "no Python environment found in" in found[1]["error"]
    assert ("uv", "uv tool upgrade tool") == (found[3]["left_to"], found[3]["command"])
    assert ("2.0", "2.0") == (installed(first)["lib"], installed(last)["lib"])
    nothing = from_here(first, "--all-venvs", str(tmp_path / "nothing"), index=index)
    assert (2, True) == (nothing.returncode, "error: no virtual environment in " in nothing.stderr)


@pytest.mark.parametrize("way", ["all-venvs", "as on Windows"])
def test_nobody_outlives_who_started_it(tmp_path: Path, index: LocalIndex, way: str) -> None:
    """Killed in the middle of a download, it takes the run in the environment along, which leaves that as it was."""
    env = venv(tmp_path / "envs" / "a")
    put(env, index.release("lib", "1.0"))
    index.release("lib", "2.0")
    index.fail("*lib-2.0-*.whl", hang=60)
    before = tree(env.path)
    script = "from pip_fastupdate.cli import main; import sys; sys.exit(main(sys.argv[1:]))"
    if way != "all-venvs":
        wait = "sys.exit(launch.replace_process(*launch.command(sys.argv[1], []), windows=True))"
        script = f"import sys; from pip_fastupdate.other_python import launch; {wait}"
    given = ["--all-venvs", str(env.path.parent)] if way == "all-venvs" else [str(env.path)]
    told = tmp_path / "told"
    with told.open("wb") as stderr:
        tool = replace(env, python=Path(sys.executable))
        parent = subprocess.Popen(
            [sys.executable, "-c", script, *given], env=variables(tool, index=index), stderr=stderr, cwd=env.home
        )
        with parent:
            wait_until((env.path / ".pip-fastupdate" / "1").exists, 30)
            parent.send_signal(signal.SIGKILL)
    wait_until(lambda: b"error: " in told.read_bytes() and before == tree(env.path), 30)
    assert "error: interrupted; the environment is unchanged" == told.read_text().splitlines()[-1]
