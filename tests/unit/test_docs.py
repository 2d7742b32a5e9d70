"""The documentation, without mkdocs: what is generated is current, every page has its place, every link its target."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "tools").exists():
    pytest.skip("the tests run without the sources", allow_module_level=True)

from pip_fastupdate.arguments import parser  # noqa: E402
from tools import options, picture, reasons  # noqa: E402

PAGES = sorted((ROOT / "docs").glob("*.md"))
READ = (*PAGES, *(ROOT / each for each in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")))


def test_options_are_those_of_the_parser() -> None:
    """`python -m tools.options` would write what is there."""
    assert options.PAGE.read_text(encoding="utf-8") == options.page(parser())


def test_options_page() -> None:
    """Values, choices, optional values; what would be markup of Markdown is text."""
    made = argparse.ArgumentParser(add_help=False, epilog="Exit codes: 0 done; 3 a|b.")
    group = made.add_argument_group("things")
    group.add_argument("-a", "--all", action="store_true", help="x|y <b>")
    group.add_argument("--one", choices=("p", "q"), help="one")
    group.add_argument("--two", nargs="?", metavar="ID", help="two")
    text = options.page(made)
    for line in (
        "## Things",
        "| `-a`, `--all` | x\\|y &lt;b> |",
        "| `--one p\\|q` | one |",
        "| `--two [ID]` | two |",
        "| 3 | a\\|b |",
    ):
        assert line in text.splitlines()


def test_reasons_are_those_of_the_program() -> None:
    """`python -m tools.reasons` would write what is there."""
    assert reasons.PAGE.read_text(encoding="utf-8") == reasons.page(reasons.source())


def test_reasons_page() -> None:
    """A table for each list of words, under its docstring; a word without a meaning is an error."""
    text = reasons.page('A = Literal[\n    "x",  # an ``x``\n]\n"""Why."""\nB = Literal[A]\n"""All."""\n')
    assert text.endswith("\n\n## Why\n\n| kind | |\n|---|---|\n| `x` | an `x` |\n")
    with pytest.raises(ValueError, match="no comment"):
        reasons.page('A = Literal[\n    "x",\n    "y",\n]\n"""Why."""\n')


def test_every_page_is_in_the_menu() -> None:
    """And nothing else."""
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    assert {each.name for each in PAGES} == set(re.findall(r"[\w-]+\.md", nav)) - {"CHANGELOG.md", "SECURITY.md"}


@pytest.mark.parametrize("path", READ, ids=lambda each: each.name)
def test_links(path: Path) -> None:
    """Files that are there, and headings that are in them."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        found = path.parent / name if name else path
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}, target


def test_picture_loads_nothing_and_is_the_same_for_the_same_text() -> None:
    """What a terminal shows, with its colors, as SVG of this machine's fonts."""
    made = picture.picture("\x1b[31mheld\x1b[0m: <b> & more", 40)
    assert made == picture.picture("\x1b[31mheld\x1b[0m: <b> & more", 40)
    assert "&lt;b&gt;" in made
    for page in (made, picture.PICTURE.read_text(encoding="utf-8")):
        assert not re.search(r"url\(.?http|@font-face|<image|<script|href", page)
