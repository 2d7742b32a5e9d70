"""Tasks in the background: each runs once, in the first thread that gets to it."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

Result = TypeVar("Result")

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # M_ARENA_MAX and M_MMAP_THRESHOLD of glibc's malloc.h
_LARGE = 128 * 1024  # bytes from which on a block goes back to the system as soon as it is free


class Cancelled(Exception):
    """The threads stopped before the task was begun."""


_claiming = threading.Lock()
"""Held while a task is claimed. One for all: there are thousands of tasks."""


class Task(Generic[Result]):
    """A task and its result or exception."""

    __slots__ = ("_claimed", "_error", "_pending", "_result", "_work", "done")

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work: Callable[[], Result] | None = work
        self._claimed = False
        self._pending: threading.Lock | None = threading.Lock()  # an Event would take ten times the memory
        self._pending.acquire()  # until it is done
        self._result: Result | None = None
        self._error: BaseException | None = None
        self.done = False
        """True if there is a result or an error."""

    def _claim(self) -> bool:
        with _claiming:
            mine, self._claimed = not self._claimed, True
        return mine

    def run(self) -> None:
        """Run it, unless another thread has begun or finished it."""
        if not self._claim():
            return
        work, self._work = self._work, None
        try:
            self._result = work() if work else None
        except BaseException as error:
            self._error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._finish()

    def set_result(self, answer: Result) -> None:
        """Set the result, unless a thread has begun already."""
        if self._claim():
            self._work, self._result = None, answer
            self._finish()

    def cancel(self) -> None:
        """Cancel it; waiting threads get ``Cancelled``."""
        if self._claim():
            self._work = None
            self._error = Cancelled()
            self._finish()

    def _finish(self) -> None:
        self.done = True
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.release()

    def wait(self) -> None:
        """Wait until it is done. Wakes up regularly: Windows delivers no Ctrl-C to a sleeping thread."""
        while (pending := self._pending) is not None:
            if pending.acquire(timeout=0.2):
                pending.release()

    def result(self) -> Result:
        """Return the result: computed here unless another thread has begun. Raises what the work raised."""
        if not self.done:
            self.run()
            self.wait()
        if self._error is not None:
            raise self._error
        return cast("Result", self._result)


_MANY = 5  # so many tasks wait for each thread when there is a rush
_PACE, _STEP, _BUSY = 0.05, 16, 0.9
"""During a rush: seconds between additions, threads to add, and the processor load that prevents it."""


class Threads:
    """A limited number of threads, each started when there is work that no idle one takes.

    They are daemons: a hanging request delays neither Ctrl-C nor the end of the program.
    """

    def __init__(
        self,
        limit: int,
        rush: int = 0,
        most: int = 0,
        *,
        name: str = "index",
        sparing: bool = False,
        busy: Callable[[], float] = time.process_time,
    ) -> None:
        """``rush`` is the limit while more than five tasks wait for each thread that ``limit`` allows.

        If these wait for responses rather than for the processor, it rises to ``most``. ``busy`` returns the processor
        time in seconds. ``name`` is the prefix of the threads' names; ``sparing`` is for ``spare_memory``.
        """
        self._limit = max(1, limit)
        self._rush = max(self._limit, rush)
        self._most = max(self._rush, most)
        self._busy = busy
        self._name = name
        self._sparing = sparing
        self._seen = (0.0, 0.0)
        self._waiting: tuple[deque[Task[Any]], deque[Task[Any]]] = (deque(), deque())
        """Prioritized tasks, and all others."""

        self._queue: SimpleQueue[bool] = SimpleQueue()
        """True for each waiting task, False for a thread that must end."""

        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    @property
    def started(self) -> int:
        """The number of threads."""
        return len(self._threads)

    @property
    def idle(self) -> int:
        """The number of idle threads."""
        return self._idle

    @property
    def _rushing(self) -> bool:
        return self._queue.qsize() > _MANY * self._limit

    def submit(self, task: Task[Any], *, first: bool = False) -> None:
        """Run it in the background, in the order of submission; cancelled at once after ``close``.

        Tasks with ``first`` run before all others: tasks that produce more tasks should not wait at the end.
        """
        with self._lock:
            if self._closed:
                task.cancel()
                return
            self._waiting[0 if first else 1].append(task)
            self._queue.put(True)
            if self._idle:
                self._idle -= 1
            elif self.started < (self._rush if self._rushing else self._limit):
                self._start()

    def _start(self) -> None:
        if not self._threads:
            spare_memory(large=self._sparing)
            self._seen = (time.monotonic(), self._busy())
        thread = threading.Thread(target=self._work, name=f"{self._name}-{self.started + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more: then as many as there are
            if not self._threads:
                raise
            self._limit = self._rush = self._most = self.started
        else:
            self._threads.append(thread)

    def _work(self) -> None:
        while self._queue.get() and (task := self._next()) is not None:
            task.run()
            with self._lock:
                self._idle += 1
                if self.started < self._most and self._rushing and not self._closed:
                    self._adapt()

    def _next(self) -> Task[Any] | None:
        """Return the next task; None if all were cancelled in the meantime."""
        with self._lock:
            waiting = self._waiting[0] or self._waiting[1]
            return waiting.popleft() if waiting else None

    def _adapt(self) -> None:
        """Start more threads if the processor is idle while tasks wait."""
        now, (since, busy) = time.monotonic(), self._seen
        if now - since < _PACE:
            return
        self._seen = (now, self._busy())
        if self._seen[1] - busy < _BUSY * (now - since):
            for _ in range(min(_STEP, self._most - self.started)):
                self._start()

    def close(self, patience: float = 0.0) -> None:
        """Cancel tasks not begun, and let the threads end; running ones get ``patience`` seconds."""
        with self._lock:
            self._closed = True
            with suppress(Empty):
                while self._queue.get_nowait():
                    continue
            for waiting in self._waiting:
                while waiting:
                    waiting.popleft().cancel()
            for _ in self._threads:
                self._queue.put(False)
        deadline = time.monotonic() + patience
        for thread in self._threads:
            if patience and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def end(self) -> None:
        """Cancel tasks not begun, and return when the threads have ended, however long they take."""
        from ..waiting import join

        while True:
            with suppress(KeyboardInterrupt):  # once is enough
                self.close()
                for thread in self._threads:
                    join(thread)
                return


def spare_memory(*, large: bool = True) -> None:
    """Make all threads allocate from one heap, and ``large`` blocks outside of it, if the C library is glibc.

    By default it gives each thread its own and keeps in every one what a large body needed once: twice the memory, for
    a concurrency that Python's own lock does not allow anyway: 128 MB instead of 86 for 1000 projects on a cold cache.
    And once a large block was freed, it puts the next ones among the small ones, and keeps the gaps: 17 MB more after
    looking up 100 real projects. But large blocks outside take time: 1000 projects on a cold cache 6.0 s, 5.3 s without
    (medians of 4, a slow machine; 79 MB in place of 77). So that is for runs that go on to unpack wheels.
    """
    _call("mallopt", _ARENA_MAX, 1)
    if large:
        _call("mallopt", _MMAP_THRESHOLD, _LARGE)


def return_memory() -> None:
    """Give what is free back to the system, if the C library is glibc; it does that by itself at the heap's end only.

    Takes a millisecond or two.
    """
    _call("malloc_trim", 0)


def _call(name: str, *numbers: int) -> None:
    """Call a function of glibc."""
    if sys.platform != "linux":
        return
    try:
        import ctypes

        getattr(ctypes.CDLL(None), name)(*numbers)
    except (ImportError, OSError, AttributeError):
        return  # another C library, or a Python without ctypes: it works as well with more memory
