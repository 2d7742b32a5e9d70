"""Waits that can be interrupted by Ctrl-C.

On Windows nothing wakes a thread that waits for a lock, a thread or a process without a time limit (before Python 3.14:
cpython #125541), so every such wait must have one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen
    from threading import Thread

TICK = 0.2
"""Maximum seconds until Ctrl-C takes effect."""


def join(thread: Thread) -> None:
    """Wait until a thread has ended."""
    while thread.is_alive():
        thread.join(TICK)


def exit_code(process: Popen[bytes]) -> int:
    """Return the exit code of a process when it has ended. On systems other than Windows a signal ends that wait."""
    from subprocess import TimeoutExpired

    while os.name == "nt":
        try:
            return process.wait(TICK)
        except TimeoutExpired:
            continue
    return process.wait()
