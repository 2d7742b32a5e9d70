"""The environments that are measured in: generated ones of any size, made in seconds."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.support import environments
from tests.support.environments import Env, Templates
from tests.support.wheels import make_metadata, module_name, wheel_stem

from .index import Index
from .world import Project


def listed_environment(templates: Templates, path: Path, world: Iterable[Project], *, newest: bool = False) -> Env:
    """An environment whose distributions are little more than their ``.dist-info``: for finding what is outdated."""
    env = templates.make(path)
    for project in world:
        version = project.latest if newest else project.installed
        requires = project.requires if newest else project.required_before
        _write_distribution(env.site_packages, project.name, version, requires)
    return env


def _write_distribution(site_packages: Path, name: str, version: str, requires: Iterable[str]) -> None:
    module, info = module_name(name), f"{wheel_stem(name, version)}.dist-info"
    files = {
        f"{module}/__init__.py": f'__version__ = "{version}"\n'.encode(),
        f"{info}/METADATA": make_metadata(name, version, requires=requires, requires_python=">=3.8"),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: benchmarks\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/INSTALLER": b"pip\n",
        f"{info}/REQUESTED": b"",
    }
    files[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"]).encode()
    for relative, content in files.items():
        target = site_packages / relative
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)


def installed_environment(templates: Templates, path: Path, index: Index) -> Env:
    """An environment in which pip installed the older wheels of ``index``, without bytecode."""
    env = templates.make(path)
    environments.install(env, sorted(index.wheels.glob("*.whl")))
    return env


class Waste:
    """What is not wanted any more, moved aside and deleted when everything has been measured.

    ext4 passes over the inodes of the last minutes' deletions, one by one, for each file that is made: a run that
    comes after the deletion of an environment would take several times as long.
    """

    def __init__(self, work: Path) -> None:
        self._folder = work / "waste"

    def take(self, path: Path) -> None:
        """Have ``path`` out of the way, if it is there."""
        if path.exists():
            self._folder.mkdir(exist_ok=True)
            path.rename(Path(tempfile.mkdtemp(dir=self._folder)) / path.name)

    def delete(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)


class Pristine:
    """An environment that is as new before every run: a copy is put back in the same place."""

    def __init__(self, env: Env, waste: Waste) -> None:
        self.env = env
        self._waste = waste
        self._copy = env.path.with_name(f"{env.path.name}-pristine")
        waste.take(self._copy)
        env.path.rename(self._copy)
        self.restore()

    def restore(self) -> None:
        """Put the environment back as it was."""
        self._waste.take(self.env.path)
        shutil.copytree(self._copy, self.env.path, symlinks=True)
        if hasattr(os, "sync"):
            os.sync()


def changed_during(env: Env, since: float) -> float | None:
    """Seconds between the first and the last change to what lies directly in site-packages; None without a change.

    By the inodes' change times after ``since`` (Unix time): renames, creations and the filling of folders count, so
    the same measure fits every tool. What was removed leaves no time behind, so it errs on the short side.
    """
    if sys.platform == "win32":
        return None
    times = [each.stat(follow_symlinks=False).st_ctime for each in os.scandir(env.site_packages)]
    late = [each for each in times if each >= since]
    return max(late) - min(late) if late else None
