"""``--shared-wheels``: several machines, each with a cache of its own, and one store of wheels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.test_secrets import leaks
from tests.support.environments import Env, install, installed, run
from tests.support.local_index import LocalIndex

fsspec = pytest.importorskip("fsspec")
NEW = {"app": "2.0", "new": "1.0"}


@pytest.fixture
def machines(make_env: Callable[..., Env], index: LocalIndex) -> list[Env]:
    """Two with the same update."""
    old = index.release("app", "1.0")
    index.release("app", "2.0", requires=["new"])
    index.release("new", "1.0")
    made = [make_env(name) for name in ("one", "two")]
    for env in made:
        install(env, [old])
    return made


def test_one_downloads_for_all(machines: list[Env], index: LocalIndex, tmp_path: Path) -> None:
    """The index sends each file once; the cache of the first one is a store for a web server, too."""
    shared, library = tmp_path / "shared", tmp_path / "library"
    library.mkdir()
    (library / "fsspec").symlink_to(Path(fsspec.__file__).parent)
    there = {"PYTHONPATH": str(library)}
    for number, env in enumerate(machines):
        done = run(env, "--shared-wheels", shared.as_uri(), "--format", "json", index=index, env_vars=there)
        assert (0, NEW) == (done.returncode, installed(env)), done.stderr
        assert (number > 0) == (json.loads(done.stdout)["stats"]["bytes_shared"] > 0)
        assert "warning" not in done.stderr
    assert 2 == len(index.paths("/files/*.whl"))
    wheels = {path.relative_to(shared) for path in shared.rglob("*.whl")}
    [cached] = machines[0].cache.rglob("wheels")
    assert wheels == {path.relative_to(cached) for path in cached.rglob("*.whl")}


def test_store_that_is_down(machines: list[Env], index: LocalIndex) -> None:
    """One warning, and the update comes from the index; credentials are nowhere."""
    env, url = machines[0], "http://bob:s3cr3t@127.0.0.1:9/wheels?token=s3cr3t"
    shown = run(env, "--shared-wheels", url, "--show-config")
    assert "shared-wheels = http://****@127.0.0.1:9/wheels?token=****" in shown.stdout
    done = run(env, "--shared-wheels", url, "-vv", index=index, env_vars={"PIP_RETRIES": "0"})
    assert (0, NEW) == (done.returncode, installed(env)), done.stderr
    assert 1 == done.stderr.count("warning: could not read from the shared wheels at http://****@127.0.0.1:9/wheels: ")
    assert "s3cr3t" not in shown.stdout + shown.stderr + done.stdout + done.stderr
    assert [] == leaks(env.path.parent)


@pytest.mark.parametrize("url", ["redis://host", "/mnt/wheels", "nosuch://host"])
def test_wrong_url(machines: list[Env], index: LocalIndex, url: str) -> None:
    """What is no URL of a store is refused; one that nothing speaks is told, and does no harm."""
    env = machines[0]
    done = run(env, "--shared-wheels", url, index=index)
    if url.startswith("nosuch"):
        assert (0, NEW) == (done.returncode, installed(env))
        assert "warning: the shared wheels at nosuch://host cannot be used: " in done.stderr
    else:
        assert (2, {"app": "1.0"}) == (done.returncode, installed(env))
        assert "error: " in done.stderr
    assert "hint: " in done.stderr
