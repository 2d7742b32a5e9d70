"""Errors, each with its hint and the program's exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

DONE = 0
FAILED = 1
WRONG_USAGE = 2
UPDATES_FOUND = 3
INCOMPLETE = 4
INTERRUPTED = 130


class PipUpdateError(Exception):
    """The run stops here and the environment is unchanged.

    ``message`` is one sentence for the user, ``hint`` says what to do about it ("" for none) and ``exit_code`` is the
    documented exit code.
    """

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PipUpdateError):
    """An invalid command line, or an unsupported pip setting."""

    exit_code = WRONG_USAGE


class EnvironmentRefused(PipUpdateError):
    """The environment must not or cannot be changed."""


class EnvironmentLocked(PipUpdateError):
    """Another run holds the environment's lock."""


class IndexUnreachable(PipUpdateError):
    """No project at all could be looked up."""


class FileConflict(PipUpdateError):
    """A new file would overwrite one that belongs to no distribution being replaced.

    ``names`` are the distributions that contain it: the run can go on without them.
    """

    def __init__(self, message: str, hint: str = "", *, names: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.names = names


class FileInUse(FileConflict):
    """Another program has files of ``names`` open, so they cannot be replaced: the run can go on without them."""


class CommandFailed(PipUpdateError):
    """The user's own command (``--test``) failed: before the update, or after it, which was then rolled back."""


class TransactionError(PipUpdateError):
    """The journal, the staged files or the disk prevent the swap, its undo or its recovery."""


class EnvironmentChanged(TransactionError):
    """Another program changed the environment between the scan and the swap: plan again."""


class InterruptedLate(KeyboardInterrupt):
    """Ctrl-C after the update was complete: the environment has changed."""


@contextmanager
def late(kept: Callable[[], bool]) -> Iterator[None]:
    """Convert Ctrl-C inside into InterruptedLate if ``kept`` says that the update is complete."""
    try:
        yield
    except KeyboardInterrupt:
        if kept():
            raise InterruptedLate from None
        raise
