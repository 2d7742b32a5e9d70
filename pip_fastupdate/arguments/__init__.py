"""The command line: words without a dash are package names, everything else is an option."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..core.errors import UsageError
from ..core.names import NAME, normalize
from ..core.options import Bytecode, CacheOptions, Limits, Options
from . import policy as policy_arguments
from . import report as report_arguments

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The parsed command line: the action and its options."""

    options: Options
    pip_arguments: tuple[str, ...]
    """Words for pip's own parser."""

    jobs: int | None
    """Concurrent requests; None adapts it to how many are waiting."""

    cache_directory: Path | None
    """Given with ``--cache-dir``; None if pip's settings decide."""

    no_cache: bool
    build: frozenset[str]
    limits: Limits = field(default_factory=Limits)
    """Limits for index responses."""

    all_venvs: Path | None = None
    """Absolute path of the directory whose virtual environments are updated; None for a single environment."""

    python: str | None = None
    """The environment to update: an interpreter, or the directory of its environment; None for the running one."""

    shell_init: str | None = None
    show_config: bool = False
    schema: bool = False
    isolated: bool = False
    """Ignore ``PIP_*`` and ``PIP_UPDATE_*`` variables, and the configuration file of the user."""

    cache_info: bool = False
    cache_clear: bool = False
    history: bool = False
    undo: str | None = None
    """A transaction's id, "" for the last one; None without --undo."""


class _Parser(argparse.ArgumentParser):
    """Raises UsageError instead of exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message.rstrip("."), hint="run `pip-update --help` for all options")


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
        metavar="FOLDER",
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
        type=_seconds,
        default=86400.0,
        metavar="S",
        help=("how long cached index data stays fresh, in seconds (default: 86400)"),
    )
    group.add_argument("--cache-url", metavar="URL", help="cache shared between machines, redis://…")
    group.add_argument(
        "--shared-wheels", metavar="URL", help="wheels that many machines share: s3://…, file://…, https://…"
    )
    group.add_argument(
        "--cache-limit",
        type=_size,
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
        "--keep", type=_amount, metavar="N", help=("number of updates kept for --undo (default: 1; 0 keeps none)")
    )
    group.add_argument(
        "--lock-timeout",
        type=_seconds,
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


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Parse the command line. Raises UsageError; ``--help`` and ``--version`` raise SystemExit."""
    found = parser().parse_intermixed_args(list(argv), argparse.Namespace(pip_arguments=[], bytecode="keep"))
    isolated = _is_isolated(found)
    cache = CacheOptions(
        directory=None,
        ttl=found.cache_ttl,
        refresh=found.refresh,
        offline=found.offline,
        limit=found.cache_limit,
        url=_cache_url(found.cache_url),
        wheels_url=_wheels_url(found.shared_wheels),
    )
    return Arguments(
        options=_options(found, cache),
        pip_arguments=(*found.pip_arguments, *_requirements(found.write)),
        jobs=found.jobs,
        cache_directory=found.cache_dir,
        no_cache=found.no_cache,
        build=frozenset(
            name if name == ":all:" else normalize(name) for each in found.build for name in each.split(",")
        ),
        limits=_limits("" if isolated else os.environ.get("PIP_UPDATE_LIMITS", "")),
        all_venvs=_all_venvs(found, argv),
        python=None if isolated and not _is_given("--python", argv) else found.python or None,
        isolated=isolated,
        shell_init=found.shell_init,
        show_config=found.show_config,
        schema=found.schema,
        cache_info=found.cache_info,
        cache_clear=found.cache_clear,
        history=found.history,
        undo=found.undo,
    )


NOT_SETTINGS = ("show_config", "format", "output", "python", "pip_arguments")


def given(argv: Sequence[str]) -> dict[str, bool | str | tuple[str, ...]]:
    """Return our options that differ from their defaults, by name without dashes."""
    made, defaults = parser(), {"bytecode": "keep"}
    found = vars(made.parse_intermixed_args(list(argv), argparse.Namespace(pip_arguments=[], **defaults)))
    actions = (each for each in made._actions if each.option_strings and each.dest not in NOT_SETTINGS)
    return {
        next(word[2:] for word in action.option_strings if word.startswith("--")): _shown(found[action.dest], action)
        for action in actions
        if found.get(action.dest, action.default) != defaults.get(action.dest, action.default)
        and (action.const is None or action.nargs != 0 or action.const == found[action.dest])
    }


