"""The command line, our settings and pip's, each completed by the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments import Arguments, parse_arguments
from ..arguments.policy import cooldown_of
from ..core.errors import DONE
from ..core.options import Options

if TYPE_CHECKING:
    from .._pip.configuration import Configuration
    from ..arguments.settings.sources import Setting
    from ..progress import Silent


JOBS, RUSH = 20, 64
"""Concurrent requests by default, and while hundreds are waiting."""


def pips_settings(arguments: Arguments) -> Configuration:
    """Return pip's settings, resolved."""
    from .._pip import settings

    return settings.settings(
        arguments.pip_arguments, cache_directory=arguments.cache_directory, remember=not arguments.no_cache
    )


def own_settings(arguments: Arguments, found: Configuration) -> tuple[Setting, ...]:
    """Return our own settings. Raises UsageError."""
    from ..arguments.settings import sources
    from ..core.files import working_folder

    def toml(text: str) -> dict[str, Any]:
        from .._pip.toml import loads  # read only if a project has settings

        return loads(text)

    target = Path(sys.prefix) if arguments.python is not None else None
    variables = {} if arguments.isolated else os.environ
    folder = Path(working_folder())
    return sources.found(found.update, folder=folder, target=target, toml=toml, variables=variables)


def with_settings(arguments: Arguments, argv: Sequence[str], settings: tuple[Setting, ...]) -> Arguments:
    """Parse the command line again with the settings before it. Raises UsageError, naming the setting."""
    from ..arguments.settings.command_line import applied, of_packages

    found = applied(settings, lambda words: parse_arguments([*words, *argv]), arguments.options)
    indexes, whys = of_packages(settings, "index"), of_packages(settings, "why")
    policy = replace(found.options.policy, indexes=indexes, whys=whys)
    return replace(found, options=replace(found.options, policy=policy))


def show_config(arguments: Arguments, argv: Sequence[str], found: tuple[Setting, ...]) -> int:
    """Print the settings in force. Raises UsageError."""
    from ..arguments import given
    from ..arguments.settings.command_line import in_force
    from ..report import show_settings

    with_settings(arguments, argv, found)
    by_hand = given(argv)
    shown = [
        (each.key, each.value, each.source)
        for each in in_force(found)
        if each.key not in by_hand or isinstance(each.value, tuple)
    ]
    shown += [(key, value, "command line") for key, value in by_hand.items()]
    show_settings(sorted(shown, key=lambda each: each[0]), sys.stdout, format=arguments.options.format)
    return DONE


def completed(arguments: Arguments, found: Configuration, progress: Silent) -> tuple[Configuration, Options]:
    """Complete pip's settings with our options, and our options with pip's settings."""
    for warning in found.warnings:
        progress.warn(warning)
    cooldown = cooldown_of(arguments.options.policy.cooldown, found.settings.policy.cooldown)
    completed = replace(
        found.settings,
        network=replace(
            found.settings.network,
            jobs=arguments.jobs or JOBS,
            rush=arguments.jobs or rush(),
            limits=arguments.limits,
        ),
        policy=replace(found.settings.policy, build=arguments.build, cooldown=cooldown),
    )
    cache = replace(
        arguments.options.cache,
        directory=None if arguments.no_cache else arguments.cache_directory or found.cache_directory,
        url=None if arguments.no_cache else arguments.options.cache.url,
        wheels_url=None if arguments.no_cache else arguments.options.cache.wheels_url,
    )
    policy = replace(arguments.options.policy, cooldown=cooldown)
    return replace(found, settings=completed), replace(arguments.options, cache=cache, policy=policy)


def rush() -> int:
    """Return the number of concurrent requests in a rush: fewer if the process may open few files (macOS: 256 by
    default).
    """
    try:
        import resource
    except ImportError:  # Windows
        return RUSH
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return RUSH if allowed == resource.RLIM_INFINITY else max(JOBS, min(RUSH, (allowed - 100) // 4))
