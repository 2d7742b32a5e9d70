"""Options that restrict which versions may be installed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from ..core.errors import UsageError
from ..core.files import expanded
from ..core.names import normalize
from ..core.options import AdvisoryOptions, Level, PolicyOptions
from . import report as report_arguments

GLOB = re.compile(r"[A-Za-z0-9._*?\[\]!-]+")
LEVELS = (*get_args(Level), "any")


def add(made: argparse.ArgumentParser) -> None:
    """Add the options to the parser, in groups of their own."""
    group = made.add_argument_group("policy options")
    group.add_argument(
        "--cooldown",
        "--uploaded-prior-to",
        type=_ages,
        action="append",
        default=[],
        metavar="AGE",
        help="hold files younger than this (7, 12h, 2w, P7D or a date; 0: none); NAME=AGE for one package",
    )
    group.add_argument(
        "--cooldown-except",
        action="append",
        default=[],
        metavar="NAMES",
        help="no minimum age for these packages (globs) or index URLs (repeatable)",
    )
    group.add_argument(
        "--cooldown-unknown",
        choices=("hold", "allow"),
        default="hold",
        help="allow or hold files of an index without upload times (default: hold)",
    )
    group.add_argument(
        "--level",
        action="append",
        default=[],
        metavar="LEVEL",
        help="largest step: patch, minor, major or any; NAME=LEVEL for one package (repeatable)",
    )

    group.add_argument("--direct", action="store_true", help="update only packages you asked for, and others as needed")
    group.add_argument(
        "--prune", action="store_true", help="remove packages that earlier updates added and nothing requires any more"
    )
    _add_advisories(made)


def _add_advisories(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("security options")
    group.add_argument(
        "--audit",
        action="store_true",
        help="report known vulnerabilities of installed packages; never install malware",
    )
    group.add_argument(
        "--security",
        nargs="?",
        const="smallest",
        choices=("smallest", "newest"),
        help="update only to fix known vulnerabilities, to the smallest (or newest) safe version",
    )
    group.add_argument("--osv-url", type=_service, metavar="URL", help="use this service that speaks OSV's API")
    group.add_argument(
        "--advisories", type=Path, metavar="PATH", help="use OSV records in this directory or zip archive"
    )
    group.add_argument(
        "--ignore-vuln",
        action="append",
        default=[],
        metavar="ID",
        help="ignore this vulnerability; aliases match (repeatable)",
    )
    group.add_argument(
        "--ignore-until-fixed",
        action="append",
        default=[],
        metavar="ID",
        help="ignore it while no fix is known (repeatable)",
    )


def advisories(found: argparse.Namespace) -> AdvisoryOptions:
    """Return the options about advisories. Raises UsageError."""
    asked = found.audit or found.security is not None or report_arguments.wants(found, "sarif")
    for flag, value in (
        ("--osv-url", found.osv_url),
        ("--advisories", found.advisories),
        ("--ignore-vuln", found.ignore_vuln),
        ("--ignore-until-fixed", found.ignore_until_fixed),
    ):
        if value and not asked:
            raise UsageError(
                f"{flag} requires --audit or --security",
                hint="add --audit to report vulnerabilities, or --security to fix them",
            )
    if found.osv_url and found.advisories:
        raise UsageError("--osv-url cannot be used with --advisories", hint="use one of the two")
    return AdvisoryOptions(
        audit=asked,
        security=found.security,
        service=found.osv_url,
        local=expanded(found.advisories).absolute() if found.advisories else None,
        ignore=tuple(_words(found.ignore_vuln)),
        ignore_until_fixed=tuple(_words(found.ignore_until_fixed)),
    )


def _service(text: str) -> str:
    if not text.startswith(("http://", "https://")) or not text.partition("://")[2].strip("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an http or https URL")
    return text.rstrip("/")


def read(found: argparse.Namespace) -> PolicyOptions:
    """Return the policy options. Raises UsageError."""
    default, levels = _levels(found.level)
    ages = [each.rpartition("=") for each in found.cooldown]
    return PolicyOptions(
        cooldown=next((age for name, _, age in reversed(ages) if not name), None),
        cooldowns=tuple(sorted({normalize(name): age for name, _, age in ages if name}.items())),
        cooldown_except=tuple(_exempt(found.cooldown_except)),
        cooldown_unknown=found.cooldown_unknown,
        level=default,
        levels=tuple(sorted(levels.items())),
        direct=found.direct,
        prune=found.prune,
    )


def _age(text: str) -> str:
    from ..core.ages import parse

    try:
        parse(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not an age such as 7, 12h, 2w or P7D, or a date") from None
    return text


def _ages(text: str) -> str:
    """Check ``AGE`` or ``NAME=AGE``."""
    name, equals, age = text.rpartition("=")
    _age(age)
    if equals and not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise argparse.ArgumentTypeError(f"{name!r} is not a valid package name")
    return text


def cooldown_of(given: str | None, configured: str | None) -> str | None:
    """Return the cooldown in force: the option, else pip's setting; None for any age. Raises UsageError."""
    text = configured if given is None else given
    if text is None:
        return None
    from ..core.ages import parse

    try:
        return text if parse(text) else None
    except (ValueError, OverflowError):
        raise UsageError(
            f"pip's uploaded-prior-to setting is neither an age nor a time: {text!r}",
            hint="run `python -m pip config debug` to see where it is set",
        ) from None


def _words(given: Iterable[str]) -> Iterator[str]:
    return (word.strip() for each in given for word in each.split(",") if word.strip())


def _exempt(given: Iterable[str]) -> Iterator[str]:
    for word in _words(given):
        if "://" in word:
            yield word
        elif GLOB.fullmatch(word):
            yield normalize(word)
        else:
            raise UsageError(
                f"{word!r} is not a package name, glob or index URL",
                hint='for example, --cooldown-except "acme-*" or --cooldown-except https://pypi.example.com/simple',
            )


def _levels(given: Iterable[str]) -> tuple[Any, dict[str, Any]]:
    """Return the level for all packages and the levels by name; None means any. Raises UsageError."""
    default, levels = None, {}
    for word in _words(given):
        name, equals, level = word.rpartition("=")
        if level not in LEVELS or (equals and not GLOB.fullmatch(name)):
            raise UsageError(
                f"invalid --level {word!r}", hint="use patch, minor, major or any, or NAME=LEVEL for one package"
            )
        value = None if level == "any" else level
        if equals:
            levels[normalize(name)] = value
        else:
            default = value
    return default, levels
