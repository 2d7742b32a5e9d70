"""What teams use: each shell step of the action, the hooks and the recipes of docs/ci.md, executed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.environments import Env, install, installed, variables
from tests.support.local_index import LocalIndex

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROOT = Path(__file__).parents[2]
if not (ROOT / "action.yml").exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {each["name"]: each for each in ACTION["runs"]["steps"]}
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="no bash here")


@pytest.fixture
def env(environment: Env, index: LocalIndex) -> Env:
    """One package with an update, named in a requirements file."""
    install(environment, [index.release("lib", "1.0")])
    index.release("lib", "2.0")
    (environment.home / "requirements.txt").write_text("lib==1.0\n", encoding="utf-8")
    return environment


def bash(script: str, env: Env, index: LocalIndex, extra: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As a runner executes a step."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env=variables(env, index=index) | dict(extra),
        cwd=env.home,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def step(name: str, env: Env, index: LocalIndex, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The step with these inputs, the others at their defaults; nothing of an input is part of the script."""
    given = {key: value["default"] for key, value in ACTION["inputs"].items()} | inputs
    folder = env.home / "runner"
    folder.mkdir(exist_ok=True)
    found = STEPS[name]
    assert "${{" not in found["run"]
    github = {"RUNNER_TEMP": str(folder), "UPDATER_PYTHON": str(env.python)}
    github |= {f"GITHUB_{each}": str(folder / each) for each in ("ENV", "OUTPUT", "STEP_SUMMARY")}
    expressions = {f"${{{{ inputs.{key} }}}}": value for key, value in given.items()}
    expressions["${{ github.action_path }}"] = str(ROOT)
    return bash(found["run"], env, index, github | {key: expressions[value] for key, value in found["env"].items()})


def test_action_checks(env: Env, index: LocalIndex) -> None:
    """The summary, annotations and outputs; updates fail only if that was asked for."""
    done = step("Run pip-update", env, index, python=str(env.python))
    assert (0, {"lib": "1.0"}) == (done.returncode, installed(env)), done.stderr
    assert "::notice title=1 would upgrade::lib 1.0\n" in done.stdout
    folder = env.home / "runner"
    assert "| lib | 1.0 | 2.0 |" in (folder / "STEP_SUMMARY").read_text(encoding="utf-8")
    outputs = (folder / "OUTPUT").read_text(encoding="utf-8").splitlines()
    assert ["updates=true", "exit-code=3", f"report={folder}/pip-update-report.json"] == outputs
    again = step("Run pip-update", env, index, python=str(env.python), **{"fail-on-updates": "true"})
    assert 3 == again.returncode


def test_action_updates_and_writes(env: Env, index: LocalIndex) -> None:
    """The files for the pull request have the new versions, and only these files are in it."""
    given = {"python": str(env.python), "mode": "update", "write": "requirements.txt", "arguments": "-v --level\nmajor"}
    done = step("Run pip-update", env, index, **given)
    assert (0, {"lib": "2.0"}) == (done.returncode, installed(env)), done.stderr
    assert "lib==2.0\n" == (env.home / "requirements.txt").read_text(encoding="utf-8")
    request = STEPS["Open a pull request"]
    assert "${{ runner.temp }}/pip-update-report.md" == request["with"]["body-path"]
    assert (env.home / "runner" / "pip-update-report.md").exists()
    assert "${{ inputs.write }}" == request["with"]["add-paths"]


def test_action_refuses(env: Env, index: LocalIndex) -> None:
    """Another mode, an option that is none; and no input is a command."""
    assert 2 == step("Run pip-update", env, index, mode="destroy").returncode
    evil = step(
        "Run pip-update", env, index, python=str(env.python), arguments="$(touch evil) ;touch evil `touch evil`"
    )
    assert (2, False) == (evil.returncode, (env.home / "evil").exists())
    assert "updates=false" in (env.home / "runner" / "OUTPUT").read_text(encoding="utf-8")


