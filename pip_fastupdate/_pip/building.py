"""Makes a wheel of an sdist by pip's own machinery, in its isolated build environment.

This is the one part of the program that starts processes: a build backend runs in one, by the standard (PEP 517).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import compat
from .staging import StageFailed

_ONE_AT_A_TIME = threading.Lock()
"""pip keeps temporary folders, environment variables and more in the process while it builds."""

_NOT_OF_WHEEL = frozenset(("--user", "--no-user", "--break-system-packages", "--compile", "--no-compile"))
"""Options of ``pip install`` that ``pip wheel`` does not have; none takes a value."""

_TAIL = 20
_VERBOSE = 15
"""The level at which pip logs what a build prints."""


def build_wheel(sdist: Path, folder: Path, arguments: Sequence[str] = ()) -> Path:
    """The path of the wheel made of ``sdist`` (a local archive) in ``folder``.

    ``arguments`` are the options of pip from the command line: what the build requires is found by them, and by
    pip's configuration. May be called from threads, which then wait for each other, once ``prepare_process`` was.
    Raises StageFailed with the tail of the build's log.
    """
    options = [*(each for each in arguments if each not in _NOT_OF_WHEEL), *_options(folder)]
    with _ONE_AT_A_TIME, _hearing() as (errors, printed):
        before = set(folder.glob("*.whl"))
        try:
            _run([*options, str(sdist)])
        except (Exception, SystemExit) as error:  # whatever a build can do to pip
            raise _failure(error, errors, printed) from error
        made = set(folder.glob("*.whl")) - before
    if len(made) != 1:
        raise StageFailed(f"its build made {len(made)} wheels", "build")
    return made.pop()


@contextmanager
def _hearing() -> Iterator[tuple[list[str], list[str]]]:
    """What pip has to complain about, and what the build prints."""
    output = compat.hearing("pip.subprocessor", _VERBOSE, below=logging.WARNING)
    with compat.hearing("pip", logging.ERROR) as errors, output as printed:
        yield errors, printed


def _options(folder: Path) -> list[str]:
    return ["--no-deps", "--progress-bar", "off", "--no-input", "--wheel-dir", str(folder)]


def _run(arguments: list[str]) -> None:
    """What ``pip wheel`` does, without what its ``main`` does to logging, signals and exceptions."""
    from pip._internal.commands import create_command

    compat.replace_user_agent()
    command: Any = create_command("wheel")
    command.verbosity = 0
    compat.make_strict(command.parser)
    with command.main_context(), _temporary_folders(command):
        options, words = command.parse_args(arguments)
        options.cache_dir = None
        command.run(options, words)


@contextmanager
def _temporary_folders(command: Any) -> Iterator[None]:
    from pip._internal.utils.temp_dir import global_tempdir_manager, tempdir_registry

    with tempdir_registry() as command.tempdir_registry, global_tempdir_manager():
        yield


def _failure(error: BaseException, errors: list[str], printed: list[str]) -> StageFailed:
    output = [line for line in _lines(printed) if not line.startswith("[bold magenta]")]  # pip's, on the process
    log = (
        output
        if any(not line.startswith("Running command") for line in output)
        else _lines([*errors, compat.words(error)])
    )
    last = log[-1].strip() if log else type(error).__name__
    return StageFailed(f"its build failed: {last}", "build", tuple(log[-_TAIL:]))


def _lines(texts: list[str]) -> list[str]:
    return [line for text in texts for line in text.splitlines() if line.strip()]
