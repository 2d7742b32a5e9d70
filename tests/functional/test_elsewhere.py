"""``--python``: another interpreter's environment is updated by a program that is not installed there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pip_fastupdate.other_python import launch
from tests.support.environments import Env, install, installed, run, tree, variables
from tests.support.local_index import LocalIndex

HOME = ".pip-fastupdate"
BASE = Path(getattr(sys, "_base_executable", sys.executable))
if sys.prefix != sys.base_prefix and Path(sys.executable) == BASE:  # Python 3.10, in an environment that uv made
    BASE = Path(sys.base_prefix, "bin", BASE.name)


def from_here(
    env: Env, *arguments: str, index: LocalIndex | None = None, env_vars: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program of the interpreter that runs the tests, with the settings of somebody in ``env``."""
    return run(replace(env, python=Path(sys.executable)), *arguments, index=index, env_vars=env_vars)


def venv(path: Path, python: Path = BASE) -> Env:
    """A virtual environment in which there is nothing at all, no pip either."""
    subprocess.run([str(python), "-m", "venv", "--without-pip", str(path)], check=True)
    return described(path)


def described(path: Path) -> Env:
    """An environment that was made by whatever means."""
    env = Env(path=path, python=path / "bin/python", site_packages=next(path.glob("lib/python*/site-packages")))
    env.home.mkdir(exist_ok=True)
    return env


def put(env: Env, *wheels: Path) -> None:
    """Install into an environment without pip."""
    command = [sys.executable, "-m", "pip", "--python", str(env.python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*command, *(f"--find-links={each.parent}" for each in wheels), *map(pinned, wheels)], check=True)


def pinned(wheel: Path) -> str:
    """The requirement for just this wheel."""
    return "{}=={}".format(*wheel.name.split("-")[:2])


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environments of these tests are laid out as on POSIX")


@pytest.fixture
def bare(tmp_path: Path, index: LocalIndex) -> Env:
    """An environment without pip, with something to update."""
    env = venv(tmp_path / "bare")
    put(env, index.release("app", "1.0", scripts={"app": "app:main"}), index.release("lib", "1.0"))
    index.release("app", "2.0", requires=["lib>=2"], scripts={"app": "app:main"})
    index.release("lib", "2.0")
    return env


UPDATED = {"app": "2.0", "lib": "2.0"}


@pytest.mark.parametrize("named", ["folder", "interpreter"])
def test_environment_without_pip(bare: Env, index: LocalIndex, named: str) -> None:
    """It is updated, nothing of ours gets into it, and its scripts are run by its own interpreter."""
    target = bare.path if named == "folder" else bare.python
    done = from_here(bare, "--python", str(target), "--format", "json", index=index)
    assert (0, UPDATED) == (done.returncode, installed(bare))
    assert done.stderr.startswith(f"{bare.path}: Python {'.'.join(map(str, sys.version_info[:3]))}, pip ")
    assert UPDATED.keys() == {each["name"] for each in json.loads(done.stdout)["packages"]}
    assert {"app", "app-2.0.dist-info", "lib", "lib-2.0.dist-info"} == {
        each.name for each in bare.site_packages.iterdir() if each.name != "__pycache__"
    }
    assert f"#!{bare.python}\n" == (bare.scripts / "app").read_text().splitlines(keepends=True)[0]


def test_history_and_undo(bare: Env, index: LocalIndex) -> None:
    """The transactions are those of the target."""
    target = ["--python", str(bare.path)]
    before = tree(bare.path, ignore=[HOME])
    from_here(bare, *target, index=index)
    (entry,) = json.loads(from_here(bare, *target, "--history", "--format", "json").stdout)["transactions"]
    assert {"name": "lib", "before": "1.0", "after": "2.0"} in entry["changes"]
    assert 0 == from_here(bare, *target, "--undo").returncode
    assert before == tree(bare.path, ignore=[HOME])


