"""What can go wrong, each with its hint and the exit code it ends the program with."""

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
    """The run stops here and the environment is as it was before.

    ``message`` is one sentence for the user, ``hint`` says what to do about it ("" for none) and
    ``exit_code`` is the documented code that the program ends with.
    """

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PipUpdateError):
    """The command line, or a setting of pip's that it stands on, cannot be carried out."""

    exit_code = WRONG_USAGE


class EnvironmentRefused(PipUpdateError):
    """This environment must not, or cannot, be changed by us."""


class EnvironmentLocked(PipUpdateError):
    """Another run holds the environment's lock."""


class IndexUnreachable(PipUpdateError):
    """No project at all could be looked up."""


class FileConflict(PipUpdateError):
    """A new file would overwrite one that belongs to no distribution being replaced.

    ``names`` are the distributions that bring it: the run can go on without them.
    """

    def __init__(self, message: str, hint: str = "", *, names: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.names = names


class FileInUse(FileConflict):
    """Another program has files of ``names`` open, so that they cannot be replaced: the run can go on without them."""


class CommandFailed(PipUpdateError):
    """The user's own command (``--test``) failed: before the update, or after it, which was then taken back."""


class TransactionError(PipUpdateError):
    """The journal, the staged files or the disk do not allow the swap, its undo or its recovery."""


class EnvironmentChanged(TransactionError):
    """Another program changed the environment between the scan and the swap: plan again."""


class InterruptedLate(KeyboardInterrupt):
    """Ctrl-C when the change was complete and kept: the environment is not as it was before."""


@contextmanager
def late(kept: Callable[[], bool]) -> Iterator[None]:
    """Ctrl-C inside becomes InterruptedLate if ``kept`` says that the change is."""
    try:
        yield
    except KeyboardInterrupt:
        if kept():
            raise InterruptedLate from None
        raise
