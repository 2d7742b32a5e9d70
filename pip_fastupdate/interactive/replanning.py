"""Plans in the background, so that keys never wait for one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from .updates import Foreseen

Choice = frozenset[str]


class Replanner:
    """Plans one choice after the other in its own thread. Choices replaced by a later one are skipped."""

    def __init__(self, plan: Callable[[Choice], Foreseen], done: Callable[[Choice, Foreseen | BaseException], None]):
        """``plan`` is called in that thread, and so is ``done``, with what it returned or raised."""
        self._plan = plan
        self._done = done
        self._asked: SimpleQueue[Choice | None] = SimpleQueue()
        self._last: Choice | None = None
        self._thread = threading.Thread(target=self._work, name="planning", daemon=True)

    def __enter__(self) -> Replanner:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._asked.put(None)  # a running plan is not waited for: the thread is a daemon

    def ask(self, chosen: Choice) -> None:
        """Plan this choice next, unless it is the last one that was requested."""
        if chosen != self._last:
            self._last = chosen
            self._asked.put(chosen)

    def _work(self) -> None:
        planned: Choice | None = None
        while (chosen := self._newest()) is not None:
            if chosen == planned:  # chosen again while its plan was under way
                continue
            planned = chosen
            try:
                found: Foreseen | BaseException = self._plan(chosen)
            except BaseException as error:  # reported to the caller
                found = error
            self._done(chosen, found)

    def _newest(self) -> Choice | None:
        """Return the last requested choice; None for the end."""
        chosen = self._asked.get()
        while chosen is not None:
            try:
                chosen = self._asked.get_nowait()
            except Empty:
                return chosen
        return None