def test_exit_code_and_second_run(bare: Env, index: LocalIndex) -> None:
    """Exit codes come through, and a repeated run asks nothing."""
    target = ["--python", str(bare.path)]
    assert 3 == from_here(bare, *target, "--check", index=index).returncode
    assert 0 == from_here(bare, *target, index=index).returncode
    index.reset()
    assert 0 == from_here(bare, *target, "--check", index=index).returncode
    assert [] == index.requests


def test_setting_of_pip(bare: Env, index: LocalIndex) -> None:
    """PIP_PYTHON says the same; the option overrules it."""
    there = {"PIP_PYTHON": str(bare.path)}
    assert 0 == from_here(bare, index=index, env_vars=there).returncode
    assert UPDATED == installed(bare)
    done = from_here(bare, "--python", str(bare.path), "--check", index=index, env_vars={"PIP_PYTHON": "/nowhere"})
    assert 0 == done.returncode


def test_configuration_of_the_target(bare: Env, index: LocalIndex) -> None:
    """The configuration file in the target's prefix counts."""
    (bare.path / "pip.conf").write_text(f"[global]\nindex-url = {index.index_url}\n")
    none = {"PIP_INDEX_URL": None, "PIP_CONFIG_FILE": None}
    assert 0 == from_here(bare, "--python", str(bare.path), env_vars=none).returncode
    assert UPDATED == installed(bare)


def test_rules_for_the_target(bare: Env) -> None:
    """What is asked of an environment is asked of the target, though we ourselves may be in a virtual one."""
    done = from_here(bare, "--python", str(BASE), "--require-virtualenv", "--check")
    assert 1 == done.returncode
    assert "is not a virtual environment" in done.stderr


def test_own_dependencies_of_the_target(bare: Env, index: LocalIndex) -> None:
    """Whatever versions of what we stand on are there, even imported before us: they are not what we use."""
    poison = 'raise RuntimeError("not this one")\n'
    names = ["requests", "attrs", "packaging", "msgspec", "pip", "rich", "chardet"]
    modules = {"attrs": ("attr/__init__.py", "attrs/__init__.py")}
    files = {name: dict.fromkeys(modules.get(name, (f"{name}/__init__.py",)), poison) for name in names}
    put(bare, *(index.release(name, "0.1", files=files[name]) for name in names))
    for name in names:
        index.release(name, "0.2", files=files[name])
    early = bare.site_packages / "urllib3.py"
    early.write_text("")
    (bare.site_packages / "early.pth").write_text("import urllib3\n")
    done = from_here(bare, "--python", str(bare.path), index=index)
    assert (0, UPDATED | dict.fromkeys(names, "0.2")) == (done.returncode, installed(bare)), done.stderr
    assert "RuntimeError" not in done.stderr


def test_program_of_the_target(make_env: Callable[..., Env], index: LocalIndex) -> None:
    """A program of ours in the target gives way to the one that was called."""
    env = make_env()
    install(env, [index.release("app", "1.0")])
    index.release("app", "2.0")
    (env.site_packages / "zzz-early.pth").write_text("import pip_fastupdate.core.errors, certifi\n")
    done = from_here(env, "--python", str(env.path), index=index)
    assert (0, {"app": "2.0"}) == (done.returncode, installed(env)), done.stderr


def test_itself(make_env: Callable[..., Env], index: LocalIndex) -> None:
    """To be sent where one is changes nothing: no metadata of ours is needed for it."""
    env = make_env()
    install(env, [index.release("app", "1.0")])
    index.release("app", "2.0")
    assert 0 == run(env, "--python", str(env.path), index=index).returncode
    assert {"app": "2.0"} == installed(env)


def test_building_from_source(bare: Env, index: LocalIndex) -> None:
    """pip's build machinery, which runs pip in another process, needs none in the target either."""
    index.release_sdist("lib", "3.0")
    done = from_here(bare, "--python", str(bare.path), "--build", "lib", index=index)
    assert (0, {"app": "2.0", "lib": "3.0"}) == (done.returncode, installed(bare)), done.stderr