@pytest.mark.network
@pytest.mark.nightly
def test_action_installs_itself(env: Env, index: LocalIndex) -> None:
    """From its own files, next to the environment that it is for."""
    configured = {each: os.environ[each] for each in os.environ if each.startswith("PIP_")}
    found = STEPS["Install pip-update"]
    folder = env.home / "runner"
    folder.mkdir()
    source = env.home / "source"
    shutil.copytree(ROOT / "pip_fastupdate", source / "pip_fastupdate")
    for each in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / each, source)
    given = {"RUNNER_TEMP": str(folder), "GITHUB_ENV": str(folder / "ENV"), "ACTION_PATH": str(source)}
    said = {**given, "TARGET": str(env.path), "PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE", ""), **configured}
    script = f"unset PIP_INDEX_URL\n{found['run']}" if "PIP_INDEX_URL" not in configured else found["run"]
    done = bash(script, env, index, said)
    if "No matching distribution" in done.stderr or "ConnectionError" in done.stderr:
        pytest.skip("the configured index cannot be reached")
    assert 0 == done.returncode, done.stderr
    python = (folder / "ENV").read_text(encoding="utf-8").strip().removeprefix("UPDATER_PYTHON=")
    assert subprocess.run([python, "-m", "pip_fastupdate", "--version"], check=True, capture_output=True).stdout


def launcher(env: Env) -> None:
    """``pip-update`` on PATH."""
    script = env.scripts / "pip-update"
    script.write_text(f'#!/bin/sh\nexec "{env.python}" -m pip_fastupdate "$@"\n', encoding="utf-8")
    script.chmod(0o755)


@pytest.mark.parametrize("hook", ["pip-update-check", "pip-update-audit"])
def test_hooks(env: Env, index: LocalIndex, hook: str) -> None:
    """A hook's command with an environment as its argument, as pre-commit runs it."""
    launcher(env)
    hooks: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    [found] = [each for each in hooks if each["id"] == hook]
    assert [".venv"] == found["args"]
    command = [*shlex.split(found["entry"]), str(env.path)]
    records = env.home / "records"
    records.mkdir()
    record = '{"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": []}'
    (records / "X-1.json").write_text(record, encoding="utf-8")
    command += ["--advisories", str(records)] if hook == "pip-update-audit" else []
    done = bash(shlex.join(command), env, index, {})
    assert (3 if hook == "pip-update-check" else 0) == done.returncode, done.stderr
    assert {"lib": "1.0"} == installed(env)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", CI, re.DOTALL | re.MULTILINE)


def test_examples_are_yaml_with_inputs_that_exist() -> None:
    """Every example of the action uses its inputs only."""
    found = [yaml.safe_load(re.sub(r"(?s)^on:.*?(?=^- uses)", "", each, flags=re.MULTILINE)) for each in blocks("yaml")]
    steps = [each for block in found if isinstance(block, list) for each in block if "with" in each]
    ours = [each["with"] for each in steps if "pip-fastupdate" in each["uses"]]
    assert 2 == len(ours)
    assert all(each.keys() <= ACTION["inputs"].keys() for each in ours)


def test_gitlab(env: Env, index: LocalIndex) -> None:
    """The last line of the script: the reports are there, and updates are no failure."""
    launcher(env)
    [job] = [yaml.safe_load(each)["pip-update"] for each in blocks("yaml") if each.startswith("pip-update:")]
    script = job["script"][-1].replace("--python .venv", f"--python {shlex.quote(str(env.path))}")
    done = bash(script, env, index, {})
    assert 0 == done.returncode, done.stderr
    assert all((env.home / each).stat().st_size > 100 for each in job["artifacts"]["paths"])


def test_topgrade(env: Env, index: LocalIndex) -> None:
    """Its command updates the environment."""
    launcher(env)
    (env.home / ".venv").symlink_to(env.path)
    [recipe] = blocks("toml")
    [command] = re.findall(r'^"Python environment" = "(.*)"$', recipe, re.MULTILINE)
    done = bash(command, env, index, {})
    assert (0, {"lib": "2.0"}) == (done.returncode, installed(env)), done.stderr
