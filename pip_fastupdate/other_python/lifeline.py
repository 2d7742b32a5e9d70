"""A child process's link to us: a pipe that nobody writes to and that ends when we do, in any way.

On systems other than Windows ``--python`` replaces our own process, so killing it leaves nothing. On Windows the
program that does the work is our child, which survives the end of ``pip-update.exe``; the same is true everywhere for
the children of ``--all-venvs``. A child whose pipe has ended rolls back what it has begun, as after Ctrl-C.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

VARIABLE = "_PIP_UPDATE_LIFELINE"
"""The environment variable that gives a child the descriptor (Windows: the handle) of its end of the pipe."""

AGAIN = 5.0
"""Seconds until a running child is interrupted again: it may have been in an uninterruptible step."""


@contextmanager
def to_child(variables: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield options of ``subprocess.Popen`` for a child that must not outlive us; ``variables`` is its environment."""
    reading, writing = os.pipe()
    try:
        number, options = _inheritable(reading)
        yield {"env": {**variables, VARIABLE: str(number)}, **options}
    finally:
        os.close(writing)
        os.close(reading)


def hold() -> None:
    """End a child as after Ctrl-C when its parent ends. Does nothing in any other process."""
    number = os.environ.pop(VARIABLE, "")
    if not (number.isascii() and number.isdecimal()):
        return
    try:
        descriptor = _opened(int(number))
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, OverflowError):  # the variable is not from our parent
        return
    if is_pipe:
        from threading import Thread

        Thread(target=_watch, args=(descriptor,), name="lifeline", daemon=True).start()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    while True:
        _interrupt()
        time.sleep(AGAIN)


if sys.platform == "win32":
    import _thread
    import msvcrt

    def _inheritable(descriptor: int) -> tuple[int, dict[str, Any]]:
        handle = msvcrt.get_osfhandle(descriptor)
        os.set_handle_inheritable(handle, True)
        return handle, {"close_fds": False}

    def _opened(number: int) -> int:
        return msvcrt.open_osfhandle(number, os.O_RDONLY)

    def _interrupt() -> None:
        _thread.interrupt_main()  # os.kill would end it at once; every wait there has a time limit

else:
    import signal

    def _inheritable(descriptor: int) -> tuple[int, dict[str, Any]]:
        return descriptor, {"pass_fds": (descriptor,)}

    def _opened(number: int) -> int:
        os.set_inheritable(number, False)
        return number

    def _interrupt() -> None:
        os.kill(os.getpid(), signal.SIGTERM)  # which wakes up waiting threads
