"""Which options there are: their names, what they take, and their help."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any, NoReturn, get_args

from .. import __version__
from ..core.errors import UsageError
from ..core.files import expanded
from ..core.options import LinkMode
from ..core.text import fit
from . import policy as policy_arguments
from . import report as report_arguments
from .values import amount, seconds, size

LOCK_FILE = re.compile(r"pylock(?:\.[^.]+)?\.toml")

FROM_PIP: tuple[tuple[str, str | None, str], ...] = (
    ("-i --index-url", "URL", "base URL of the index"),
    ("--extra-index-url", "URL", "additional index (repeatable)"),
    ("-f --find-links", "URL", "directory or page with links to files (repeatable)"),
    ("--no-index", None, "ignore the index; use only --find-links"),
    ("--trusted-host", "HOST", "do not verify the certificate of this host (repeatable)"),
    ("--cert", "PATH", "CA bundle"),
    ("--client-cert", "PATH", "client certificate and key in one PEM file"),
    ("--proxy", "URL", "proxy for all requests"),
    ("-c --constraint", "FILE", "constraints file, as for pip (repeatable)"),
    ("-r --requirement", "FILE", "update only what this requirements file names, as far as it allows (repeatable)"),
    ("--only-binary", "NAMES", "never build these from source (:all: or comma-separated names)"),
    ("--no-binary", "NAMES", "always build these from source"),
    ("--prefer-binary", None, "prefer older wheels over newer sdists"),
    ("--keyring-provider", "PROVIDER", "how to use keyring: auto, disabled, import or subprocess"),
    ("--no-input", None, "do not prompt for credentials"),
    ("--isolated", None, "ignore environment variables and the user's configuration"),
    ("--require-virtualenv", None, "refuse to run outside a virtual environment"),
    ("--break-system-packages", None, "update an externally managed environment anyway"),
    ("--user", None, "update only packages in the user site"),
)
"""Options passed on to pip's own parser: names, metavar, help."""


class _Parser(argparse.ArgumentParser):
    """Raises UsageError instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message.rstrip("."), hint="run `pip-update --help` for all options")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help or the version in characters that the stream has."""
        super()._print_message(fit(message, getattr(file, "encoding", None)), file)


class _ForPip(argparse.Action):
    """Collect an option of pip's as it was written."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Append the option, with its value if it takes one."""
        option = self.option_strings[-1]
        namespace.pip_arguments = [*namespace.pip_arguments, option if self.nargs == 0 else f"{option}={values}"]


def parser() -> argparse.ArgumentParser:
    """Return the parser; ``docs/options.md`` is made from its help."""
    made = _Parser(
        prog="pip-update",
        usage="pip-update [NAME ...] [options]",
        description="Update the packages in this Python environment, all or by name, to the newest versions that work "
        "together.",
        epilog="Exit codes: 0 success or nothing to do; 1 failure, environment unchanged; 2 usage error; 3 updates "
        "available (--check); 4 success, but some packages could not be upgraded; 130 interrupted.",
        allow_abbrev=False,
        add_help=False,
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="packages to update (default: all)")
    for add in (_add_run, policy_arguments.add, _add_project, report_arguments.add):
        add(made)
    for add in (_add_cache, _add_transactions, _add_pip):
        add(made)
    return made


