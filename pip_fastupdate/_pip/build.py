"""Builds a wheel from an sdist with pip's own machinery, in its isolated build environment.

No other module starts processes: a build backend runs in one, by the standard (PEP 517).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging import LogRecord
from pathlib import Path
from typing import Any

from . import compat, patches
from .installer import StageFailed

_ONE_AT_A_TIME = threading.Lock()
"""pip keeps temporary directories, environment variables and more in the process while it builds."""

_NOT_OF_WHEEL = frozenset(("--user", "--no-user", "--break-system-packages", "--compile", "--no-compile"))
"""Options of ``pip install`` that ``pip wheel`` does not have; none takes a value."""

_TAIL = 20
_VERBOSE = 15
"""The level at which pip logs the output of a build."""

_ABOUT = ("[bold magenta]", "  [bold magenta]")
"""Prefixes of pip's own lines about the process in that output."""


def build_wheel(sdist: Path, folder: Path, arguments: Sequence[str] = ()) -> Path:
    """Return the path of the wheel built from ``sdist`` (a local archive) in ``folder``.

    ``arguments`` are the options of pip from the command line: with them, and pip's configuration, the build
    requirements are found. May be called from threads, which then wait for each other, once ``prepare_process`` was.
    Raises StageFailed with the tail of the build's log.
    """
    options = [*(each for each in arguments if each not in _NOT_OF_WHEEL), *_options(folder)]
    with _ONE_AT_A_TIME, _hearing() as (said, printed):
        before = set(folder.glob("*.whl"))
        try:
            _run([*options, str(sdist)])
        except (Exception, SystemExit) as error:  # whatever a build can do to pip
            raise _failure(error, said, printed) from error
        made = set(folder.glob("*.whl")) - before
    if len(made) != 1:
        raise StageFailed(f"build produced {len(made)} wheels, expected 1", "build")
    return made.pop()


@contextmanager
def _hearing() -> Iterator[tuple[list[LogRecord], list[LogRecord]]]:
    """Collect pip's complaints, and everything about the processes it starts."""
    with compat.hearing("pip", logging.WARNING) as said, compat.hearing("pip.subprocessor", _VERBOSE) as printed:
        yield said, printed


def _options(folder: Path) -> list[str]:
    return ["--no-deps", "--progress-bar", "off", "--no-input", "--wheel-dir", str(folder)]


def _run(arguments: list[str]) -> None:
    """Run ``pip wheel`` without the logging, signal and exception handling of its ``main``."""
    from pip._internal.commands import create_command

    patches.USER_AGENT.apply()
    command: Any = create_command("wheel", isolated="--isolated" in arguments)
    command.verbosity = 0
    command.parser = compat.strict(command.parser)
    with command.main_context(), _temporary_folders(command):
        options, words = command.parse_args(arguments)
        options.cache_dir = None
        command.run(options, words)


@contextmanager
def _temporary_folders(command: Any) -> Iterator[None]:
    from pip._internal.utils.temp_dir import global_tempdir_manager, tempdir_registry

    with tempdir_registry() as command.tempdir_registry, global_tempdir_manager():
        yield


def _failure(error: BaseException, said: list[LogRecord], printed: list[LogRecord]) -> StageFailed:
    """Return the output of the failed process, or pip's message if there was none."""
    if any(record.levelno >= logging.ERROR for record in printed):
        texts = [record.getMessage() for record in printed if record.levelno < logging.WARNING]
    else:
        texts = [*(record.getMessage() for record in said), compat.words(error)]
    log = [line for text in texts for line in text.splitlines() if line.strip() and not line.startswith(_ABOUT)]
    return StageFailed(f"build failed: {log[-1].strip()}", "build", tuple(log[-_TAIL:]))
