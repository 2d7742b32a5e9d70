"""The function of ``--shell-init`` in real shells, with a pip and a pip-update that only tell how they were called."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pip_fastupdate.arguments.shell.init import function_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shells are those of POSIX systems")

START = {"bash": ("--norc", "-c"), "zsh": ("-f", "-c"), "fish": ("--no-config", "-c")}
STATUS = {"bash": "$?", "zsh": "$?", "fish": "$status"}


@dataclass(frozen=True, kw_only=True)
class Shell:
    """A shell to be tried, and a folder with programs for it."""

    name: str
    program: str
    folder: Path

    def run(self, script: str, *folders: str, before: str = "", times: int = 1) -> subprocess.CompletedProcess[str]:
        """Runs the script where the function is defined, with the programs of ``folders`` on PATH."""
        init = self.folder / "init"
        init.write_text(f"{function_for(self.name)}\n", encoding="utf-8")
        load = f"eval {self._quoted('cat', init)}" if self.name != "fish" else f"source {shlex.quote(str(init))}"
        path = os.pathsep.join([*(str(self.folder / each / "bin") for each in folders), "/usr/bin", "/bin"])
        return subprocess.run(
            [self.program, *START[self.name], "\n".join([before, *[load] * times, script])],
            env={"PATH": path, "HOME": str(self.folder), "LC_ALL": "C"},
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )

    @staticmethod
    def _quoted(*words: object) -> str:
        return f'"$({shlex.join(map(str, words))})"'

    def install(self, environment: str, *programs: str, venv: bool = False) -> None:
        """Programs that tell the environment, their name and their arguments, and exit with 7."""
        folder = self.folder / environment / "bin"
        folder.mkdir(parents=True)
        for name in programs:
            told = f"printf '<%s>' {environment} {name} \"$@\"\nprintf '\\n'\nexit 7\n"
            (folder / name).write_text(f"#!/bin/sh\n{told}", encoding="utf-8")
            (folder / name).chmod(0o755)
        if venv:
            (folder.parent / "pyvenv.cfg").touch()


@pytest.fixture(params=list(START))
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    program = shutil.which(request.param)
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    return Shell(name=request.param, program=program, folder=tmp_path)


def test_update(shell: Shell) -> None:
    """``pip update`` runs pip-update with the other arguments as they are."""
    shell.install("env", "pip", "pip-update")
    done = shell.run("pip update -n 'two words' '*' '' '$HOME'", "env")
    assert (done.stdout, done.stderr, done.returncode) == ("<env><pip-update><-n><two words><*><><$HOME>\n", "", 7)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [("install 'two words' update", "<install><two words><update>"), ("", ""), ("updates", "<updates>")],
)
def test_everything_else(shell: Shell, arguments: str, expected: str) -> None:
    """Every other command is pip's."""
    shell.install("env", "pip", "pip-update")
    done = shell.run(f"pip {arguments}", "env")
    assert (done.stdout, done.stderr, done.returncode) == (f"<env><pip>{expected}\n", "", 7)


@pytest.mark.parametrize("command", ["pip update", "pip list"])
def test_exit_code_in_a_script(shell: Shell, command: str) -> None:
    """The exit code can be asked for."""
    shell.install("env", "pip", "pip-update")
    done = shell.run(f"{command}\necho {STATUS[shell.name]}", "env")
    assert done.stdout.splitlines()[-1] == "7"


def test_defined_twice(shell: Shell) -> None:
    """Defining the function again changes nothing."""
    shell.install("env", "pip", "pip-update")
    done = shell.run("pip update\npip list", "env", times=2)
    assert (done.stdout, done.stderr) == ("<env><pip-update>\n<env><pip><list>\n", "")


def test_active_environment(shell: Shell) -> None:
    """The pip-update beside the pip that would run is taken, not the first one on PATH."""
    shell.install("tools", "pip-update")
    shell.install("active", "pip", "pip-update", venv=True)
    assert shell.run("pip update", "tools", "active").stdout == "<active><pip-update>\n"


def test_environment_changes(shell: Shell) -> None:
    """After another environment is activated, its pip-update is taken."""
    shell.install("one", "pip", "pip-update")
    shell.install("two", "pip", "pip-update")
    change = f"PATH={shlex.quote(str(shell.folder / 'two' / 'bin'))}:$PATH"
    if shell.name == "fish":
        change = f"set -x PATH {shlex.quote(str(shell.folder / 'two' / 'bin'))} $PATH"
    assert shell.run(f"pip update\n{change}\npip update", "one").stdout == "<one><pip-update>\n<two><pip-update>\n"


def test_virtual_environment_without_it(shell: Shell) -> None:
    """Never is another environment updated in place of the active one."""
    shell.install("active", "pip", venv=True)
    shell.install("tools", "pip-update")
    done = shell.run("pip update", "active", "tools")
    pip = shell.folder / "active" / "bin" / "pip"
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (f"error: no pip-update next to {pip}\nhint: install pip-fastupdate into that environment\n")


@pytest.mark.parametrize("system", [("pip",), ()])
def test_user_installation(shell: Shell, system: tuple[str, ...]) -> None:
    """Where pip is the system's, or there is none, the pip-update on PATH is taken."""
    shell.install("system", *system)
    shell.install("user", "pip-update")
    done = shell.run("pip update a", "system", "user")
    assert (done.stdout, done.returncode) == ("<user><pip-update><a>\n", 7)


@pytest.mark.parametrize("alias", ["pip='pip --verbose'", "pip='python3 -m pip'"])
def test_alias(shell: Shell, alias: str) -> None:
    """An alias of the user's does not get in the way."""
    shell.install("env", "pip", "pip-update")
    before = {"bash": f"shopt -s expand_aliases\nalias {alias}"}.get(shell.name, f"alias {alias}")
    done = shell.run("eval 'pip update; pip list'", "env", before=before)
    assert (done.stdout, done.stderr) == ("<env><pip-update>\n<env><pip><list>\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
@pytest.mark.parametrize("options", ["set -eu", "set -u"])
def test_strict_scripts(shell: Shell, options: str) -> None:
    """A script that stops at unset variables can use the function."""
    shell.install("env", "pip", "pip-update")
    done = shell.run("pip || echo $?\npip update || echo $?", "env", before=options)
    assert (done.stdout, done.stderr) == ("<env><pip>\n7\n<env><pip-update>\n7\n", "")


@pytest.mark.parametrize("shell", ["zsh"], indirect=True)
def test_noglob_alias(shell: Shell) -> None:
    """The alias that many zsh users have, which keeps brackets from being globs, still works."""
    shell.install("env", "pip", "pip-update")
    done = shell.run("eval 'pip install a[b]; pip update a[b]'", "env", before="alias pip='noglob pip'")
    assert (done.stdout, done.stderr) == ("<env><pip><install><a[b]>\n<env><pip-update><a[b]>\n", "")