def _shown(value: object, action: argparse.Action) -> bool | str | tuple[str, ...]:
    if action.nargs == 0 and action.const is not None:  # a switch, whatever its value
        return True
    if isinstance(value, list):
        return tuple(map(str, value))
    return value if isinstance(value, bool) else str(value)


def _options(found: argparse.Namespace, cache: CacheOptions) -> Options:
    bytecode: Bytecode = found.bytecode
    _check_test(found)
    return Options(
        names=tuple(dict.fromkeys(map(_name, found.names))),
        exclude=tuple(_pattern(name) for each in found.exclude for name in each.split(",")),
        dry_run=found.dry_run or found.why is not None,
        check=found.check,
        interactive=_interactive(found),
        why=None if found.why is None else _name(found.why),
        **report_arguments.read(found),
        verbosity=-1 if found.quiet else found.verbose,
        color=found.color,
        live=found.live,
        stats=found.stats,
        cache=cache,
        bytecode=bytecode,
        keep=found.keep if found.keep is not None else 1 if _is_isolated(found) else _kept(),
        lock_timeout=found.lock_timeout,
        test=found.test,
        bisect=found.bisect,
        strict=found.strict,
        download_only=_download_only(found),
        to=_to(found),
        allow_downgrade=found.allow_downgrade,
        lock_file=found.lock_file,
        allow_source_change=frozenset(
            name if name == ":all:" else _name(name) for each in found.allow_source_change for name in each.split(",")
        ),
        policy=policy_arguments.read(found),
        groups=tuple(found.group),
        write=_written(found),
        write_lower_bounds=found.write_lower_bounds,
        advisories=policy_arguments.advisories(found),
        changes=None if found.changes is None else frozenset(map(_name, filter(None, found.changes.split(",")))),
    )


def _written(found: argparse.Namespace) -> tuple[Path, ...]:
    """Raise UsageError for --write-lower-bounds without a file to write."""
    if found.write_lower_bounds and not found.write:
        raise UsageError(
            "--write-lower-bounds requires --write FILE",
            hint=("for example, `pip-update --write pyproject.toml --write-lower-bounds`"),
        )
    return tuple(dict.fromkeys(Path(each).expanduser().absolute() for each in found.write))


def _requirements(written: Sequence[str]) -> tuple[str, ...]:
    """Return the files to write that pip reads, too, as options for pip."""
    return tuple(f"--requirement={each}" for each in written if not each.endswith((".toml", ".lock")))


def _download_only(found: argparse.Namespace) -> bool:
    """Raise UsageError for options that leave nothing to download or no place to keep it."""
    given = {
        "--dry-run": found.dry_run or found.why is not None,
        "--check": found.check,
        "--test": found.test is not None,
        "--offline": found.offline,
        "--no-cache": found.no_cache,
    }
    wrong = [flag for flag, value in given.items() if value and found.download_only]
    if wrong:
        raise UsageError(
            f"--download-only cannot be used with {wrong[0]}",
            hint=("drop it; --download-only fills the cache for a later run with --offline"),
        )
    return bool(found.download_only)


def _interactive(found: argparse.Namespace) -> bool:
    """Raise UsageError for options that leave nothing to choose."""
    given = {
        "--check": found.check,
        "--why": found.why is not None,
        "--to": found.to is not None,
        "--all-venvs": found.all_venvs is not None,
        "--history": found.history,
        "--undo": found.undo is not None,
    }
    wrong = [flag for flag, value in given.items() if value and found.interactive]
    if wrong:
        raise UsageError(
            f"--interactive cannot be used with {wrong[0]}", hint="with --dry-run it shows the plan of what you choose"
        )
    return bool(found.interactive)


def _to(found: argparse.Namespace) -> Path | None:
    """Raise UsageError for downgrades without a lock file."""
    if found.allow_downgrade and found.to is None:
        raise UsageError(
            "--allow-downgrade requires --to FILE",
            hint=("for example, `pip-update --to pylock.toml --allow-downgrade`"),
        )
    to: Path | None = found.to
    others = [f"--{name}" for name in ("history", "undo") if getattr(found, name) not in (None, False)]
    if to is not None and others:
        raise UsageError(f"--to cannot be used with {others[0]}", hint="run pip-update once for each")
    return to


