"""The recipes of docs/fleet.md and docs/images.md, executed: cron lines, systemd units, lines of Dockerfiles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.environments import Env, install, installed, tree, variables
from tests.support.local_index import LocalIndex

DOCS = Path(__file__).parents[2] / "docs"
if not DOCS.exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)
FLEET, IMAGES = ((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("fleet", "images"))
OLD, NEW = {"app": "1.0"}, {"app": "2.0", "new": "1.0"}

pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("shuf"), reason="recipes for Linux")


def blocks(text: str, language: str) -> Iterator[tuple[str, str]]:
    """Title and content of the blocks of code."""
    for found in re.finditer(rf'^```{language}(?: title="([^"\n]*)")?\n(.*?)^```', text, re.DOTALL | re.MULTILINE):
        yield found[1] or "", found[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A file system as far as the recipes name it, below ``root``, with the index that it can reach."""

    root: Path
    env: Env
    """``/srv/app/.venv``; ``pip-update`` on PATH acts on it."""

    index: LocalIndex

    def sh(self, command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in which ``/srv`` and ``/opt`` are those of this machine."""
        return subprocess.run(
            ["sh", "-e", "-c", self.here(command)],
            env=variables(self.env, index=self.index) | more,
            cwd=self.root,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def here(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(?=(srv|opt|usr/local)/)", f"{self.root}/", text)


@pytest.fixture
def machine(make_env: Callable[..., Env], index: LocalIndex, tmp_path: Path) -> Machine:
    """An application in an environment with an update, and a check of itself."""
    app = tmp_path / "srv" / "app" / "app"
    app.mkdir(parents=True)
    for name in ("__init__", "selfcheck"):
        (app / f"{name}.py").touch()
    env = make_env("srv/app/.venv")
    install(env, [index.release("app", "1.0")])
    index.release("app", "2.0", requires=["new"])
    index.release("new", "1.0")
    launcher(env.scripts / "pip-update", env)
    return Machine(root=tmp_path, env=env, index=index)


def launcher(path: Path, env: Env) -> None:
    """``pip-update`` of that environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{env.python}" -m pip_fastupdate "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def test_cron(machine: Machine) -> None:
    """Fetched at night, installed in the morning without a network; neither says a word."""
    [(_, table)] = blocks(FLEET, "cron")
    night, morning = (line.split(maxsplit=5)[5] for line in table.splitlines() if line[0] != "#")
    assert "%" not in night + morning, "cron makes a new line of it"
    before = tree(machine.env.path)
    done = machine.sh(night.replace("3600", "0"))
    assert (0, "", "", before) == (done.returncode, done.stdout, done.stderr, tree(machine.env.path))
    machine.index.down()
    done = machine.sh(morning)
    assert (0, "", "", NEW) == (done.returncode, done.stdout, done.stderr, installed(machine.env))


def test_systemd(machine: Machine) -> None:
    """systemd knows all that the units say; what they start does it."""
    units = machine.root / "units"
    units.mkdir()
    for title, content in blocks(FLEET, "ini"):
        (units / Path(title).name).write_text(machine.here(content), encoding="utf-8")
    launcher(machine.root / "usr/local/bin/pip-update", machine.env)
    service = (units / "pip-update@.service").read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    timers = {
        each.stem: re.findall(r"^Unit=pip-update@(.*)\.service$", each.read_text(), re.MULTILINE)
        for each in units.glob("*.timer")
    }
    assert {"pip-update-night": ["download-only"], "pip-update-morning": ["offline"]} == timers
    for option, expected in (("download-only", OLD), ("offline", NEW)):
        done = machine.sh(command.replace("%i", option), CACHE_DIRECTORY=str(machine.root / "cache"))
        assert (0, expected) == (done.returncode, installed(machine.env)), done.stderr
    if shutil.which("systemd-analyze"):
        names = ["pip-update-night.timer", "pip-update-morning.timer", "pip-update@offline.service"]
        verified = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *names],
            cwd=units,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert (0, "") == (verified.returncode, verified.stderr)


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """Words and what follows them; options of RUN are BuildKit's."""
    for line in re.sub(r"\\\n\s*", "", dockerfile).splitlines():
        if line:
            word, rest = line.split(maxsplit=1)
            yield word, re.sub(r"^--mount=\S+ +", "", rest)


