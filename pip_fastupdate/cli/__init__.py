"""Run a command line and turn errors into messages and exit codes; no other module does."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ..arguments import Arguments, parse_arguments
from ..core.errors import DONE, FAILED, INTERRUPTED, UsageError
from ..core.options import Options
from .endings import UNEXPECTED, complain, has_lost_reader, leave_stdout, show_where, verdict
from .report import update
from .settings import completed, own_settings, pips_settings, show_config, with_settings

if TYPE_CHECKING:
    from ..progress import Silent


def main(argv: Sequence[str]) -> int:
    """Run a command line: print errors as one sentence and return the exit code."""
    try:
        with _signals():
            arguments = parse_arguments(argv)
            if arguments.all_venvs is not None:
                return _flushed(_all_venvs(arguments, argv))
            code = _in_other_python(arguments, argv)
            return _flushed(_dispatch(arguments, argv) if code is None else code)
    except (Exception, KeyboardInterrupt) as error:
        if has_lost_reader(error):
            leave_stdout()
            return FAILED
        message, hint, code = verdict(error)
        if hint is None and any(word.startswith("-v") or word == "--verbose" for word in argv):
            show_where(error)
        complain(message, UNEXPECTED if hint is None else hint)
        return code


def _flushed(code: int) -> int:
    sys.stdout.flush()
    return code


@contextmanager
def _signals() -> Iterator[None]:
    """Turn requests to terminate into KeyboardInterrupt, so that an unfinished update is rolled back.

    A signal that is ignored (``nohup``) stays ignored.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    try:
        former = {number: signal.signal(number, leave) for number in ours}
    except ValueError:  # not the main thread: the caller owns the signals
        former = {}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _in_other_python(arguments: Arguments, argv: Sequence[str]) -> int | None:
    """Rerun under the interpreter given by ``--python``; None if it is this one."""
    if arguments.python is None:
        return None
    from ..other_python import launch

    return launch.run(arguments.python, argv)


def _all_venvs(arguments: Arguments, argv: Sequence[str]) -> int:
    """Run once for each environment in a directory; one report, one exit code. Raises UsageError if there is none."""
    from ..other_python import all_venvs
    from ..report import show_venvs, write
    from ..report.given import Venv

    folder, format = arguments.all_venvs or Path(), arguments.options.format
    progress = _progress(arguments.options)
    found = all_venvs.environments(
        folder, lambda error: progress.warn(f"could not read {error.filename}: {error.strerror}")
    )
    words, ran = all_venvs.without_folder(argv, format), []
    for each in found:
        if format != "json" and not each.manager:
            write(f"{each.path}\n", sys.stdout)
        ran.append(all_venvs.run(each, words, as_json=format == "json"))
        if ran[-1].code == INTERRUPTED:
            break
    if not ran:
        raise UsageError(
            f"no virtual environment in {folder}", hint=("use a directory that has a pyvenv.cfg in it or below it")
        )
    told = [Venv(str(each.found.path), each.result, each.as_json()) for each in ran]
    show_venvs(told, sys.stdout, format=format)
    return all_venvs.exit_code(ran)


def _dispatch(arguments: Arguments, argv: Sequence[str]) -> int:
    """Dispatch to the requested action."""
    if arguments.shell_init is not None:
        print(_shell_function(arguments.shell_init))
        return DONE
    if arguments.schema:
        from ..report.schema import text

        print(text())
        return DONE
    progress = _progress(arguments.options)
    with progress.timed("recover"):
        _recover(arguments, progress)
    if arguments.history or arguments.undo is not None:
        return _transactions(arguments, progress)
    with progress.timed("settings"):
        found = pips_settings(arguments)
        settings = own_settings(arguments, found)
    if arguments.show_config:
        return show_config(arguments, argv, settings)
    with progress.timed("settings"):
        if settings:
            arguments = with_settings(arguments, argv, settings)
            if arguments.options.verbosity > 0:
                progress.note(f"settings from {', '.join(dict.fromkeys(each.source for each in settings))}")
        configuration, options = completed(arguments, found, progress)
    if arguments.cache_info or arguments.cache_clear:
        return _cache(arguments, options, progress)
    if arguments.python is None:
        with progress.timed("guard"):
            from ..other_python import chosen

            chosen.check(lambda text, hint: progress.warn(text, hint=hint), prefix=Path(sys.prefix))
    return update(options, configuration, progress)


def _shell_function(shell: str) -> str:
    from ..arguments import parser
    from ..arguments.shell.completion import completion_for
    from ..arguments.shell.init import FUNCTIONS, name_of

    name = name_of(shell)
    if name not in FUNCTIONS:
        raise UsageError(f"unsupported shell {shell!r}", f"use one of {', '.join(FUNCTIONS)}")
    return f"{FUNCTIONS[name]}\n{completion_for(name, parser())}"


def _recover(arguments: Arguments, progress: Silent) -> None:
    """Roll back an interrupted update before importing anything that it may have removed.

    Runs that change nothing leave it; so does a run that finds another one at work, which it waits for later.
    """
    options = arguments.options
    still = options.dry_run or options.check or arguments.history or arguments.cache_info or arguments.cache_clear
    if still or arguments.show_config:
        return
    from ..update.history import recover

    recover(progress)


def _progress(options: Options) -> Silent:
    from ..progress import make

    return make(sys.stderr, verbosity=options.verbosity, live=options.live, color=options.color)


def _transactions(arguments: Arguments, progress: Silent) -> int:
    from ..report import show_history
    from ..update.history import history, undo

    if arguments.undo is not None:
        undo(arguments.undo or None, arguments.options, progress)
        return DONE
    options = arguments.options
    show_history(history(), sys.stdout, format=options.format, verbosity=options.verbosity)
    return DONE


def _cache(arguments: Arguments, options: Options, progress: Silent) -> int:
    from ..cache import maintenance
    from ..report import show_cache

    directory = options.cache.directory
    if directory is None:
        progress.warn("the disk cache is disabled", hint="enable it with --cache-dir DIR")
        return DONE
    if arguments.cache_clear:
        freed = maintenance.clear(directory)
        from ..core.text import size

        progress.note(f"{directory}: freed {size(freed)}")
    if arguments.cache_info:
        show_cache(maintenance.info(directory), sys.stdout, format=options.format)
    return DONE
