"""The tools that are measured, each with its commands for the same jobs."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from tests.support.environments import Env

Job = Literal["outdated", "update", "update and compile", "nothing"]
UPDATES: tuple[Job, ...] = ("update", "update and compile")
"""Jobs that change the environment."""

NAMES = ("pip-update", "uv", "pip", "pip-review")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How a tool is told to do the jobs."""

    name: str
    version: str
    commands: dict[Job, Sequence[str]]
    """With the fields ``{python}``, ``{index}`` and ``{cache}``."""

    names_wanted: bool = False
    """Whether an update takes the names of everything that is installed."""

    expected: tuple[int, ...] = (0,)
    """Exit codes that mean it did its work."""

    def command(self, job: Job, env: Env, index_url: str | None, cache: Path, names: Sequence[str] = ()) -> list[str]:
        """The command line; without ``index_url`` the configured index is used."""
        words = [each for each in self.commands[job] if index_url is not None or "{index}" not in each]
        made = [each.format(python=env.python, index=index_url, cache=cache) for each in words]
        return made + (list(names) if job in UPDATES and self.names_wanted else [])


def find_tools(wanted: Sequence[str]) -> list[Tool]:
    """The wanted tools that are here, in that order."""
    makers = {"pip-update": _pip_update, "uv": _uv, "pip": _pip, "pip-review": _pip_review}
    return [tool for name in wanted if (tool := makers[name]()) is not None]


def _pip_update() -> Tool:
    common = ["{python}", "-m", "pip_fastupdate", "--index-url={index}", "--cache-dir={cache}/pip-update"]
    return Tool(
        name="pip-update",
        version=metadata.version("pip-fastupdate"),
        commands={
            "outdated": [*common, "--check", "--format=json"],
            "update": [*common, "--no-compile", "--format=json"],
            "update and compile": [*common, "--compile", "--format=json"],
            "nothing": [*common, "--format=json"],
        },
        expected=(0, 3),
    )


def _uv() -> Tool | None:
    program = shutil.which("uv")
    if program is None:
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    common = ["--python={python}", "--cache-dir={cache}/uv", "--no-progress"]
    index = "--default-index={index}"
    return Tool(
        name="uv",
        version=version,
        commands={
            "outdated": [program, "pip", "list", "--outdated", "--format=json", *common, index],
            "update": [program, "pip", "install", "--upgrade", *common, index],
            "update and compile": [program, "pip", "install", "--upgrade", "--compile-bytecode", *common, index],
            "nothing": [program, "pip", "list", "--format=json", *common],
        },
        names_wanted=True,
    )


def _pip() -> Tool:
    common = ["{python}", "-m", "pip", "--disable-pip-version-check", "--cache-dir={cache}/pip"]
    index = "--index-url={index}"
    return Tool(
        name="pip",
        version=metadata.version("pip"),
        commands={
            "outdated": [*common, "list", "--outdated", "--format=json", index],
            "update": [*common, "install", "--upgrade", "--no-compile", "--progress-bar=off", index],
            "update and compile": [*common, "install", "--upgrade", "--progress-bar=off", index],
            "nothing": [*common, "list", "--format=json"],
        },
        names_wanted=True,
    )


def _pip_review() -> Tool | None:
    if importlib.util.find_spec("pip_review") is None:
        return None
    common = ["{python}", "-m", "pip_review", "--index-url={index}"]
    return Tool(
        name="pip-review",
        version=metadata.version("pip-review"),
        commands={
            "outdated": [*common, "--raw"],
            "update": [*common, "--auto", "--no-compile"],
            "update and compile": [*common, "--auto"],
            "nothing": common,
        },
    )


def count_found(tool: Tool, job: Job, stdout: str) -> int | None:
    """How many updates a run's output names; None where it does not tell."""
    if job != "outdated" and tool.name != "pip-update":
        return None
    if tool.name == "pip-review":
        return len(stdout.splitlines())
    try:
        said: Any = json.loads(stdout)
    except ValueError:
        return None
    if isinstance(said, list):
        return len(said)
    return sum(1 for each in said["packages"] if each["action"] == "upgrade")


def stages_of(tool: Tool, stdout: str) -> dict[str, float]:
    """Seconds of each stage, as pip-update's report tells them."""
    if tool.name != "pip-update":
        return {}
    try:
        return dict(json.loads(stdout)["stats"]["seconds"])
    except (ValueError, KeyError, TypeError):
        return {}


def review_folder(work: Path) -> dict[str, str]:
    """Variables that make pip-review importable in an environment without its being part of it."""
    spec = importlib.util.find_spec("pip_review")
    if spec is None or spec.submodule_search_locations is None:
        return {}
    target = work / "pip-review"
    if not target.exists():
        shutil.copytree(next(iter(spec.submodule_search_locations)), target / "pip_review")
    return {"PYTHONPATH": os.fspath(target)}
