"""Copies of what is installed beside the tests: pip, the program's dependencies and the program itself."""

from __future__ import annotations

import compileall
import os
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]


def needed() -> list[str]:
    """The program's dependencies without pip, and theirs: normalized names."""
    found: dict[str, None] = {}
    todo = list(metadata.requires("pip-fastupdate") or ())
    while todo:
        requirement = Requirement(todo.pop())
        name = canonicalize_name(requirement.name)
        if name in found or name == "pip" or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[name] = None
        todo += metadata.requires(name) or ()
    return list(found)


def copy_packages(name: str, target: Path) -> None:
    """Copy the importable files of an installed distribution, with their bytecode, without its ``.dist-info``."""
    for source, relative in _files_of(name):
        if ".dist-info" not in relative.parts[0]:
            _copy(source, target / relative)
    compileall.compile_dir(target, quiet=2)


def copy_distribution(name: str, target: Path) -> None:
    """Copy an installed distribution as pip would have installed it."""
    for source, relative in _files_of(name):
        _copy(source, target / relative)
    info = next(target.glob(f"{name.replace('-', '_')}-*.dist-info"))
    _forget_scripts(info / "RECORD")


def _files_of(name: str) -> Iterator[tuple[Path, Path]]:
    """The files of a distribution below its site-packages, and their bytecode: (path, relative path)."""
    for each in metadata.files(name) or ():
        source, relative = Path(str(each.locate())), Path(*each.parts)
        if ".." in relative.parts or not source.is_file():
            continue
        yield source, relative
        cached = source.with_name("__pycache__") / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        if source.suffix == ".py" and cached.is_file():
            yield cached, relative.with_name("__pycache__") / cached.name


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _forget_scripts(record: Path) -> None:
    """Take the scripts, which are not copied, out of RECORD."""
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    record.write_text("".join(line for line in lines if not line.startswith("..")), encoding="utf-8")


def copy_coverage(target: Path) -> None:
    """Let the children's lines count where coverage is being measured."""
    coverage = sys.modules.get("coverage")
    if coverage is None or coverage.__file__ is None or coverage.Coverage.current() is None:
        return
    shutil.copytree(Path(coverage.__file__).parent, target / "coverage")


def link_source(target: Path) -> None:
    """Make the program importable from ``target``: without its project's folder, which may hold an ``.egg-info``."""
    if os.name == "nt":
        shutil.copytree(PROJECT / "pip_fastupdate", target / "pip_fastupdate")
    else:
        (target / "pip_fastupdate").symlink_to(PROJECT / "pip_fastupdate", target_is_directory=True)
