"""Plans made in the background, so that keys never wait for one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from .updates import Foreseen

Choice = frozenset[str]


class Replanner:
    """Plans one choice after the other in a thread of its own. Choices that a later one has replaced are left out."""

    def __init__(self, plan: Callable[[Choice], Foreseen], done: Callable[[Choice, Foreseen | BaseException], None]):
        """``plan`` is called in that thread, and so is ``done``, with what it returned or raised."""
        self._plan = plan
        self._done = done
        self._asked: SimpleQueue[Choice | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="planning", daemon=True)

    def __enter__(self) -> Replanner:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._asked.put(None)  # a plan under way is not waited for: the thread is a daemon

    def ask(self, chosen: Choice) -> None:
        """Have this choice planned next."""
        self._asked.put(chosen)

    def _work(self) -> None:
        while (chosen := self._newest()) is not None:
            try:
                found: Foreseen | BaseException = self._plan(chosen)
            except BaseException as error:  # whoever asked is told
                found = error
            self._done(chosen, found)

    def _newest(self) -> Choice | None:
        """The last choice that was asked for; None for the end."""
        chosen = self._asked.get()
        while chosen is not None:
            try:
                chosen = self._asked.get_nowait()
            except Empty:
                return chosen
        return None
