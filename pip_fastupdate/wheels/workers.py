"""Threads that work off a list, and that are left behind when nobody waits for them any more."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

FAREWELL = 0.5
"""Seconds that the threads get to notice that they are to stop."""

TICK = 0.2
"""Seconds after which a waiting main thread looks up: Windows delivers no Ctrl-C while it waits."""

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
    """What ``work`` makes of each job, in the order in which it gets done; jobs are begun in the order given.

    The event that ``work`` is given is set when it should stop, which it does by raising Stopped: when the iterator is
    closed, or an exception passes through it. What else ``work`` raises is raised here. Threads that do not stop soon
    are not waited for, and do not keep the program from ending.
    """
    todo, stop = deque(jobs), threading.Event()
    results: SimpleQueue[Result | _Raised] = SimpleQueue()

    def labour() -> None:
        while not stop.is_set():
            job = _take(todo)
            if job is None:
                return
            try:
                results.put(work(job, stop))
            except Stopped:
                return
            except BaseException as error:  # raised again where the results are awaited
                results.put(_Raised(error=error))

    crew = [threading.Thread(target=labour, name=f"wheels-{number}", daemon=True) for number in range(threads)]
    try:
        _begin(crew)
        for _ in jobs:
            yield _next(results)
    finally:
        stop.set()
        _dismiss(crew)


def _begin(crew: Sequence[threading.Thread]) -> None:
    """As many of them as the system allows. Raises RuntimeError where that is none."""
    for number, thread in enumerate(crew):
        try:
            thread.start()
        except RuntimeError:
            if not number:
                raise
            return


def _take(todo: deque[Job]) -> Job | None:
    try:
        return todo.popleft()
    except IndexError:
        return None


def _next(results: SimpleQueue[Result | _Raised]) -> Result:
    while True:
        with suppress(Empty):
            found = results.get(timeout=TICK)
            break
    if isinstance(found, _Raised):
        raise found.error
    return found


def _dismiss(crew: Sequence[threading.Thread]) -> None:
    deadline = time.monotonic() + FAREWELL
    for thread in crew:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
