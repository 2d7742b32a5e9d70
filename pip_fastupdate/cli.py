"""Run a command line and turn errors into messages and exit codes; no other module does."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .arguments import Arguments, parse_arguments
from .arguments.policy import cooldown_of
from .core.errors import (
    DONE,
    FAILED,
    INCOMPLETE,
    INTERRUPTED,
    UPDATES_FOUND,
    InterruptedLate,
    PipUpdateError,
    UsageError,
    late,
)
from .core.models import Report
from .core.options import Options

if TYPE_CHECKING:
    from ._pip.configuration import Configuration
    from .progress import Silent
    from .settings.sources import Setting


JOBS, RUSH = 20, 64
"""Concurrent requests by default, and while hundreds are waiting."""


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
        if _has_lost_reader(error):
            _leave_stdout()
            return FAILED
        message, hint, code = _verdict(error)
        if hint is None and any(word.startswith("-v") or word == "--verbose" for word in argv):
            _show_where(error)
        _complain(message, _UNEXPECTED if hint is None else hint)
        return code


def _has_lost_reader(error: BaseException, *, windows: bool = os.name == "nt") -> bool:
    """Return whether the reader of our output has gone; Windows reports that as EINVAL without a file name."""
    if isinstance(error, BrokenPipeError):
        return True
    return windows and isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None


_UNEXPECTED = "rerun with -v for a traceback, and please report it"


def _verdict(error: BaseException) -> tuple[str, str | None, int]:
    """Return the message, the hint ("" for none, None if the error is unexpected) and the exit code."""
    if isinstance(error, PipUpdateError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, InterruptedLate):
        return "interrupted, but the run had already completed; its result is kept", "", INTERRUPTED
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the environment is unchanged", "", INTERRUPTED
    from .update.blame import blamed, is_failed_import

    if is_failed_import(error):
        return (*blamed(error), FAILED)
    message = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {message}", None, FAILED


def _show_where(error: BaseException) -> None:
    """Print the traceback line by line, escaped like an error message: its text may come from outside."""
    from traceback import format_exception

    from .core.text import clean, fit, redact

    for line in "".join(format_exception(error)).splitlines():
        indented = line[: len(line) - len(line.lstrip(" "))] + clean(redact(line))
        print(fit(indented, sys.stderr.encoding), file=sys.stderr)


def _complain(message: str, hint: str = "") -> None:
    from .core.text import clean, fit, redact

    lines = [f"error: {message}"] + ([f"hint: {hint}"] if hint else [])
    for line in lines:
        print(fit(clean(redact(line)), sys.stderr.encoding), file=sys.stderr)


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
    from .other_python import launch

    return launch.run(arguments.python, argv)


def _all_venvs(arguments: Arguments, argv: Sequence[str]) -> int:
    """Run once for each environment in a directory; one report, one exit code. Raises UsageError if there is none."""
    from .other_python import all_venvs
    from .report import show_venvs, write
    from .report.given import Venv

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
        from .report.schema import text

        print(text())
        return DONE
    progress = _progress(arguments.options)
    with progress.timed("recover"):
        _recover(arguments, progress)
    if arguments.history or arguments.undo is not None:
        return _transactions(arguments, progress)
    with progress.timed("settings"):
        found = _pips_settings(arguments)
        settings = _own_settings(arguments, found)
    if arguments.show_config:
        return _show_config(arguments, argv, settings)
    with progress.timed("settings"):
        if settings:
            arguments = _with_settings(arguments, argv, settings)
            if arguments.options.verbosity > 0:
                progress.note(f"settings from {', '.join(dict.fromkeys(each.source for each in settings))}")
        configuration, options = _completed(arguments, found, progress)
    if arguments.cache_info or arguments.cache_clear:
        return _cache(arguments, options, progress)
    if arguments.python is None:
        with progress.timed("guard"):
            from .other_python import chosen

            chosen.check(lambda text, hint: progress.warn(text, hint=hint), prefix=Path(sys.prefix))
    return _update(options, configuration, progress)


def _shell_function(shell: str) -> str:
    from .arguments import parser
    from .shell.completion import completion_for
    from .shell.init import FUNCTIONS, name_of

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
    from .update.history import recover

    recover(progress)


def _progress(options: Options) -> Silent:
    from .progress import make

    return make(sys.stderr, verbosity=options.verbosity, live=options.live, color=options.color)


def _pips_settings(arguments: Arguments) -> Configuration:
    from ._pip import settings

    return settings.settings(
        arguments.pip_arguments, cache_directory=arguments.cache_directory, remember=not arguments.no_cache
    )


def _own_settings(arguments: Arguments, found: Configuration) -> tuple[Setting, ...]:
    """Return our own settings. Raises UsageError."""
    from .core.files import working_folder
    from .settings import sources

    def toml(text: str) -> dict[str, Any]:
        from ._pip.toml import loads  # read only if a project has settings

        return loads(text)

    target = Path(sys.prefix) if arguments.python is not None else None
    variables = {} if arguments.isolated else os.environ
    folder = Path(working_folder())
    return sources.found(found.update, folder=folder, target=target, toml=toml, variables=variables)


def _with_settings(arguments: Arguments, argv: Sequence[str], settings: tuple[Setting, ...]) -> Arguments:
    """Parse the command line again with the settings before it. Raises UsageError, naming the setting."""
    from .settings.command_line import applied, of_packages

    found = applied(settings, lambda words: parse_arguments([*words, *argv]), arguments.options)
    indexes, whys = of_packages(settings, "index"), of_packages(settings, "why")
    policy = replace(found.options.policy, indexes=indexes, whys=whys)
    return replace(found, options=replace(found.options, policy=policy))


def _show_config(arguments: Arguments, argv: Sequence[str], found: tuple[Setting, ...]) -> int:
    from .arguments import given
    from .report import show_settings
    from .settings.command_line import in_force

    _with_settings(arguments, argv, found)
    by_hand = given(argv)
    shown = [
        (each.key, each.value, each.source)
        for each in in_force(found)
        if each.key not in by_hand or isinstance(each.value, tuple)
    ]
    shown += [(key, value, "command line") for key, value in by_hand.items()]
    show_settings(sorted(shown, key=lambda each: each[0]), sys.stdout, format=arguments.options.format)
    return DONE


def _completed(arguments: Arguments, found: Configuration, progress: Silent) -> tuple[Configuration, Options]:
    """Complete pip's settings with our options, and our options with pip's settings."""
    for warning in found.warnings:
        progress.warn(warning)
    cooldown = cooldown_of(arguments.options.policy.cooldown, found.settings.policy.cooldown)
    completed = replace(
        found.settings,
        network=replace(
            found.settings.network,
            jobs=arguments.jobs or JOBS,
            rush=arguments.jobs or _rush(),
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


def _rush() -> int:
    """Return the number of concurrent requests in a rush: fewer if the process may open few files (macOS: 256 by
    default).
    """
    try:
        import resource
    except ImportError:  # Windows
        return RUSH
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return RUSH if allowed == resource.RLIM_INFINITY else max(JOBS, min(RUSH, (allowed - 100) // 4))


def _update(options: Options, configuration: Configuration, progress: Silent) -> int:
    with progress.timed("load"):
        from .report import show_stats
        from .update.run import run

    if options.outputs:
        from .report import output_file

        others = [each for each in (options.to, options.lock_file, *options.write) if each is not None]
        output_file.check([path for path, _ in options.outputs], others)
    report = run(options, configuration, progress)
    if options.why is not None:
        return _why(report, options.why)
    with late(lambda: report.transaction is not None):
        saved = _save(report, options, progress)
        try:
            _show(report, options)
        except OSError as error:  # the update is complete even if nobody reads the report
            _leave_stdout()
            if not _has_lost_reader(error):
                progress.warn(f"could not write the report: {error.strerror}")
        except KeyboardInterrupt:  # the reader may never come: do not wait for it again at exit
            _leave_stdout()
            raise
        if options.stats:
            show_stats(report, sys.stderr)
    code = exit_code(report, check=options.check, security=options.advisories.security is not None)
    return code if saved or code != DONE else INCOMPLETE


def _show(report: Report, options: Options) -> None:
    from .report import show

    show(report, sys.stdout, format=options.format, verbosity=options.verbosity, color=options.color)


def _save(report: Report, options: Options, progress: Silent) -> bool:
    """Write the report to the requested files; return False, after a warning, if that failed."""
    if not options.outputs:
        return True
    from .report import output_file

    failed = 0
    for path, format in options.outputs:
        try:
            output_file.save(report, path, format=format, verbosity=options.verbosity)
        except OSError as error:
            progress.warn(f"could not write {path}: {error.strerror}")
            failed += 1
    return not failed


def _why(report: Report, name: str) -> int:
    """Print what holds ``name``. Raises UsageError if it is neither installed nor planned."""
    from .core.text import meant
    from .report import view_of, why, write

    known = [row.name for row in report.rows]
    if name not in known:
        raise UsageError(
            f"{name} is not installed in {report.target.prefix}",
            hint=meant([name], known) or "run `pip-update -n -v` to list the installed packages",
        )
    write(why.render(report, name, view_of(sys.stdout)), sys.stdout)
    return DONE


def _leave_stdout() -> None:
    """Discard what is left in the buffer of a standard output that cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def exit_code(report: Report, *, check: bool, security: bool = False) -> int:
    """Return the documented exit code of a completed run."""
    if check and any(row.status == "planned" for row in report.rows):
        return UPDATES_FOUND
    failing = any(reason.kind == "fails-test" for row in report.rows for reason in row.reasons)
    return (
        INCOMPLETE if report.failures or report.unreached or failing or _is_unsafe(report, security=security) else DONE
    )


def _is_unsafe(report: Report, *, security: bool) -> bool:
    """Return whether malware remains or, with ``--security``, any known vulnerability."""
    found = (each for row in report.rows for each in row.vulnerabilities if each.remains and not each.ignored)
    return any(security or each.malware for each in found)


def _transactions(arguments: Arguments, progress: Silent) -> int:
    from .report import show_history
    from .update.history import history, undo

    if arguments.undo is not None:
        undo(arguments.undo or None, arguments.options, progress)
        return DONE
    options = arguments.options
    show_history(history(), sys.stdout, format=options.format, verbosity=options.verbosity)
    return DONE


def _cache(arguments: Arguments, options: Options, progress: Silent) -> int:
    from .cache import maintenance
    from .report import show_cache

    directory = options.cache.directory
    if directory is None:
        progress.warn("the disk cache is disabled", hint="enable it with --cache-dir DIR")
        return DONE
    if arguments.cache_clear:
        freed = maintenance.clear(directory)
        from .core.text import size

        progress.note(f"{directory}: freed {size(freed)}")
    if arguments.cache_info:
        show_cache(maintenance.info(directory), sys.stdout, format=options.format)
    return DONE
