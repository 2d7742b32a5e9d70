"""``python -m tools.options`` writes docs/options.md from the parser; a test holds it current."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from pip_fastupdate.arguments import parser

PAGE = Path(__file__).parents[1] / "docs" / "options.md"
_HEAD = """\
# Options

<!-- made by `python -m tools.options` -->

`pip-update [NAME ...] [options]`: every word without a dash names a package to update; without any, all are updated."""
_SPECIAL = str.maketrans({"|": "\\|", "<": "&lt;", "*": "\\*", "[": "\\[", "]": "\\]"})


def page(made: argparse.ArgumentParser) -> str:
    """The whole page, with a table for each group of options."""
    return "\n\n".join((_HEAD, *_groups(made), "## Exit codes", *_codes(made.epilog or ""))) + "\n"


def _groups(made: argparse.ArgumentParser) -> Iterator[str]:
    for group in made._action_groups:
        actions = [each for each in group._group_actions if each.option_strings and each.help != argparse.SUPPRESS]
        if actions:
            rows = "\n".join(f"| {_option(each)} | {(each.help or '').translate(_SPECIAL)} |" for each in actions)
            yield f"## {(group.title or '')[:1].upper()}{(group.title or '')[1:]}\n\n| option | |\n|---|---|\n{rows}"


def _option(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
    shown = f" [{value}]" if action.nargs == "?" else f" {value}" if action.nargs != 0 and value else ""
    return ", ".join(f"`{each}{shown}`".replace("|", "\\|") for each in action.option_strings)


def _codes(epilog: str) -> Iterator[str]:
    listed = epilog.partition(": ")[2].rstrip(".").split("; ")
    rows = (each.partition(" ") for each in listed)
    yield "| code | |\n|---|---|\n" + "\n".join(f"| {code} | {text.translate(_SPECIAL)} |" for code, _, text in rows)


if __name__ == "__main__":
    PAGE.write_text(page(parser()), encoding="utf-8", newline="\n")
