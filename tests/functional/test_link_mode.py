"""``--link-mode``: files that several environments share with the cache."""

from __future__ import annotations

import json
import random
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex

NEW = {"app": "2.0"}
FILES: dict[str, str | bytes] = {
    "app/__init__.py": "VALUE = 2\n",
    "app/empty.py": "",
    "app/data.bin": random.Random(0).randbytes(3_000_000),
}


@pytest.fixture
def machines(make_env: Callable[..., Env], index: LocalIndex) -> list[Env]:
    """Three with the same update, and one cache."""
    old = index.release("app", "1.0")
    index.release("app", "2.0", files=FILES)
    made = [make_env(name) for name in ("one", "two", "three")]
    for env in made:
        install(env, [old])
    return made


def _update(env: Env, index: LocalIndex, cache: Path, *words: str) -> str:
    done = run(env, f"--cache-dir={cache}", *words, index=index)
    assert (0, NEW) == (done.returncode, installed(env)), done.stderr
    return done.stderr


def _content(env: Env) -> dict[str, tuple[bytes, int]]:
    """Return content and permissions of all that the update installed."""
    return {
        str(path.relative_to(env.site_packages)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for folder in env.site_packages.glob("app*")
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_hard_links(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """Environments share the modules, nothing else, and get what a run without links writes."""
    cache = tmp_path / "cache"
    one, two, three = machines
    for env in (one, two):
        assert "warning" not in _update(env, index, cache, "--link-mode=hardlink")
    _update(three, index, tmp_path / "other")
    assert _content(one) == _content(two) == _content(three)
    shared = {
        str(path.relative_to(one.site_packages))
        for path in one.site_packages.glob("app*/*")
        if path.is_file() and path.samefile(two.site_packages / path.relative_to(one.site_packages))
    }
    assert {"app/__init__.py", "app/data.bin"} == shared
    assert 1 == (three.site_packages / "app/data.bin").stat().st_nlink

    info = json.loads(run(one, f"--cache-dir={cache}", "--cache-info", "--format=json").stdout)
    assert (1, 3_000_010) == (info["wheels"], info["unpacked_bytes"])
    assert "unpacked files" in run(one, f"--cache-dir={cache}", "--cache-info").stdout
    assert 0 == run(one, f"--cache-dir={cache}", "--cache-clear").returncode
    assert [] == list(cache.rglob("*.files"))
    assert (two.site_packages / "app/__init__.py").read_text() == "VALUE = 2\n"


def test_edited_file_is_not_used(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """What is edited in one environment does not get into the next one."""
    one, two, _ = machines
    cache = tmp_path / "cache"
    _update(one, index, cache, "--link-mode=hardlink")
    (one.site_packages / "app/__init__.py").write_text("VALUE = 'edited'\n")
    _update(two, index, cache, "--link-mode=hardlink")
    assert (two.site_packages / "app/__init__.py").read_text() == "VALUE = 2\n"


def test_undo(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """An undo in one environment leaves the others alone."""
    one, two, _ = machines
    for env in (one, two):
        _update(env, index, tmp_path / "cache", "--link-mode=hardlink")
    assert 0 == run(two, "--undo").returncode
    assert ({"app": "1.0"}, NEW) == (installed(two), installed(one))
    assert (one.site_packages / "app/__init__.py").read_text() == "VALUE = 2\n"


def test_eviction(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """Unpacked files go before the wheel of the same day does."""
    cache = tmp_path / "cache"
    _update(machines[0], index, cache, "--link-mode=hardlink")
    wheels = sum(path.stat().st_size for path in cache.rglob("*.whl"))
    limit = wheels + 1_000_000
    _update(machines[1], index, cache, "--link-mode=hardlink", f"--cache-limit={limit}", "--refresh")
    assert [] == list(cache.rglob("*.files"))
    assert 1 == len(list(cache.rglob("*.whl")))


def test_file_system_that_cannot(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """One warning says so, and files are unpacked."""
    said = _update(machines[0], index, tmp_path / "cache", "--link-mode=clone")
    if "warning" in said:
        assert 1 == said.count("warning: could not clone files from ")
        assert "--link-mode unpack" in said
    assert [] == list((tmp_path / "cache").rglob("*.part"))


def test_setting(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """It can be set once and for all, and a wrong value is refused."""
    shown = run(machines[0], "--show-config", env_vars={"PIP_UPDATE_LINK_MODE": "hardlink"})
    assert "link-mode = hardlink" in shown.stdout
    done = run(machines[0], index=index, env_vars={"PIP_UPDATE_LINK_MODE": "symlink"})
    assert 2 == done.returncode
    assert "link-mode" in done.stderr