@pytest.mark.skipif(shutil.which("uv") is None, reason="there is no uv")
def test_environment_made_by_uv(tmp_path: Path, index: LocalIndex) -> None:
    """uv's environments have no pip, and look a little different."""
    path = tmp_path / "made-by-uv"
    said = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(["uv", "venv", "-q", "--no-config", "--python", str(BASE), str(path)], env=said, check=True)
    env = described(path)
    index.release("app", "1.0")
    command = ["uv", "pip", "install", "-q", "--no-index", "--no-deps", "--no-cache", "--python", str(env.python)]
    subprocess.run([*command, f"--find-links={index.folder}", "app==1.0"], env=variables(env), check=True)
    index.release("app", "2.0")
    done = from_here(env, "--python", str(path), index=index)
    assert (0, {"app": "2.0"}) == (done.returncode, installed(env)), done.stderr


def interpreters() -> dict[tuple[int, int], Path]:
    """Other interpreters that happen to be here, by their versions."""
    found = {}
    for python in Path("~/.pyenv/versions").expanduser().glob("*/bin/python"):
        major, minor = python.parents[1].name.split(".")[:2]
        if major.isdecimal() and minor.isdecimal():
            found[int(major), int(minor)] = python
    return found


OTHERS = interpreters()


@pytest.mark.parametrize("version", [each for each in sorted(OTHERS) if each < (3, 10)] or [None])
def test_python_that_is_too_old(bare: Env, version: tuple[int, int] | None) -> None:
    """However old it is, it says so itself."""
    if version is None:
        pytest.skip("there is no old Python")
    done = from_here(bare, "--python", str(OTHERS[version]))
    assert 2 == done.returncode
    assert done.stderr.startswith(f"error: {OTHERS[version]} is Python {version[0]}.{version[1]}.")
    assert "pip-update requires 3.10 or newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_of_another_version(bare: Env, tmp_path: Path) -> None:
    """What is compiled for one minor version of Python cannot be used with another."""
    others = [each for each in OTHERS if each >= (3, 10) and each != sys.version_info[:2]]
    if not others:
        pytest.skip("there is no other Python")
    env = venv(tmp_path / "other", OTHERS[others[0]])
    done = from_here(bare, "--python", str(env.path))
    assert 2 == done.returncode
    assert "is compiled for Python {}.{} (".format(*sys.version_info) in done.stderr
    assert f"\nhint: run `uvx --python {others[0][0]}.{others[0][1]} " in done.stderr
    assert [] == [each for each in env.path.iterdir() if each.name == HOME]


@pytest.mark.parametrize("given", ["/no/such/python", "empty", "script", "/bin/cat"])
def test_what_is_no_python(bare: Env, tmp_path: Path, given: str) -> None:
    """One sentence, a hint, wrong usage."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "script").write_text("")
    done = from_here(bare, "--python", str(tmp_path / given))
    assert 2 == done.returncode
    assert done.stderr.startswith("error: ")
    assert "\nhint: " in done.stderr
    assert 2 == len(done.stderr.splitlines())


def test_waiting_for_a_child() -> None:
    """Where a process cannot be replaced, its exit code is waited for, Ctrl-C or not."""
    code = "import os, signal, sys, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(0.2); sys.exit(4)"
    assert 4 == launch.replace_process([sys.executable, "-c", code], dict(os.environ), windows=True)


def test_tool_without_metadata(make_env: Callable[..., Env], index: LocalIndex, bare: Env) -> None:
    """A program that was not installed by an installer cannot say what belongs to it, and says that."""
    done = run(make_env(), "--python", str(bare.path), index=index)
    assert 1 == done.returncode
    assert "pip-fastupdate is not installed" in done.stderr
