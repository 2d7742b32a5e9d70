"""Updates a real environment from the configured index: every tool in its own fresh copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tests.support.copies import PROJECT
from tests.support.environments import Env, installed

from .cases import Case, real_key
from .environments import Pristine, Waste, changed_during
from .measure import Figures, Run, measure
from .run import Settings, ToolFailed, alternate, say
from .tools import Tool, find_tools, stages_of

OWN = "pip-fastupdate"
SHARED = ("index-url", "cert", "client-cert", "proxy", "trusted-host", "timeout", "default-timeout")


def run_real(pins: Path, case: Case, settings: Settings) -> tuple[dict[str, Figures], int]:
    """Measure the tools on the environment that ``pins`` (lines ``name==version``) describes; its size too.

    In a case that is not cold, a first run fills the caches, as an update of another environment would.
    The registry that pip is configured for is asked, for nothing but what is in the environment.
    """
    say(f"{real_key(pins.stem, case)}: making the environment")
    env = _make_environment(pins, settings.work / f"real-{pins.stem}", settings.waste)
    before = installed(env)
    names = sorted(name for name in before if name != OWN)
    pristine, cache = Pristine(env, settings.waste), settings.work / "caches"
    variables = _variables(env)
    index_url = variables.get("PIP_INDEX_URL")
    problems = _problems(env)
    say(f"{len(names)} distributions, {problems} problems before")

    def once(tool: Tool) -> Run:
        if case.cold:
            settings.waste.take(cache)
        pristine.restore()
        command = tool.command(case.job, env, index_url, cache, names)
        since = time.time()
        done = measure(command, variables, settings.work)
        if done.run.exit_code not in (*tool.expected, *((4,) if tool.name == "pip-update" else ())):
            last = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise ToolFailed(f"{tool.name} ended with {done.run.exit_code}: {' / '.join(last)}")
        now = installed(env)
        return replace(
            done.run,
            found=sum(now.get(name) not in (None, version) for name, version in before.items()),
            swap_seconds=changed_during(env, since),
            stages=stages_of(tool, done.stdout),
            problems=_problems(env),
        )

    tools = [each for each in find_tools(settings.tools) if each.name != "pip-review"]
    settings.waste.take(cache)
    return alternate(once, tools, settings.rounds, settings.patience, warm_up=not case.cold), len(names)


def _make_environment(pins: Path, path: Path, waste: Waste) -> Env:
    """A venv with the pinned distributions as they are, and this project with what it needs on top.

    There is bytecode, as wherever programs have been run, but in no RECORD: so no tool takes it for something to keep.
    """
    waste.take(path)
    subprocess.run([sys.executable, "-m", "venv", str(path)], check=True)
    env = Env(path=path, python=path / "bin/python", site_packages=next(path.glob("lib/python*/site-packages")))
    variables = _variables(env)
    install = [str(env.python), "-m", "pip", "install", "--quiet", "--no-compile"]
    plain = path / "pins.txt"
    plain.write_text("".join(f"{each}\n" for each in _pins(pins)))
    subprocess.run([*install, "--only-binary=:all:", "--no-deps", "-r", str(plain)], env=variables, check=True)
    source = path.with_name("source")
    shutil.rmtree(source, ignore_errors=True)
    ignored = shutil.ignore_patterns(".*", "*.egg-info", "build", "tests", "benchmarks", "__pycache__")
    shutil.copytree(PROJECT, source, ignore=ignored)
    subprocess.run([*install, "--upgrade", "pip", str(source)], env=variables, check=True)
    subprocess.run([str(env.python), "-m", "compileall", "-q", str(env.site_packages)], check=False)
    return env


def _pins(path: Path) -> list[str]:
    """The requirements of a list, without comments; those of this project itself are left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].strip()
        try:
            if words and canonicalize_name(Requirement(words).name) != OWN:
                found.append(words)
        except InvalidRequirement as error:
            raise SystemExit(f"{path} has a line that is no requirement: {words} ({error})") from None
    return found


def shared_settings() -> dict[str, str]:
    """What pip is configured for that concerns all tools alike, by pip's variables: the index and how to reach it.

    Further indexes and links are left out: every tool has the same one index to ask.
    """
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    said: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in ("global", "install", ":env:") and name in SHARED:
            said[f"PIP_{name.upper().replace('-', '_')}"] = value.strip("'\"")
    return said


def _variables(env: Env) -> dict[str, str]:
    """The environment active, with the settings that all tools share, and none else."""
    unwanted = ("PYTHON", "COVERAGE", "PIP_", "VIRTUAL_ENV")
    said = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    path = os.pathsep.join([str(env.scripts), os.environ.get("PATH", os.defpath)])
    own = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return said | shared_settings() | own | {"VIRTUAL_ENV": str(env.path), "PATH": path}


def _problems(env: Env) -> int:
    """How many problems pip check finds, pip-fastupdate's own ones apart."""
    command = [str(env.python), "-m", "pip", "check", "--disable-pip-version-check"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return sum(" has requirement " in line or " requires " in line for line in said if not line.startswith(OWN))
