"""What CONTRIBUTING.md says of the layers and the tests is what is there."""

from __future__ import annotations

import configparser
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "pip_fastupdate").exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def drawn() -> list[set[str]]:
    """The layers as drawn, from the top; one set a line."""
    block = re.search(r"## Layers\n.*?```\n(.*?)```", CONTRIBUTING, re.DOTALL)
    assert block is not None
    return [set(line.replace("·", " ").split()) for line in block[1].splitlines()]


def checked() -> list[set[str]]:
    """The layers of the contract, from the top."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["importlinter:contract:layers"]["layers"].strip().splitlines()
    return [{name.strip().removeprefix("pip_fastupdate.") for name in line.split("|")} for line in lines]


def test_the_drawing_is_what_is_checked() -> None:
    """Line by line, from the top."""
    assert drawn() == checked()


def test_every_part_is_in_the_drawing() -> None:
    """A new module or package has its place in it."""
    package = ROOT / "pip_fastupdate"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    assert modules | packages == set().union(*drawn())


def test_every_unit_test_is_listed_with_its_part() -> None:
    """CONTRIBUTING says which unit tests are of which part, and names none that are not there."""
    rows = [line for line in CONTRIBUTING.splitlines() if line.startswith("| `") and line.count("|") == 3]
    listed = {name for row in rows for name in re.findall(r"`([a-z_*]+)`", row.split("|")[2])}
    there = {each.stem.removeprefix("test_") for each in (ROOT / "tests/unit").glob("test_*.py")}
    assert set() == {name for name in listed if "*" in name and not any(fnmatch(each, name) for each in there)}
    aside = {"layers", "docs", "support", "benchmarks"}
    assert set() == {each for each in there - aside if not any(fnmatch(each, name) for name in listed)}
