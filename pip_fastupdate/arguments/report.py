"""The options that say what is shown, and where."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ..core.errors import UsageError
from ..core.options import Format

SUFFIXES: Mapping[str, Format] = {
    **{f".{each}": each for each in get_args(Format) if each != "table"},
    ".md": "markdown",
    ".htm": "html",
    ".txt": "table",
    "": "table",
}
"""The format that a file's name stands for: its word, and what else is usual."""


def add(made: argparse.ArgumentParser) -> None:
    """Add them to the parser, in a group of their own."""
    group = made.add_argument_group("what to show")
    group.add_argument("--format", choices=get_args(Format), help="report on stdout, or in --output (default: table)")
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help="write the report to this file, in the format of its suffix; stdout has a table (repeatable)",
    )
    group.add_argument("--why", metavar="NAME", help="show what holds NAME and who requires it; change nothing")
    group.add_argument(
        "--changes", nargs="?", const="", metavar="NAMES", help="what the new versions change (of all, or of these)"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="warnings and errors only")
    group.add_argument("-v", "--verbose", action="count", default=0, help="more (repeatable)")
    group.add_argument("--no-color", action="store_false", dest="color", default=None, help="no colours")
    group.add_argument("--no-progress", action="store_false", dest="live", help="no live display")
    group.add_argument(
        "--stats", action="store_true", help="show requests, response times, bytes, files, seconds a stage, peak memory"
    )
    group.add_argument("--show-config", action="store_true", help="show each setting, its value and its source")
    group.add_argument("--schema", action="store_true", help="print the JSON schema of --format json")
    group.add_argument("--shell-init", metavar="SHELL", help="print what makes 'pip update' and completion work")


def read(found: argparse.Namespace) -> dict[str, Any]:
    """The fields of ``Options`` that these are. Raises UsageError."""
    _check(found)
    given: Format | None = found.format
    if not found.output:
        return {"format": given or "table"}
    paths = dict.fromkeys(Path(each).expanduser().absolute() for each in found.output)
    if given and len(paths) > 1:
        raise UsageError(
            "--format cannot be used with several --output", hint="leave out --format; the suffixes say it"
        )
    return {"outputs": tuple((path, given or _guessed(path)) for path in paths)}


def wants(found: argparse.Namespace, format: Format) -> bool:
    """Whether anything is to be written in that format."""
    fields = read(found)
    return format in (fields.get("format"), *(each for _, each in fields.get("outputs", ())))


def _guessed(path: Path) -> Format:
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = ", ".join(each for each in SUFFIXES if each)
        raise UsageError(
            f"{path.name!r} does not say which format it should have", hint=f"add --format, or end it in {known}"
        ) from None


def _check(found: argparse.Namespace) -> None:
    """Raises UsageError for options that exclude each other."""
    if "" in found.output:
        raise UsageError("--output needs the name of a file", hint="for example: --output report.json")
    for flag, given in (("--history", found.history), ("--undo", found.undo is not None)):
        if found.output and given:
            raise UsageError(f"--output cannot be used with {flag}", hint="redirect standard output instead")
    if found.why is None:
        return
    for flag, given in (("--format", found.format), ("--output", found.output), ("--test", found.test)):
        if given:
            raise UsageError(f"--why cannot be used with {flag}: it shows a tree", hint=f"leave out {flag}")
    if found.names:
        raise UsageError("--why cannot be used with names of packages to update", hint=f"use --why {found.why} alone")
