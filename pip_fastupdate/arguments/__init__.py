"""The command line: every word without a dash is a project's name, everything else is a flag."""

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
    ("--extra-index-url", "URL", "a further index (repeatable)"),
    ("-f --find-links", "URL", "a folder or page with links to files (repeatable)"),
    ("--no-index", None, "use --find-links alone"),
    ("--trusted-host", "HOST", "do not verify the certificate of this host (repeatable)"),
    ("--cert", "PATH", "CA bundle"),
    ("--client-cert", "PATH", "client certificate and key in one PEM file"),
    ("--proxy", "URL", "proxy for all requests"),
    ("-c --constraint", "FILE", "constraints on versions, as pip reads them (repeatable)"),
    ("-r --requirement", "FILE", "only what this requirements file names, as far as it allows (repeatable)"),
    ("--only-binary", "NAMES", "never build these (:all:, or names with commas)"),
    ("--no-binary", "NAMES", "never use wheels of these: build them from source"),
    ("--prefer-binary", None, "prefer an older wheel over a newer source archive"),
    ("--keyring-provider", "PROVIDER", "where pip looks for credentials"),
    ("--no-input", None, "never ask for credentials"),
    ("--require-virtualenv", None, "refuse to run outside a virtual environment"),
    ("--break-system-packages", None, "change an externally managed environment all the same"),
    ("--user", None, "update the packages in the user site only"),
)
"""Options that are handed to pip's own parser: names, what they take, help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The command line, parsed: what to do, and with which options."""

    options: Options
    pip_arguments: tuple[str, ...]
    """Words for pip's own parser."""

    jobs: int | None
    """Concurrent requests; None leaves it to how many there are."""

    cache_directory: Path | None
    """As asked for with ``--cache-dir``; None where it is pip's settings that say."""

    no_cache: bool
    build: frozenset[str]
    limits: Limits = field(default_factory=Limits)
    """Of the index's answers."""

    all_venvs: Path | None = None
    """Absolute; the folder below which every virtual environment is meant; None for one environment."""

    python: str | None = None
    """The environment to act on: an interpreter, or the folder of its environment; None for the running one."""

    shell_init: str | None = None
    show_config: bool = False
    schema: bool = False
    cache_info: bool = False
    cache_clear: bool = False
    history: bool = False
    undo: str | None = None
    """The id of a transaction, "" for the last one; None when nothing is to be undone."""


class _Parser(argparse.ArgumentParser):
    """Errors become UsageError."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exit."""
        sentence = message[:1].upper() + message[1:]
        raise UsageError(f"{sentence.rstrip('.')}.", hint="pip-update --help lists all options.")


class _ForPip(argparse.Action):
    """Collects an option of pip's as it was written."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Append the option, and its value if it takes one."""
        option = self.option_strings[-1]
        namespace.pip_arguments = [*namespace.pip_arguments, option if self.nargs == 0 else f"{option}={values}"]


def parser() -> argparse.ArgumentParser:
    """The parser; its help is what the README shows."""
    made = _Parser(
        prog="pip-update",
        usage="pip-update [NAME ...] [options]",
        description="Bring every package of this Python environment, or those that are named, "
        "to the newest version that the whole environment allows.",
        epilog="Exit codes: 0 done or nothing to do; 1 failed, environment as before; 2 wrong usage; "
        "3 --check found updates; 4 done, but some packages could not be upgraded; 130 interrupted.",
        allow_abbrev=False,
        add_help=False,
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="projects to update; all when none is named")
    for add in (_add_run, policy_arguments.add, _add_project, report_arguments.add):
        add(made)
    for add in (_add_cache, _add_transactions, _add_pip):
        add(made)
    return made