DONE_BEFORE = ("install pip-fastupdate", "useradd")
"""Lines that need a network or root: the test has done what they do."""


def build(machine: Machine, dockerfile: str, stages: list[Env]) -> dict[str, str]:
    """Carry out RUN and COPY, each stage with its own ``python``. Returns the variables that are set at the end."""
    said: dict[str, str] = {}
    left = list(stages)
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            said = {"PATH": f"{left.pop(0).scripts}{os.pathsep}{os.environ['PATH']}"}
        elif word == "ENV":
            name, value = machine.here(rest).split("=", 1)
            said[name] = value.replace("$PATH", said["PATH"])
        elif word == "COPY" and not rest.startswith("--from"):  # what is of another stage is at its place
            source, target = rest.split()
            shutil.copy(machine.root / source, machine.here(target))
        elif word == "RUN" and not any(each in rest for each in DONE_BEFORE):
            done = machine.sh(rest, **said)
            assert 0 == done.returncode, f"{rest}\n{done.stdout}{done.stderr}"
    return said


@pytest.fixture
def locked(machine: Machine) -> Machine:
    """A lock of what is installed, beside the Dockerfile, and the program in ``/opt``."""
    pytest.importorskip("packaging.pylock", reason="packaging is older than 26")
    tools = machine.root / "opt/pip-update/bin/pip-update"
    tools.parent.mkdir(parents=True)
    tools.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip_fastupdate "$@"\n', encoding="utf-8")
    tools.chmod(0o755)
    [(_, command)] = blocks(IMAGES, "console")
    command = command.removeprefix("$ ").replace("/srv/venv", "/srv/app/.venv")
    done = machine.sh(f"cd /srv/app && {command}")
    assert 0 == done.returncode, done.stderr
    shutil.copy(machine.root / "srv/app/pylock.toml", machine.root)
    return machine


def test_docker(locked: Machine, make_env: Callable[..., Env]) -> None:
    """The image has what the lock says, with bytecode, and neither pip nor pip-update."""
    [docker, _] = (content for _, content in blocks(IMAGES, "dockerfile"))
    image = make_env("image", bare=True)
    said = build(locked, docker, [locked.env, image])
    done = locked.sh("command -v python; python -c 'import app, new; print(app.__cached__)'", **said)
    python, cached = done.stdout.splitlines()
    assert locked.here("/srv/venv/bin/python") == python
    assert Path(cached).exists()
    assert "No module named pip" in locked.sh("python -m pip --version || true", **said).stderr
    assert {} == installed(image)


def test_notebook(locked: Machine) -> None:
    """Updated from within while a kernel runs, which is named; and brought back."""
    [_, docker] = (content for _, content in blocks(IMAGES, "dockerfile"))
    (locked.root / "opt/notebook").mkdir()
    docker = docker.replace("python -m venv /opt/notebook", "python -m venv --without-pip /opt/notebook")
    said = build(locked, docker, [locked.env])
    locked.index.release("app", "3.0")
    kernel = [locked.here("/opt/notebook/venv/bin/python"), "-c", "import app; print(1, flush=True); input()"]
    with subprocess.Popen(kernel, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        cells = re.findall(r"`!(pip-update [^`]*)`", IMAGES)
        assert 2 == len(cells)
        done = locked.sh(f"{cells[0]} --refresh", **said)
        assert 0 == done.returncode, done.stderr
        assert f"(pid {running.pid})" in done.stderr
        running.communicate(b"\n")
    found = "python -c 'from importlib.metadata import version; print(version(\"app\"))'"
    assert "3.0\n" == locked.sh(found, **said).stdout
    assert 0 == locked.sh(cells[1].replace("\n", " "), **said).returncode
    assert "2.0\n" == locked.sh(found, **said).stdout
