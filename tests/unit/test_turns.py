"""Threads that take turns."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pip_fastupdate.core.threads.gil_turns import Turns, aside


def test_one_at_a_time() -> None:
    """Whoever is at work keeps the others waiting."""
    turns, inside, most = Turns(), [0], [0]

    def work(_: int) -> None:
        with turns.work():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            threading.Event().wait(0.001)
            inside[0] -= 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(20)))
    assert most == [1]


def test_others_go_on_meanwhile() -> None:
    """As long as one is aside another is at work; it comes back to work before it goes on."""
    turns, there, done = Turns(), threading.Event(), threading.Event()

    def other() -> None:
        there.wait()
        with turns.work():
            done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with turns.work():
        with aside(turns):
            there.set()
            assert done.wait(10)
        assert turns.lock.locked()
    thread.join()
    assert not turns.lock.locked()


def test_outside_of_work() -> None:
    """Nobody has a turn to give away there."""
    with aside(None):
        pass


def test_errors_come_through() -> None:
    """The turn is given back."""
    turns = Turns()
    with pytest.raises(OSError, match="full"), turns.work(), aside(turns):
        raise OSError("full")
    assert not turns.lock.locked()
