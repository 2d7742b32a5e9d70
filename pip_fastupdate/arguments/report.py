"""Options for the report: what it shows and where it goes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ..core.errors import UsageError
from ..core.files import expanded
from ..core.options import Format

SUFFIXES: Mapping[str, Format] = {
    **{f".{each}": each for each in get_args(Format) if each != "table"},
    ".md": "markdown",
    ".htm": "html",
    ".txt": "table",
    "": "table",
}
"""The format for each file suffix: the format's word, and other common suffixes."""


def add(made: argparse.ArgumentParser) -> None:
    """Add the options to the parser, in a group of their own."""
    group = made.add_argument_group("output options")
    group.add_argument(
        "--format", choices=get_args(Format), help="report format on stdout or in --output (default: table)"
    )
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help="write the report to this file, in the format of its suffix (repeatable)",
    )
    group.add_argument(
        "--why", metavar="NAME", help="show what holds NAME and what requires it, without changing anything"
    )
    group.add_argument(
        "--changes",
        nargs="?",
        const="",
        metavar="NAMES",
        help="show what the new versions change (of all, or of these)",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="show only warnings and errors")
    group.add_argument("-v", "--verbose", action="count", default=0, help="show more detail (repeatable)")
    group.add_argument("--no-color", action="store_false", dest="color", default=None, help="disable color")
    group.add_argument("--no-progress", action="store_false", dest="live", help="disable the progress display")
    group.add_argument(
        "--stats", action="store_true", help="show requests, response times, bytes, files, seconds a stage, peak memory"
    )
    group.add_argument("--show-config", action="store_true", help="show each setting, its value and its source")
    group.add_argument("--schema", action="store_true", help="print the JSON schema of --format json")
    group.add_argument("--shell-init", metavar="SHELL", help="print the shell code for `pip update` and completion")


def read(found: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of ``Options`` given by these options. Raises UsageError."""
    _check(found)
    given: Format | None = found.format
    if not found.output:
        return {"format": given or "table"}
    paths = dict.fromkeys(expanded(each).absolute() for each in found.output)
    if given and len(paths) > 1:
        raise UsageError(
            "--format cannot be used with several --output", hint="drop --format; each suffix names the format"
        )
    return {"outputs": tuple((path, given or _guessed(path)) for path in paths)}


def wants(found: argparse.Namespace, format: Format) -> bool:
    """Return whether any output has that format."""
    fields = read(found)
    return format in (fields.get("format"), *(each for _, each in fields.get("outputs", ())))


def _guessed(path: Path) -> Format:
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = ", ".join(each for each in SUFFIXES if each)
        raise UsageError(
            f"could not tell the report format from {path.name!r}",
            hint=f"add --format, or use a name ending in {known}",
        ) from None


def _check(found: argparse.Namespace) -> None:
    """Raise UsageError for options that exclude each other."""
    if "" in found.output:
        raise UsageError("--output requires a file name", hint="for example, --output report.json")
    for flag, given in (("--history", found.history), ("--undo", found.undo is not None)):
        if found.output and given:
            raise UsageError(f"--output cannot be used with {flag}", hint="redirect standard output instead")
    if found.why is None:
        return
    for flag, given in (("--format", found.format), ("--output", found.output), ("--test", found.test)):
        if given:
            raise UsageError(f"--why cannot be used with {flag}: it shows a tree", hint=f"drop {flag}")
    if found.names:
        raise UsageError("--why cannot be used with package names", hint=f"use --why {found.why} alone")