def _add_run(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("update options")
    group.add_argument("-n", "--dry-run", action="store_true", help="show what would change, without changing anything")
    group.add_argument("--check", action="store_true", help="like --dry-run, but exit with code 3 if there are updates")
    group.add_argument(
        "--interactive", action="store_true", help="choose in the terminal what to update (extra: interactive)"
    )
    group.add_argument(
        "--download-only", action="store_true", help="fill the cache for the update, without changing anything"
    )
    group.add_argument(
        "-x",
        "--exclude",
        action="append",
        default=[],
        metavar="NAME",
        help=("skip these packages; globs allowed (repeatable)"),
    )
    group.add_argument("--pre", action=_ForPip, nargs=0, help="include pre-releases")
    group.add_argument("--strict", action="store_true", help="hold new versions that cause warnings")
    group.add_argument("--test", metavar="COMMAND", help="keep the update only if this shell command then succeeds")
    group.add_argument("--bisect", action="store_true", help="with --test, hold only the upgrades that make it fail")
    group.add_argument(
        "--build",
        action="append",
        default=[],
        metavar="NAMES",
        help=("build these from source if there is no compatible wheel"),
    )
    group.add_argument(
        "--allow-source-change",
        action="append",
        default=[],
        metavar="NAMES",
        help="let these change index (:all: or comma-separated names)",
    )
    group.add_argument(
        "--compile",
        action="store_const",
        const="compile",
        dest="bytecode",
        help=("compile installed modules to bytecode"),
    )
    group.add_argument(
        "--no-compile",
        action="store_const",
        const="no-compile",
        dest="bytecode",
        help=("do not compile to bytecode (default: as before, per package)"),
    )
    group.add_argument(
        "-j",
        "--jobs",
        type=_count,
        metavar="N",
        help=("concurrent requests (default: 20, up to 128 for large environments)"),
    )
    group.add_argument(
        "--python",
        default=os.environ.get("PIP_PYTHON"),
        metavar="PATH",
        help="update the environment of this interpreter or venv",
    )
    group.add_argument(
        "--all-venvs",
        type=Path,
        metavar="DIR",
        help="update every virtual environment below this directory",
    )
    group.add_argument(
        "--lock-file", type=_lock_file, metavar="FILE", help="write the result to a lock file, pylock.toml (PEP 751)"
    )
    group.add_argument(
        "--to", type=_lock_file, metavar="FILE", help="install the versions in this pylock.toml (PEP 751)"
    )
    group.add_argument("--allow-downgrade", action="store_true", help="with --to, also install older versions")
    group.add_argument("--timeout", action=_ForPip, metavar="S", help="network timeout in seconds (default: 15)")
    group.add_argument("--retries", action=_ForPip, metavar="N", help="retries per request (default: 5)")
    group.add_argument("-h", "--help", action="help", help="show this help")
    group.add_argument(
        "-V", "--version", action="version", version=f"pip-update {__version__}", help="show the version"
    )


def _add_project(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("project files")
    group.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="[PATH:]NAME",
        help="update only what this group of pyproject.toml names, as far as it allows (repeatable)",
    )
    group.add_argument(
        "--write",
        action="append",
        default=[],
        metavar="FILE",
        help="write the new versions to this requirements file or pyproject.toml (repeatable)",
    )
    group.add_argument("--write-lower-bounds", action="store_true", help="with --write, also raise lower bounds (>=)")


def _add_cache(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("cache")
    group.add_argument("--refresh", action="store_true", help="revalidate all cached index data")
    group.add_argument("--offline", action="store_true", help="use only the cache, even if it is stale")
    group.add_argument("--no-cache", "--no-cache-dir", action="store_true", help="disable the disk cache")
    group.add_argument(
        "--cache-dir", type=Path, metavar="DIR", help="the cache itself (default: fastupdate in pip's cache-dir)"
    )
    group.add_argument(
        "--cache-ttl",
        type=seconds,
        default=86400.0,
        metavar="S",
        help=("how long cached index data stays fresh, in seconds (default: 86400)"),
    )
    group.add_argument("--cache-url", metavar="URL", help="cache shared between machines, redis://…")
    group.add_argument(
        "--shared-wheels", metavar="URL", help="wheels that many machines share: s3://…, file://…, https://…"
    )
    group.add_argument(
        "--link-mode",
        choices=get_args(LinkMode),
        default="unpack",
        help="how files of cached wheels get into environments (default: unpack)",
    )
    group.add_argument(
        "--cache-limit",
        type=size,
        default=2 * 1000**3,
        metavar="SIZE",
        help=("maximum cache size, such as 500M (default: 2G)"),
    )
    group.add_argument("--cache-info", action="store_true", help="show cache location, contents and size")
    group.add_argument("--cache-clear", action="store_true", help="empty the cache")


def _add_transactions(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("transactions")
    group.add_argument("--history", action="store_true", help="list past updates")
    group.add_argument(
        "--undo", nargs="?", const="", metavar="ID", help=("undo the last update, or the one with this ID")
    )
    group.add_argument(
        "--keep", type=amount, metavar="N", help=("number of updates kept for --undo (default: 1; 0 keeps none)")
    )
    group.add_argument(
        "--lock-timeout",
        type=seconds,
        default=0.0,
        metavar="S",
        help=("how long to wait for another run, in seconds (default: 0)"),
    )


def _add_pip(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("pip options (also read from pip's configuration and PIP_* variables)")
    for names, metavar, text in FROM_PIP:
        if metavar is None:
            group.add_argument(*names.split(), action=_ForPip, nargs=0, help=text)
        else:
            group.add_argument(*names.split(), action=_ForPip, metavar=metavar, help=text)


def _lock_file(text: str) -> Path:
    if not LOCK_FILE.fullmatch(Path(text).name):
        raise argparse.ArgumentTypeError(f"{text!r} must be named pylock.toml or pylock.NAME.toml (PEP 751)")
    return expanded(text).absolute()


def _count(text: str) -> int:
    value = amount(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not in the range 1 to 256")
    return value
