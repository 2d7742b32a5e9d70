"""``--lock-file``: written by real runs, and applied by other installers on what could be other machines."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import NOWHERE, Env, install, installed, pip, pip_install, run, tree, variables
from tests.support.local_index import LocalIndex
from tests.support.wheels import make_project, make_wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

pytest.importorskip("packaging.pylock", reason="packaging is older than 26")


def locked(path: Path) -> dict[str, dict[str, Any]]:
    """The packages of a lock file, by name."""
    return {each["name"]: each for each in tomllib.loads(path.read_text(encoding="utf-8"))["packages"]}


def versions(path: Path) -> dict[str, str | None]:
    """Names and versions in a lock file."""
    return {name: each.get("version") for name, each in locked(path).items()}


@pytest.fixture
def small(environment: Env, index: LocalIndex) -> Env:
    """One package goes to its newest, one is held, one is current and one brings a new one along."""
    old = [
        index.release("app", "1.0", requires=["lib>=1"]),
        index.release("lib", "1.0"),
        index.release("cap", "1.0", requires=["lib<3"]),
    ]
    index.release("app", "2.0", requires=["lib>=2", "extra-lib"], scripts={"app": "app:main"})
    index.release("lib", "2.5")
    index.release("lib", "3.0")
    index.release("extra-lib", "0.1")
    install(environment, old)
    return environment


UPDATED = {"app": "2.0", "cap": "1.0", "extra-lib": "0.1", "lib": "2.5"}


@pytest.mark.parametrize(("flag", "code"), [("--check", 3), ("--dry-run", 0)])
def test_plan_as_a_lock(small: Env, index: LocalIndex, tmp_path: Path, flag: str, code: int) -> None:
    """The plan is locked, the environment is left alone."""
    before, path = tree(small.path), tmp_path / "pylock.toml"
    done = run(small, flag, "--lock-file", str(path), index=index)
    assert code == done.returncode, done.stderr
    assert UPDATED == versions(path), done.stderr
    assert f"locked 4 packages in {path}" in done.stderr
    assert before == tree(small.path)


def test_lock_of_what_was_done(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """After an update the lock is what is installed, and so it is when there is nothing left to do."""
    path = tmp_path / "pylock.dev.toml"
    assert 0 == run(small, "--lock-file", str(path), index=index).returncode
    assert UPDATED == installed(small) == versions(path)
    text = path.read_text()
    path.unlink()
    assert 0 == run(small, "--lock-file", str(path), index=index).returncode
    assert text == path.read_text()
    assert [path] == list(tmp_path.glob("*pylock*"))


def test_relative_path(small: Env, index: LocalIndex) -> None:
    """A relative path is one below the current folder."""
    run(small, "--check", "--lock-file", "pylock.toml", index=index)
    assert UPDATED == versions(small.home / "pylock.toml")


def test_everything_is_locked_whatever_is_updated(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """What is not named, and what is excluded, is in the lock with its present version."""
    path = tmp_path / "pylock.toml"
    run(small, "--check", "lib", "--lock-file", str(path), index=index)
    assert {"app": "1.0", "cap": "1.0", "lib": "2.5"} == versions(path)
    run(small, "--check", "-x", "*", "--lock-file", str(path), index=index)
    assert {"app": "1.0", "cap": "1.0", "lib": "1.0"} == versions(path)


def test_yanked_version_that_stays(environment: Env, index: LocalIndex, tmp_path: Path) -> None:
    """What is installed can be locked though nobody would choose it any more."""
    wheel = index.release("app", "1.0")
    install(environment, [wheel])
    index.add(wheel, yanked="broken")
    path = tmp_path / "pylock.toml"
    assert 0 == run(environment, "--lock-file", str(path), index=index).returncode
    assert {"app": "1.0"} == versions(path)


@pytest.mark.parametrize("metadata", [{"json_api": True}, {"json_api": False, "simple_json": False}])
def test_fields_of_any_index(environment: Env, index: LocalIndex, tmp_path: Path, metadata: dict[str, bool]) -> None:
    """The file's URL and hash are there whichever pages the index has."""
    index.json_api, index.simple_json = metadata["json_api"], metadata.get("simple_json", True)
    wheel = index.release("app", "1.0")
    install(environment, [wheel])
    path = tmp_path / "pylock.toml"
    run(environment, "--lock-file", str(path), index=index)
    (found,) = locked(path)["app"]["wheels"]
    assert index.file_url(wheel) == found["url"]
    assert 64 == len(found["hashes"]["sha256"])
    assert index.index_url == locked(path)["app"]["index"]


