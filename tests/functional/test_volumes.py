"""The real program in environments that are spread over several file systems, as those of containers are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import real
from tests.support.environments import installed, pip_check, run
from tests.support.volumes import bound, volume

pytestmark = pytest.mark.skipif(os.name == "nt", reason="file systems are mounted")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[real.Real]:
    """Six packages of all kinds with newer versions."""
    with real.small(tmp_path / "small") as made:
        yield made


def test_site_packages_and_scripts_are_volumes(made: real.Real) -> None:
    """They are updated, and the undo brings everything back, to the byte."""
    env = made.env
    with volume(env.site_packages), volume(env.scripts):
        before = made.tree()
        done = run(env, index=made.index, env_vars=real.EPOCH)
        assert (0, "2.0", []) == (done.returncode, installed(env)["ordinary"], pip_check(env)), done.stderr
        assert (env.scripts / "only-in-2").exists()
        undone = run(env, "--undo", index=made.index)
        assert 0 == undone.returncode, undone.stderr
        left = {path: each for path, each in made.tree().items() if real.HOME not in path.split("/")}
        assert before == left


@pytest.mark.parametrize("mounted", ["single.py", "ordinary", "ordinary/data.bin", "ordinary/sub"])
def test_what_is_mounted_holds_its_package(made: real.Real, mounted: str) -> None:
    """By name, with exit 4; all others are updated."""
    env = made.env
    place, source = env.site_packages / mounted, env.path.with_name("source")
    with ExitStack() as stack:
        if place.is_dir():
            stack.enter_context(volume(place))
        else:
            source.write_bytes(place.read_bytes())
            stack.enter_context(bound(source, place))
        done = run(env, "--format", "json", index=made.index, env_vars=real.EPOCH)
        assert 4 == done.returncode, done.stderr
        name = mounted.split("/", maxsplit=1)[0].partition(".")[0]
        rows = {row["name"]: row for row in json.loads(done.stdout)["packages"]}
        assert [name] == [each["name"] for each in json.loads(done.stdout)["failures"]]
        assert {name: "1.0", "plain": "2.0"}.items() <= installed(env).items()
        assert "done" == rows["plain"]["status"]
        assert str(place) in done.stderr