def _add_run(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("what to do")
    group.add_argument("-n", "--dry-run", action="store_true", help="plan, show, change nothing")
    group.add_argument("--check", action="store_true", help="like --dry-run; exit 3 when there are updates")
    group.add_argument(
        "--interactive", action="store_true", help="choose in the terminal what to update (extra: interactive)"
    )
    group.add_argument(
        "--download-only", action="store_true", help="fill the cache with what the update needs, and change nothing"
    )
    group.add_argument(
        "-x", "--exclude", action="append", default=[], metavar="NAME", help="leave alone (repeatable, globs)"
    )
    group.add_argument("--pre", action=_ForPip, nargs=0, help="pre-releases too")
    group.add_argument("--strict", action="store_true", help="hold new versions that bring what is warned about")
    group.add_argument("--test", metavar="COMMAND", help="keep the update only if this shell command succeeds after it")
    group.add_argument("--bisect", action="store_true", help="with --test: hold only the updates that make it fail")
    group.add_argument(
        "--build", action="append", default=[], metavar="NAMES", help="build these from source where no wheel fits"
    )
    group.add_argument(
        "--allow-source-change",
        action="append",
        default=[],
        metavar="NAMES",
        help="let these come from another index than before (:all:, or names with commas)",
    )
    group.add_argument("--compile", action="store_const", const="compile", dest="bytecode", help="compile to bytecode")
    group.add_argument("--no-compile", action="store_const", const="no-compile", dest="bytecode", help="do not compile")
    group.add_argument(
        "-j", "--jobs", type=_count, metavar="N", help="concurrent requests (default 20; up to 128 if hundreds wait)"
    )
    group.add_argument(
        "--python",
        default=os.environ.get("PIP_PYTHON"),
        metavar="PATH",
        help="act on this Python's environment, or venv",
    )
    group.add_argument(
        "--all-venvs",
        type=Path,
        metavar="FOLDER",
        help="each virtual environment below this folder, one after the other",
    )
    group.add_argument(
        "--lock-file", type=_lock_file, metavar="FILE", help="write what is installed then to pylock.toml (PEP 751)"
    )
    group.add_argument(
        "--to", type=_lock_file, metavar="FILE", help="bring the environment to this pylock.toml (PEP 751)"
    )
    group.add_argument("--allow-downgrade", action="store_true", help="with --to: older versions, too")
    group.add_argument("--timeout", action=_ForPip, metavar="S", help="seconds to wait for the network")
    group.add_argument("--retries", action=_ForPip, metavar="N", help="how often a request is tried again")
    group.add_argument("-h", "--help", action="help", help="show this help")
    group.add_argument(
        "-V", "--version", action="version", version=f"pip-update {__version__}", help="show the version"
    )


def _add_project(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("files of the project")
    group.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="[PATH:]NAME",
        help="only what this dependency group of pyproject.toml names, as far as it allows (repeatable)",
    )
    group.add_argument(
        "--write",
        action="append",
        default=[],
        metavar="FILE",
        help="move the versions in this requirements file or pyproject.toml with the update (repeatable)",
    )
    group.add_argument("--write-lower-bounds", action="store_true", help="with --write: raise lower bounds (>=) too")


def _add_cache(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("cache")
    group.add_argument("--refresh", action="store_true", help="ask the index again")
    group.add_argument("--offline", action="store_true", help="answer from the cache, however old")
    group.add_argument("--no-cache", "--no-cache-dir", action="store_true", help="keep nothing on disk")
    group.add_argument("--cache-dir", type=Path, metavar="DIR", help="folder of the cache")
    group.add_argument("--cache-ttl", type=_seconds, default=86400.0, metavar="S", help="seconds (default 24 h)")
    group.add_argument("--cache-url", metavar="URL", help="a cache that many machines share: redis://…")
    group.add_argument(
        "--shared-wheels", metavar="URL", help="wheels that many machines share: s3://…, file://…, https://…"
    )
    group.add_argument(
        "--cache-limit", type=_size, default=2 * 1000**3, metavar="SIZE", help="such as 500M (default 2G)"
    )
    group.add_argument("--cache-info", action="store_true", help="show what the cache holds")
    group.add_argument("--cache-clear", action="store_true", help="empty the cache")


def _add_transactions(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("transactions")
    group.add_argument("--history", action="store_true", help="list what was changed and when")
    group.add_argument("--undo", nargs="?", const="", metavar="ID", help="swap the last update, or this one, back")
    group.add_argument("--keep", type=_amount, metavar="N", help="updates kept for --undo (default 1; 0: none)")
    group.add_argument(
        "--lock-timeout", type=_seconds, default=0.0, metavar="S", help="wait for another run (default 0)"
    )


def _add_pip(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("as pip has them (pip's configuration and environment variables count)")
    for names, metavar, text in FROM_PIP:
        if metavar is None:
            group.add_argument(*names.split(), action=_ForPip, nargs=0, help=text)
        else:
            group.add_argument(*names.split(), action=_ForPip, metavar=metavar, help=text)


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """The command line as data. Raises UsageError; ``--help`` and ``--version`` raise SystemExit."""
    found = parser().parse_intermixed_args(list(argv), argparse.Namespace(pip_arguments=[], bytecode="keep"))
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
        limits=_limits(os.environ.get("PIP_UPDATE_LIMITS", "")),
        all_venvs=_all_venvs(found, argv),
        python=found.python or None,
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
    """The options of ours on a command line that differ from their defaults, by name without dashes."""
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
    if action.nargs == 0 and action.const is not None:  # a switch, whatever it stands for
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
        keep=_kept() if found.keep is None else found.keep,
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
    """Raises UsageError for lower bounds that are raised nowhere."""
    if found.write_lower_bounds and not found.write:
        raise UsageError("--write-lower-bounds needs --write FILE", hint="for example: --write pyproject.toml")
    return tuple(dict.fromkeys(Path(each).expanduser().absolute() for each in found.write))


def _requirements(written: Sequence[str]) -> tuple[str, ...]:
    """The files to be written that pip reads, too, as options of pip's."""
    return tuple(f"--requirement={each}" for each in written if not each.endswith((".toml", ".lock")))


def _download_only(found: argparse.Namespace) -> bool:
    """Raises UsageError for what leaves nothing to download, or nowhere to keep it."""
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
            f"--download-only cannot be used with {wrong[0]}", hint="it fills the cache for a later run with --offline"
        )
    return bool(found.download_only)


def _interactive(found: argparse.Namespace) -> bool:
    """Raises UsageError for what leaves nothing to choose."""
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
    """Raises UsageError for downgrades without a lock."""
    if found.allow_downgrade and found.to is None:
        raise UsageError("--allow-downgrade needs --to FILE", hint="for example: --to pylock.toml --allow-downgrade")
    to: Path | None = found.to
    others = [f"--{name}" for name in ("history", "undo") if getattr(found, name) not in (None, False)]
    if to is not None and others:
        raise UsageError(f"--to cannot be used with {others[0]}", hint="run one after the other")
    return to


def _all_venvs(found: argparse.Namespace, argv: Sequence[str]) -> Path | None:
    """Raises UsageError for options that are about one environment."""
    if found.all_venvs is None:
        return None
    one = ("cache_clear", "cache_info", "history", "lock_file", "output", "schema", "shell_init", "show_config", "why")
    wrong = [f"--{name.replace('_', '-')}" for name in one if getattr(found, name)]
    wrong += ["--undo"] if found.undo is not None else []
    wrong += ["--write"] if found.write else []
    wrong += ["--python"] if any(word.partition("=")[0] == "--python" for word in argv) else []
    wrong += [f"--format {found.format}"] if found.format not in (None, "table", "json", "markdown") else []
    if wrong:
        raise UsageError(f"--all-venvs cannot be used with {wrong[0]}", hint=f"leave out {wrong[0]}")
    return Path(found.all_venvs).expanduser().absolute()


def _check_test(found: argparse.Namespace) -> None:
    """Raises UsageError for combinations in which a test makes no sense."""
    if found.bisect and found.test is None:
        raise UsageError("--bisect needs --test COMMAND: the command tells good from bad.", hint=_TEST)
    if found.test is None:
        return
    if not found.test.strip():
        raise UsageError("--test needs a command.", hint=_TEST)
    for flag, given in (("--dry-run", found.dry_run), ("--check", found.check)):
        if given:
            raise UsageError(f"--test cannot go with {flag}, which changes nothing that could be tested.", hint=_TEST)


_TEST = 'For example: pip-update --test "pytest -q" --bisect'


def _name(word: str) -> str:
    if not NAME.fullmatch(word):
        raise UsageError(
            f"{word!r} is not the name of a project.",
            hint="Name projects only; hold versions back with a constraints file (-c FILE).",
        )
    return normalize(word)


def _pattern(word: str) -> str:
    if not policy_arguments.GLOB.fullmatch(word):
        raise UsageError(f"{word!r} is neither the name of a project nor a pattern.", hint='For example: -x "django*"')
    return normalize(word)


def _cache_url(url: str | None) -> str | None:
    if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
        raise UsageError(
            f"{url!r} is not the URL of a shared cache.", hint="For example: --cache-url redis://host:6379/0"
        )
    return url


def _wheels_url(url: str | None) -> str | None:
    """Raises UsageError for what is not a URL; whether anything speaks its scheme is found out where it is used."""
    if url is not None and not re.match(r"(?!rediss?:)[A-Za-z][A-Za-z0-9+.-]*://.", url):
        raise UsageError(
            f"{url!r} is not the URL of a store of wheels", hint="for example: --shared-wheels s3://bucket/wheels"
        )
    return url


def _kept() -> int:
    text = os.environ.get("PIP_UPDATE_KEEP", "1")
    if not text:
        return 1
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f"PIP_UPDATE_KEEP must be a whole number, not {text!r}.", hint="0 keeps nothing.")
    return int(text)


def _limits(text: str) -> Limits:
    """``body=64M,seconds=600``: some of the fields of ``Limits``. Raises UsageError."""
    said: dict[str, Any] = {}
    for word in filter(None, text.split(",")):
        name, _, value = word.strip().partition("=")
        if name not in Limits.__dataclass_fields__:
            known = ", ".join(Limits.__dataclass_fields__)
            raise UsageError(f"PIP_UPDATE_LIMITS knows no {name!r}", hint=f"the limits are {known}")
        try:
            said[name] = _seconds(value) if name == "seconds" else _size(value)
        except (argparse.ArgumentTypeError, ValueError) as error:
            raise UsageError(f"invalid PIP_UPDATE_LIMITS: {error}", hint="for example: body=64M,seconds=600") from None
    return Limits(**said)


def _lock_file(text: str) -> Path:
    if not LOCK_FILE.fullmatch(Path(text).name):
        raise argparse.ArgumentTypeError(f"{text!r} is neither pylock.toml nor pylock.NAME.toml, as PEP 751 demands")
    return Path(text).expanduser().absolute()


def _count(text: str) -> int:
    value = _amount(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 256")
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
