"""The Ansible role of contrib/ansible, run by ansible-core: each host is an environment of its own on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, tree, variables
from tests.support.local_index import LocalIndex

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROLE = Path(__file__).parents[2] / "contrib" / "ansible"
if not ROLE.exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)
PLAYBOOK = shutil.which(
    "ansible-playbook", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)
OLD, NEW = {"app": "1.0", "lib": "1.0"}, {"app": "2.0", "lib": "2.0", "new": "1.0"}

needs_ansible = pytest.mark.skipif(PLAYBOOK is None, reason="ansible-core is not installed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Hosts by name; the first one plans. The test passes where there is no file ``broken``."""

    hosts: Mapping[str, Env]
    inventory: Path
    index: LocalIndex
    temporary: Path

    def play(self, book: str, *options: str, **extra: object) -> subprocess.CompletedProcess[str]:
        """Run a playbook of ours. The recap comes last in its output."""
        home = next(iter(self.hosts.values()))
        said = variables(home, index=self.index, env_vars={"ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_FORKS": "4"})
        return subprocess.run(
            [str(PLAYBOOK), "-i", str(self.inventory), book, *options, "-e", json.dumps(extra)],
            env=said | {"LC_ALL": "C.UTF-8", "TMPDIR": str(self.temporary)},
            cwd=ROLE,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    def trees(self) -> dict[str, dict[str, tuple[int, str]]]:
        return {name: tree(env.path) for name, env in self.hosts.items()}

    def installed(self) -> dict[str, dict[str, str]]:
        return {name: installed(env) for name, env in self.hosts.items()}


def changed(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """By host, how many tasks changed something."""
    return {host: int(count) for host, count in re.findall(r"^(\w+) +: .*changed=(\d+)", done.stdout, re.MULTILINE)}


def variables_of(env: Env) -> dict[str, object]:
    return {"pip_update_environment": str(env.path), "pip_update_command": [str(env.python), "-m", "pip_fastupdate"]}


@pytest.fixture
def fleet(make_env: Callable[..., Env], index: LocalIndex, tmp_path: Path) -> Fleet:
    """Four hosts with the same old packages; three follow the first one, in batches of one and two."""
    pytest.importorskip("packaging.pylock", reason="packaging is older than 26")
    old = [index.release("app", "1.0", requires=["lib"]), index.release("lib", "1.0")]
    index.release("app", "2.0", requires=["lib>=2", "new"])
    index.release("lib", "2.0")
    index.release("new", "1.0")
    hosts = {name: make_env(name) for name in ("planner", "a", "b", "c")}
    for env in hosts.values():
        install(env, old)
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    groups = {
        group: {"hosts": {name: common | variables_of(hosts[name]) for name in names}}
        for group, names in (("pip_update_planner", ["planner"]), ("pip_update_fleet", ["planner", "a", "b", "c"]))
    }
    said = {
        "pip_update_test": "test ! -e {{ pip_update_environment }}/broken",
    }
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": groups, "vars": said}}), encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    return Fleet(hosts=hosts, inventory=inventory, index=index, temporary=tmp_path / "tmp")


@needs_ansible
def test_host_that_fails(fleet: Fleet) -> None:
    """Its batch goes back, also the host that had nothing wrong with it; the batch before stays."""
    (fleet.hosts["b"].path / "broken").touch()
    failed = fleet.play("update.yml", pip_update_batches=[1, 2])
    assert 2 == failed.returncode, failed.stdout
    assert "not at the lock file: b; what this run changed in the batch was undone: error: the test" in failed.stdout
    assert {"planner": NEW, "a": NEW, "b": OLD, "c": OLD} == fleet.installed()
    assert {"planner": 1, "a": 1, "b": 0, "c": 2} == changed(failed)
    assert not list(fleet.temporary.glob("pip-update-*"))


@needs_ansible
@pytest.mark.nightly
def test_check_mode_then_again_and_again(fleet: Fleet) -> None:
    """Check mode says what would change and changes nothing; what is at the lock is left alone."""
    before = fleet.trees()
    foreseen = fleet.play("update.yml", "--check")
    assert (0, before) == (foreseen.returncode, fleet.trees()), foreseen.stdout
    assert dict.fromkeys(fleet.hosts, 1) == changed(foreseen)
    assert 0 == fleet.play("update.yml").returncode
    assert dict.fromkeys(fleet.hosts, NEW) == fleet.installed()
    undone = fleet.play("undo.yml", "--limit", "b,c")
    assert 0 == undone.returncode, undone.stdout
    assert {"planner": NEW, "a": NEW, "b": OLD, "c": OLD} == fleet.installed()
    done = fleet.play("update.yml", pip_update_batches=["100%"])
    assert (0, dict.fromkeys(fleet.hosts, NEW)) == (done.returncode, fleet.installed()), done.stdout
    assert {"planner": 0, "a": 0, "b": 1, "c": 1} == changed(done)


def test_files_are_yaml() -> None:
    """Every option that the role describes has a default, and the other way round; tasks have names."""
    files = {path.relative_to(ROLE).as_posix(): yaml.safe_load(path.read_bytes()) for path in ROLE.rglob("*.yml")}
    role = "roles/pip_update"
    specs = files[f"{role}/meta/argument_specs.yml"]["argument_specs"]
    described = {name for each in specs.values() for name in each["options"]}
    assert described == files[f"{role}/defaults/main.yml"].keys()
    for name, tasks in files.items():
        if "/tasks/" in name:
            assert all(task["name"] for task in tasks)
            assert Path(name).stem in {*specs, "undo"}
