"""Processes a list in threads that are abandoned when nobody waits for them any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from ..core.threads.background import Task, Threads
from ..core.waiting import TICK

FAREWELL = 0.5
"""Seconds for the threads to notice that they must stop."""

Job = TypeVar("Job")
Result = TypeVar("Result")


class Stopped(Exception):
    """Nobody waits for this work any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raised:
    error: BaseException


def work_off(
    jobs: Sequence[Job], work: Callable[[Job, threading.Event], Result], *, threads: int
) -> Generator[Result, None, None]:
    """Yield the result of ``work`` for each job as soon as it is done; jobs start in the given order.

    The event passed to ``work`` is set when it should stop by raising Stopped: when the iterator is closed, or an
    exception passes through it. Other exceptions of ``work`` are raised here. Threads that do not stop soon are not
    waited for, and do not keep the program from exiting.
    """
    crew, stop = Threads(threads, name="wheels"), threading.Event()
    results: SimpleQueue[Result | _Raised] = SimpleQueue()

    def labor(job: Job) -> None:
        try:
            results.put(work(job, stop))
        except Stopped:
            return
        except BaseException as error:  # raised again where the results are awaited
            results.put(_Raised(error=error))

    try:
        for job in jobs:
            crew.submit(Task(partial(labor, job)))
        for _ in jobs:
            yield _next(results)
    finally:
        stop.set()
        crew.close(FAREWELL)


def _next(results: SimpleQueue[Result | _Raised]) -> Result:
    while True:
        with suppress(Empty):
            found = results.get(timeout=TICK)
            break
    if isinstance(found, _Raised):
        raise found.error
    return found
