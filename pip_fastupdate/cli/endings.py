"""How a run ends that cannot go on: what is said of an error, and its exit code."""

from __future__ import annotations

import errno
import os
import sys

from ..core.errors import FAILED, INTERRUPTED, InterruptedLate, PipUpdateError


def has_lost_reader(error: BaseException, *, windows: bool = os.name == "nt") -> bool:
    """Return whether the reader of our output has gone; Windows reports that as EINVAL without a file name."""
    if isinstance(error, BrokenPipeError):
        return True
    return windows and isinstance(error, OSError) and error.errno == errno.EINVAL and error.filename is None


UNEXPECTED = "rerun with -v for a traceback, and please report it"


def verdict(error: BaseException) -> tuple[str, str | None, int]:
    """Return the message, the hint ("" for none, None if the error is unexpected) and the exit code."""
    if isinstance(error, PipUpdateError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, InterruptedLate):
        return "interrupted, but the run had already completed; its result is kept", "", INTERRUPTED
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the environment is unchanged", "", INTERRUPTED
    from ..update.blame import blamed, is_failed_import

    if is_failed_import(error):
        return (*blamed(error), FAILED)
    message = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {message}", None, FAILED


def show_where(error: BaseException) -> None:
    """Print the traceback line by line, escaped like an error message: its text may come from outside."""
    from traceback import format_exception

    from ..core.text import clean, fit, redact

    for line in "".join(format_exception(error)).splitlines():
        indented = line[: len(line) - len(line.lstrip(" "))] + clean(redact(line))
        print(fit(indented, sys.stderr.encoding), file=sys.stderr)


def complain(message: str, hint: str = "") -> None:
    """Print what went wrong, and the hint, on standard error."""
    from ..core.text import clean, fit, redact

    lines = [f"error: {message}"] + ([f"hint: {hint}"] if hint else [])
    for line in lines:
        print(fit(clean(redact(line)), sys.stderr.encoding), file=sys.stderr)


def leave_stdout() -> None:
    """Discard what is left in the buffer of a standard output that cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
