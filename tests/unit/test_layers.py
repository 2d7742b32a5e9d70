"""The drawing of the layers in CONTRIBUTING.md is the one that ``lint-imports`` checks."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def drawn() -> list[set[str]]:
    """The layers as drawn, from the top; one set a line."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"## Layers\n.*?```\n(.*?)```", text, re.DOTALL)
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