def _all_venvs(found: argparse.Namespace, argv: Sequence[str]) -> Path | None:
    """Raise UsageError for options that concern a single environment."""
    if found.all_venvs is None:
        return None
    one = ("cache_clear", "cache_info", "history", "lock_file", "output", "schema", "shell_init", "show_config", "why")
    wrong = [f"--{name.replace('_', '-')}" for name in one if getattr(found, name)]
    wrong += ["--undo"] if found.undo is not None else []
    wrong += ["--write"] if found.write else []
    wrong += ["--python"] if _is_given("--python", argv) else []
    wrong += [f"--format {found.format}"] if found.format not in (None, "table", "json", "markdown") else []
    if wrong:
        raise UsageError(f"--all-venvs cannot be used with {wrong[0]}", hint=f"drop {wrong[0]}")
    return Path(found.all_venvs).expanduser().absolute()


def _check_test(found: argparse.Namespace) -> None:
    """Raise UsageError for combinations that leave nothing to test."""
    if found.bisect and found.test is None:
        raise UsageError("--bisect requires --test COMMAND", hint=_TEST)
    if found.test is None:
        return
    if not found.test.strip():
        raise UsageError("--test requires a command", hint=_TEST)
    for flag, given in (("--dry-run", found.dry_run), ("--check", found.check)):
        if given:
            raise UsageError(f"--test cannot be used with {flag}: there is no update to test", hint=_TEST)


_TEST = 'for example, `pip-update --test "pytest -q" --bisect`'


def _name(word: str) -> str:
    if not NAME.fullmatch(word):
        raise UsageError(
            f"{word!r} is not a valid package name",
            hint="give names without versions; to limit versions, use a constraints file (-c FILE)",
        )
    return normalize(word)


def _pattern(word: str) -> str:
    if not policy_arguments.GLOB.fullmatch(word):
        raise UsageError(f"{word!r} is not a valid package name or glob", hint='for example, -x "django*"')
    return normalize(word)


def _cache_url(url: str | None) -> str | None:
    if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
        raise UsageError(
            f"{url!r} is not a valid --cache-url",
            hint=("use a redis://, rediss:// or unix:// URL, such as redis://host:6379/0"),
        )
    return url


def _wheels_url(url: str | None) -> str | None:
    """Raise UsageError for an invalid URL; whether its scheme is supported shows later."""
    if url is not None and not re.match(r"(?!rediss?:)[A-Za-z][A-Za-z0-9+.-]*://.", url):
        raise UsageError(
            f"{url!r} is not the URL of a store of wheels", hint="for example: --shared-wheels s3://bucket/wheels"
        )
    return url


def _is_given(flag: str, argv: Sequence[str]) -> bool:
    return any(word.partition("=")[0] == flag for word in argv)


def _is_isolated(found: argparse.Namespace) -> bool:
    return "--isolated" in found.pip_arguments


def _kept() -> int:
    text = os.environ.get("PIP_UPDATE_KEEP", "1")
    if not text:
        return 1
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(
            f"PIP_UPDATE_KEEP must be a whole number, not {text!r}", hint=("set it to 0 to keep no updates")
        )
    return int(text)


def _limits(text: str) -> Limits:
    """Parse fields of ``Limits``, such as ``body=64M,seconds=600``. Raises UsageError."""
    said: dict[str, Any] = {}
    for word in filter(None, text.split(",")):
        name, _, value = word.strip().partition("=")
        if name not in Limits.__dataclass_fields__:
            known = ", ".join(Limits.__dataclass_fields__)
            raise UsageError(f"unknown limit {name!r} in PIP_UPDATE_LIMITS", hint=f"use one of {known}")
        try:
            said[name] = _seconds(value) if name == "seconds" else _size(value)
        except (argparse.ArgumentTypeError, ValueError) as error:
            raise UsageError(f"invalid PIP_UPDATE_LIMITS: {error}", hint="for example, body=64M,seconds=600") from None
    return Limits(**said)


def _lock_file(text: str) -> Path:
    if not LOCK_FILE.fullmatch(Path(text).name):
        raise argparse.ArgumentTypeError(f"{text!r} must be named pylock.toml or pylock.NAME.toml (PEP 751)")
    return Path(text).expanduser().absolute()


def _count(text: str) -> int:
    value = _amount(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not in the range 1 to 256")
    return value


def _amount(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e10:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)([kKmMgG]?)[bB]?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500M or 2G")
    return int(match[1]) * {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}[match[2].lower()]
