"""Environments that must not be changed: marked, wrong, or not writable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environments import Env, variables

CHECK = """
import json, sys
from pip_fastupdate.environment import guard
from pip_fastupdate.core.errors import PipUpdateError
from pip_fastupdate.core.settings import Settings

options = json.loads(sys.argv[1])
changing = options.pop("changing", True)
try:
    guard.check(Settings(index_url=None, **options), changing=changing)
except PipUpdateError as error:
    print(type(error).__name__, "|", error.message, "|", error.hint)
else:
    print("fine")
"""


def check(python: Path, env: Env, *, env_vars: dict[str, str] | None = None, **options: bool) -> str:
    """What the guard says to these settings, run by that interpreter."""
    done = subprocess.run(
        [python, "-c", CHECK, json.dumps(options)],
        env=variables(env, env_vars=env_vars),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_virtual_environment_is_fine(environment: Env) -> None:
    """The usual case, also where one is required."""
    assert check(environment.python, environment) == "fine"
    assert check(environment.python, environment, require_virtualenv=True) == "fine"
    assert list(environment.path.rglob(".pip-fastupdate*")) == []


def test_user_site_of_a_virtual_environment(environment: Env, make_env: Callable[..., Env]) -> None:
    """pip refuses it as well, or means somebody else's packages."""
    for env in (environment, make_env("other", system_site_packages=True)):
        assert check(env.python, env, user=True).startswith(
            "UsageError | cannot use --user: a virtual environment has no user site-packages"
        )


@pytest.fixture
def system(environment: Env, tmp_path: Path) -> tuple[Path, dict[str, str], Path]:
    """An interpreter that is no virtual environment: its path, variables for it, and its folder of modules.

    It is the one that runs the tests, with a home made of links.
    """
    if os.name == "nt":
        pytest.skip("the interpreter's home cannot be made of links there")
    home = tmp_path / "home"
    stdlib = home / Path(sysconfig.get_path("stdlib")).relative_to(sys.base_prefix)
    stdlib.mkdir(parents=True)
    for entry in Path(sysconfig.get_path("stdlib")).iterdir():
        if entry.name not in ("site-packages", "EXTERNALLY-MANAGED"):
            (stdlib / entry.name).symlink_to(entry)
    (stdlib / "site-packages").mkdir()
    (home / "bin").mkdir()
    folders = (environment.site_packages / "zz-tests.pth").read_text().splitlines()[:2]
    python = Path(sys.base_prefix, "bin", "python{}.{}".format(*sys.version_info))
    said = {"PYTHONHOME": str(home), "PYTHONPATH": os.pathsep.join(folders), "PYTHONUSERBASE": str(tmp_path / "user")}
    return python, said, stdlib


System = tuple[Path, "dict[str, str]", Path]


def test_interpreter_that_is_no_virtual_environment(environment: Env, system: System) -> None:
    """Fine, unless the user's settings ask for more."""
    python, said, _ = system
    assert check(python, environment, env_vars=said) == "fine"
    assert check(python, environment, env_vars=said, user=True) == "fine"
    refused = check(python, environment, env_vars=said, require_virtualenv=True)
    assert refused.startswith("EnvironmentRefused | ")
    assert "is not a virtual environment" in refused
    assert "PIP_REQUIRE_VIRTUALENV" in refused
    without = {**said, "PYTHONNOUSERSITE": "1"}
    assert "disabled for this Python" in check(python, environment, env_vars=without, user=True)


def test_externally_managed(environment: Env, system: System) -> None:
    """PEP 668: refused with a way out, overruled by pip's own option, and no matter to a dry run."""
    python, said, stdlib = system
    (stdlib / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=Use apt.\n")
    refused = check(python, environment, env_vars=said)
    assert refused.startswith("EnvironmentRefused | ")
    assert "PEP 668" in refused
    assert "python -m venv" in refused
    assert check(python, environment, env_vars=said, break_system_packages=True) == "fine"
    assert check(python, environment, env_vars=said, changing=False) == "fine"
    assert check(environment.python, environment) == "fine"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_site_packages_that_cannot_be_written(environment: Env, system: System) -> None:
    """Not even by root; another way is named where there is one."""
    python, said, stdlib = system
    (stdlib / "site-packages").rmdir()
    (stdlib / "site-packages").symlink_to("/proc")
    refused = check(python, environment, env_vars=said)
    assert refused.startswith(f"EnvironmentRefused | {stdlib / 'site-packages'} is not writable | ")
    assert refused.endswith("or update only your own packages with --user")
    assert check(python, environment, env_vars=said, user=True) == "fine"
    assert check(python, environment, env_vars=said, changing=False) == "fine"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_virtual_environment_that_cannot_be_written(environment: Env, system: System) -> None:
    """There is no other way, then."""
    moved = environment.path.with_name("moved")
    environment.site_packages.rename(moved)
    environment.site_packages.symlink_to("/proc")
    refused = check(environment.python, environment, env_vars={"PYTHONPATH": system[1]["PYTHONPATH"]})
    assert refused.startswith("EnvironmentRefused | ")
    assert "--user" not in refused