def test_what_is_not_on_the_index(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """A lock without it would be wrong: nothing is changed, nothing written, and all that is missing is named."""
    install(small, [make_wheel(tmp_path, "private", "1.0"), make_wheel(tmp_path, "other", "2.0")])
    before, path = tree(small.path), tmp_path / "pylock.toml"
    path.write_text("the old one")
    done = run(small, "--lock-file", str(path), index=index)
    assert 1 == done.returncode
    assert "other 2.0 (not found on the index), private 1.0 (not found on the index)" in done.stderr
    assert "hint: " in done.stderr
    assert (before, "the old one") == (tree(small.path), path.read_text())
    assert [path] == list(tmp_path.glob("*pylock*"))


def test_version_that_the_index_has_no_more(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """The project is there, the version that stays is not."""
    index.remove("cap", "1.0")
    index.release("cap", "0.9")
    done = run(small, "--lock-file", str(tmp_path / "pylock.toml"), index=index)
    assert 1 == done.returncode
    assert "cap 1.0 (no index has this version)" in done.stderr


def test_package_that_is_dropped_on_the_way(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """What fails to be installed is locked at the version that stays."""
    path = tmp_path / "pylock.toml"
    index.fail("/files/app-2.0-*.whl", corrupt=True)
    done = run(small, "--lock-file", str(path), index=index)
    assert 4 == done.returncode
    assert {"app": "1.0", "cap": "1.0", "lib": "2.5"} == versions(path) == installed(small)


def test_failed_run_leaves_no_lock(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """Without an update there is no new lock."""
    index.fail("/files/*.whl", drop=True)
    done = run(small, "--retries", "0", "--lock-file", str(tmp_path / "pylock.toml"), index=index)
    assert 1 == done.returncode
    assert [] == list(tmp_path.glob("*pylock*"))


def test_place_that_cannot_be_taken(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """A directory is wrong usage: that is said before anything is asked for or changed."""
    (tmp_path / "pylock.toml").mkdir()
    before = installed(small)
    done = run(small, "--lock-file", str(tmp_path / "pylock.toml"), index=index)
    assert (2, before, []) == (done.returncode, installed(small), index.requests)
    assert ["pylock.toml"] == [each.name for each in tmp_path.glob("*pylock*")]


@pytest.mark.parametrize(
    "name", ["lock.toml", "pylock.toml.txt", "pylock.a.b.toml", "pylock..toml", "missing/pylock.toml"]
)
def test_wrong_names(small: Env, index: LocalIndex, tmp_path: Path, name: str) -> None:
    """A name that PEP 751 does not allow, or a folder that is not there, is wrong usage."""
    done = run(small, "--lock-file", str(tmp_path / name), index=index)
    assert 2 == done.returncode
    assert [] == index.requests


def test_what_came_from_elsewhere(environment: Env, index: LocalIndex, tmp_path: Path) -> None:
    """Folders and archives are locked as what they are; what others need for that is told."""
    make_project(tmp_path / "mine", "p-edit", "1.0")
    wheel, served = make_wheel(tmp_path, "p-file", "1.0"), index.release("p-web", "1.0")
    sources = ["-e", str(tmp_path / "mine"), str(wheel), f"p-web @ {index.file_url(served)}"]
    pip_install(environment, "--no-build-isolation", "--no-deps", *sources, index=index)
    path = tmp_path / "pylock.toml"
    done = run(environment, "--lock-file", str(path), index=index)
    assert 0 == done.returncode
    found = locked(path)
    assert {"path": "mine", "editable": True} == found["p-edit"]["directory"]
    assert wheel.name == found["p-file"]["archive"]["path"]
    assert index.file_url(served) == found["p-web"]["archive"]["url"]
    assert "which must also exist on other machines: p-edit, p-file\n" in done.stderr
    assert "pip refuses them): p-edit\n" in done.stderr


def test_parent_environment_is_not_locked(make_env: Callable[..., Env], index: LocalIndex, tmp_path: Path) -> None:
    """What is merely visible is named, and left out."""
    env, parent = make_env(), tmp_path / "parent"
    install(env, [index.release("app", "1.0")])
    make_wheel(tmp_path, "visible", "1.0")
    pip(env, "install", "-q", "--no-index", "--target", str(parent), str(tmp_path / "visible-1.0-py3-none-any.whl"))
    path = tmp_path / "pylock.toml"
    done = run(env, "--lock-file", str(path), index=index, env_vars={"PYTHONPATH": str(parent)})
    assert 0 == done.returncode
    assert {"app": "1.0"} == versions(path)
    assert "not locked because they are outside this environment: visible\n" in done.stderr


def pip_reads_locks() -> bool:
    """Whether the pip that runs the tests can install from a lock file (26.1 and newer)."""
    try:
        from pip._internal.utils.pylock import select_from_pylock_path_or_url
    except ImportError:
        return False
    return callable(select_from_pylock_path_or_url)


@pytest.mark.skipif(not pip_reads_locks(), reason="this pip cannot install from lock files")
def test_applied_by_pip(small: Env, make_env: Callable[..., Env], index: LocalIndex, tmp_path: Path) -> None:
    """``pip install -r pylock.toml`` makes the same environment, and needs no index for it."""
    path = tmp_path / "pylock.toml"
    run(small, "--lock-file", str(path), index=index)
    fresh = make_env("fresh")
    pip(fresh, "install", "--quiet", "-r", str(path), index=NOWHERE)
    assert installed(small) == installed(fresh)


uv = pytest.mark.skipif(shutil.which("uv") is None, reason="there is no uv")


def with_uv(env: Env, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``uv pip`` on the environment."""
    command = ["uv", "pip", *arguments, "--python", str(env.python), "--no-cache"]
    return subprocess.run(command, env=variables(env), capture_output=True, text=True, check=False)


@uv
@pytest.mark.parametrize("how", [["install", "-r"], ["sync"]])
def test_applied_by_uv(
    small: Env, make_env: Callable[..., Env], index: LocalIndex, tmp_path: Path, how: list[str]
) -> None:
    """``uv pip install -r pylock.toml`` and ``uv pip sync pylock.toml`` make the same environment."""
    path = tmp_path / "pylock.toml"
    run(small, "--lock-file", str(path), index=index)
    fresh = make_env("fresh")
    done = with_uv(fresh, *how, str(path))
    assert (0, installed(small)) == (done.returncode, installed(fresh)), done.stderr


@uv
def test_other_machines_are_refused(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """A lock for another platform is not applied by mistake."""
    path = tmp_path / "pylock.toml"
    run(small, "--check", "--lock-file", str(path), index=index)
    path.write_text(path.read_text().replace(f'\\"{sys.platform}\\"', '\\"beos\\"'))
    done = with_uv(small, "install", "-r", str(path))
    assert 0 != done.returncode
    assert "not supported" in done.stderr


def test_publishers(small: Env, index: LocalIndex, tmp_path: Path) -> None:
    """Who published a file, as the index has it of the file that is locked; left out where it cannot be had."""
    path = tmp_path / "pylock.toml"
    publisher = {"kind": "GitHub", "repository": "acme/lib", "workflow": "release.yml", "environment": None}
    body = json.dumps({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": []}]})
    index.add(index.folder / "lib-2.5-py3-none-any.whl", provenance=body.encode())
    index.add(index.folder / "cap-1.0-py3-none-any.whl", provenance=b"<html>")
    assert 0 == run(small, "-n", index=index).returncode
    assert [] == index.paths("*.provenance")
    for _ in range(2):
        assert 0 == run(small, "-n", "--lock-file", str(path), index=index).returncode
        found = {name: each.get("attestation-identities") for name, each in locked(path).items()}
        expected = [{"kind": "GitHub", "repository": "acme/lib", "workflow": "release.yml"}]
        assert {"app": None, "cap": None, "extra-lib": None, "lib": expected} == found
        assert 1 == len(index.paths("/files/lib-2.5-*.provenance"))
