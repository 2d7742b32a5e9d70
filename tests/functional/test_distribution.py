"""What is released: the same bytes from the same sources, an sdist with everything, a wheel that lacks nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("flit_core", reason="flit_core is not installed")

ROOT = Path(__file__).parents[2]
if not (ROOT / "pip_fastupdate").exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)
BUILD = (
    "import sys; from flit_core import buildapi; buildapi.build_sdist(sys.argv[1]); buildapi.build_wheel(sys.argv[1])"
)
LEFT_OUT = (
    ".git",
    ".venv",
    "*.egg-info",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    ".nox",
    "dist",
    "build",
    ".coverage*",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Copies the sources, has all of their files be as old as asked for, and builds both in a process."""

    def build(name: str, modified: int) -> Path:
        source, made = tmp_path_factory.mktemp(f"{name}-source") / "x", tmp_path_factory.mktemp(name)
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        for each in source.rglob("*"):
            os.utime(each, (modified, modified), follow_symlinks=False)
        (source / "tests" / "__pycache__").mkdir()
        (source / "tests" / "__pycache__" / f"{name}.pyc").touch()
        env = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([sys.executable, "-c", BUILD, str(made)], cwd=source, env=env, check=True)
        return made

    return build


@pytest.fixture(scope="module")
def twice(built: Callable[[str, int], Path]) -> tuple[Path, Path]:
    """Two builds of sources that differ in their files' times only."""
    return built("one", 1_600_000_000), built("two", 1_700_000_001)


def test_reproducible(twice: tuple[Path, Path]) -> None:
    """The same bytes, wherever and whenever."""
    contents = [{each.name: each.read_bytes() for each in folder.iterdir()} for folder in twice]
    assert contents[0] == contents[1]
    assert {".whl", ".gz"} == {Path(each).suffix for each in contents[0]}


def test_sdist_is_complete(twice: tuple[Path, Path]) -> None:
    """All that is kept in the repository, and nothing else but its PKG-INFO."""
    [path] = twice[0].glob("*.tar.gz")
    with tarfile.open(path) as archive:
        found = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode or not listed.stdout:
        kept = {"README.md", "tests/conftest.py", "docs/architecture.md", ".ci/run", "setup.cfg", "action.yml"}
        assert kept <= found
        return
    kept = {each for each in listed.stdout.splitlines() if (ROOT / each).exists()}
    assert set() == kept - found
    assert not [each for each in found if each.endswith(".pyc")]


def test_wheel_has_every_file_of_the_package(twice: tuple[Path, Path]) -> None:
    """Also those that are no modules; and no tests."""
    [path] = twice[0].glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        found = {each for each in archive.namelist() if ".dist-info/" not in each}
    package = ROOT / "pip_fastupdate"
    kept = {each.relative_to(ROOT).as_posix() for each in package.rglob("*") if each.is_file()}
    assert {each for each in kept if not each.endswith((".pyc", ".pyo"))} == found
