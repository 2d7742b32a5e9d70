"""The command line: words without a dash are package names, everything else is an option."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import expanded
from ..core.names import normalize
from ..core.options import Bytecode, CacheOptions, Options
from ..core.settings import ResponseLimits
from . import policy as policy_arguments
from . import report as report_arguments
from . import values
from .definition import parser

__all__ = ["Arguments", "given", "parse_arguments", "parser"]


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
    limits: ResponseLimits = field(default_factory=ResponseLimits)
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
        url=values.cache_url(found.cache_url),
        wheels_url=values.wheels_url(found.shared_wheels),
        link_mode=found.link_mode,
    )
    return Arguments(
        options=_options(found, cache),
        pip_arguments=(*found.pip_arguments, *values.requirements(found.write)),
        jobs=found.jobs,
        cache_directory=None if found.cache_dir is None else expanded(found.cache_dir),
        no_cache=found.no_cache,
        build=frozenset(
            name if name == ":all:" else normalize(name) for each in found.build for name in each.split(",")
        ),
        limits=values.limits("" if isolated else os.environ.get("PIP_UPDATE_LIMITS", "")),
        all_venvs=values.all_venvs(found, argv),
        python=None if isolated and not values.is_given("--python", argv) else found.python or None,
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
    values.check_test(found)
    return Options(
        names=tuple(dict.fromkeys(map(values.name_of, found.names))),
        exclude=tuple(values.pattern(name) for each in found.exclude for name in each.split(",")),
        dry_run=found.dry_run or found.why is not None,
        check=found.check,
        interactive=_interactive(found),
        why=None if found.why is None else values.name_of(found.why),
        **report_arguments.read(found),
        verbosity=-1 if found.quiet else found.verbose,
        color=found.color,
        live=found.live,
        stats=found.stats,
        cache=cache,
        bytecode=bytecode,
        keep=found.keep if found.keep is not None else 1 if _is_isolated(found) else values.kept(),
        lock_timeout=found.lock_timeout,
        test=found.test,
        bisect=found.bisect,
        strict=found.strict,
        download_only=values.download_only(found),
        to=values.to(found),
        allow_downgrade=found.allow_downgrade,
        lock_file=found.lock_file,
        allow_source_change=frozenset(
            name if name == ":all:" else values.name_of(name)
            for each in found.allow_source_change
            for name in each.split(",")
        ),
        policy=policy_arguments.read(found),
        groups=tuple(found.group),
        write=values.written(found),
        write_lower_bounds=found.write_lower_bounds,
        advisories=policy_arguments.advisories(found),
        changes=None
        if found.changes is None
        else frozenset(map(values.name_of, filter(None, found.changes.split(",")))),
    )


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


def _is_isolated(found: argparse.Namespace) -> bool:
    return "--isolated" in found.pip_arguments
