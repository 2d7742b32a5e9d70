"""Which files go with a distribution: against pip's own uninstallation, on whatever pip runs the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import Env, pip, variables
from tests.support.wheels import make_wheel

BOTH = '''
import json, logging, sys
from pathlib import Path
logging.disable(logging.CRITICAL)
from pip_fastupdate.environment import scan as environment
from pip._internal.metadata import get_default_environment
from pip._internal.req.req_uninstall import UninstallPathSet

ours = {each.name: list(environment.installed_files(each)) for each in environment.scan().distributions}

def files(paths):
    """pip 26.1 names whole __pycache__ folders, though others' bytecode may be in them."""
    for path in map(Path, paths):
        stem = [each.stem for each in map(Path, paths) if each.suffix == ".py" and each.parent == path.parent]
        yield from (each for each in path.iterdir() if each.stem.partition(".")[0] in stem) if path.is_dir() else [path]

theirs = {
    str(each.canonical_name): sorted(set(map(str, files(UninstallPathSet.from_dist(each)._paths))))
    for each in get_default_environment().iter_installed_distributions(skip=())
}
print(json.dumps([ours, theirs]))
'''


def run(env: Env, code: str, **env_vars: str) -> Any:
    """What the code prints as JSON."""
    done = subprocess.run(
        [env.python, "-c", code],
        env=variables(env, env_vars=env_vars),
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=env.home,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def install(env: Env, folder: Path, *options: str) -> None:
    """Some distributions with files wherever a wheel can put them."""
    make_wheel(folder, "plain", "1.0", scripts={"tool": "plain:main"})
    make_wheel(folder, "single", "1.0", files={"single.py": "x = 1\n"})
    make_wheel(folder, "space-one", "1.0", files={"space/one.py": "x = 1\n", "space/ä b,c.txt": "x"})
    make_wheel(folder, "space-two", "1.0", files={"space/two.py": "x = 1\n"})
    make_wheel(folder, "dataful", "1.0", data={"scripts/run": "#!python\n", "data/share/x": "x", "headers/h.h": ""})
    names = ["plain", "single", "space-one", "space-two", "dataful"]
    pip(env, "install", "--no-index", "--find-links", str(folder), "--no-deps", *options, *names)


@pytest.mark.parametrize("option", ["--compile", "--no-compile"])
def test_files_are_those_that_pip_would_remove(environment: Env, tmp_path: Path, option: str) -> None:
    """Everything that pip removes, and beyond that only what else is in the .dist-info folder."""
    install(environment, tmp_path, option)
    subprocess.run(
        [environment.python, "-OO", "-c", "import single, space.one"],
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )
    ours, theirs = run(environment, BOTH)
    assert ours.keys() == theirs.keys()
    for name, files in ours.items():
        assert set(theirs[name]) - set(files) == set()
        beyond = [path for path in files if path not in theirs[name]]
        assert all(path.endswith(".opt-2.pyc") for path in beyond)
    tag = sys.implementation.cache_tag
    assert any(path.endswith(f"single.{tag}.opt-2.pyc") for path in ours["single"])
    if option == "--compile":
        assert any(path.endswith(".pyc") for path in theirs["plain"])


def test_wrapper_that_is_not_recorded_goes_too(environment: Env, tmp_path: Path) -> None:
    """As with pip: what an entry point is called is enough."""
    install(environment, tmp_path)
    record = next(environment.site_packages.glob("plain-*/RECORD"))
    record.write_text("".join(line for line in record.read_text().splitlines(keepends=True) if "bin/tool" not in line))
    ours, theirs = run(environment, BOTH)
    assert str(environment.scripts / "tool") in theirs["plain"]
    assert ours["plain"] == theirs["plain"]


def test_paths_outside_the_environment_are_never_ours(environment: Env, tmp_path: Path) -> None:
    """A RECORD may claim any file; only what is below the environment's folders counts, as for pip."""
    install(environment, tmp_path)
    outside = tmp_path / "precious.txt"
    outside.write_text("x")
    link = environment.site_packages / "linked"
    link.symlink_to(tmp_path)
    record = next(environment.site_packages.glob("single-*/RECORD"))
    relative = os.path.relpath(outside, environment.site_packages)
    record.write_text(f"{record.read_text()}{relative},,\n{outside},,\nlinked/precious.txt,,\n/etc/passwd,,\n")
    ours, theirs = run(environment, BOTH)
    assert ours["single"] == theirs["single"]
    assert all(path.startswith(str(environment.path.resolve())) for path in ours["single"])


def test_link_is_removed_rather_than_what_it_points_to(environment: Env, tmp_path: Path) -> None:
    """The last part of a path is not followed, the folders on the way are."""
    install(environment, tmp_path)
    (environment.site_packages / "target.txt").write_text("x")
    (environment.site_packages / "link.txt").symlink_to("target.txt")
    (environment.site_packages / "real").mkdir()
    (environment.site_packages / "real" / "x.txt").write_text("x")
    (environment.site_packages / "alias").symlink_to("real")
    record = next(environment.site_packages.glob("single-*/RECORD"))
    record.write_text(f"{record.read_text()}link.txt,,\nalias/x.txt,,\nnot-there.txt,,\nreal/,,\n")
    ours, theirs = run(environment, BOTH)
    assert str(environment.site_packages / "link.txt") in ours["single"]
    assert str(environment.site_packages / "real" / "x.txt") in ours["single"]
    assert ours["single"] == theirs["single"]


FACTS = """
import json
from pip_fastupdate.environment import scan as environment

inventory = environment.scan()
names = inventory.by_name()
owners = environment.owners(inventory.distributions)
find = environment.script_owners(inventory)
print(json.dumps({
    "bytecode": {name: environment.has_bytecode(each) for name, each in names.items()},
    "mostly": environment.mostly_bytecode(names),
    "scripts": {name: sorted(environment.console_scripts(each)) for name, each in names.items()},
    "owners": owners,
    "found": [find("tool"), find("run"), find("nobody")],
    "files": sorted(environment.recorded_files(names["space-one"])),
    "folders": [str(path) for path in environment.folders()],
    "writable": environment.is_writable(),
}))
"""


def test_facts_from_records(environment: Env, tmp_path: Path) -> None:
    """Scripts, owners and bytecode of an environment, from its RECORDs."""
    install(environment, tmp_path, "--no-compile")
    facts = run(environment, FACTS)
    assert set(facts["bytecode"].values()) == {False}
    assert facts["mostly"] is False
    assert facts["scripts"] == {"dataful": ["run"], "plain": ["tool"], "single": [], "space-one": [], "space-two": []}
    assert facts["found"] == ["plain", "dataful", None]
    assert facts["owners"][str(environment.scripts / "run")] == "dataful"
    assert facts["owners"][str(environment.site_packages / "space" / "two.py")] == "space-two"
    assert "space/ä b,c.txt" in facts["files"]
    assert facts["folders"] == [str(environment.site_packages.resolve())]
    assert facts["writable"] is None


def test_bytecode_is_noticed(environment: Env, tmp_path: Path) -> None:
    """pip lists it in RECORD where it compiled; what the interpreter made later does not count."""
    install(environment, tmp_path, "--compile")
    facts = run(environment, FACTS)
    assert (set(facts["bytecode"].values()), facts["mostly"]) == ({True}, True)
