"""Questions answered in the background."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable

import pytest

from pip_fastupdate.core.threads.background import Cancelled, Task, Threads
from tests.support.rationing import ration_threads


def test_answer_is_kept() -> None:
    """The work is done once."""
    done = []
    task = Task(lambda: done.append(1) or "answer")
    assert not task.done
    assert ["answer", "answer"] == [task.result(), task.result()]
    assert ([1], True) == (done, task.done)


def test_nothing_is_an_answer_too() -> None:
    """None is not 'no answer'."""
    assert None is Task(lambda: None).result()


def test_error_is_kept() -> None:
    """Each who asks gets it."""

    def work() -> str:
        raise LookupError("no")

    task = Task(work)
    for _ in range(2):
        with pytest.raises(LookupError, match="no"):
            task.result()


def test_interrupt_is_not_swallowed() -> None:
    """It comes through where it happened, and whoever waits learns of it."""

    def work() -> str:
        raise KeyboardInterrupt

    task = Task(work)
    with pytest.raises(KeyboardInterrupt):
        task.run()
    with pytest.raises(KeyboardInterrupt):
        task.result()


def test_settled_task_does_no_work() -> None:
    """The first answer counts."""
    task = Task(lambda: "work")
    task.set_result("settled")
    task.set_result("again")
    task.cancel()
    assert "settled" == task.result()


def test_cancelled_task_does_no_work() -> None:
    """Who waits is told."""
    task = Task(lambda: "work")
    task.cancel()
    with pytest.raises(Cancelled):
        task.result()


def test_who_asks_does_it_before_the_queue_gets_there() -> None:
    """One thread is busy: the caller does not wait for it."""
    threads, hold = Threads(1), threading.Event()
    threads.submit(Task(hold.wait))
    mine = Task(lambda: threading.current_thread().name)
    threads.submit(mine)
    assert threading.current_thread().name == mine.result()
    hold.set()
    threads.close()


def test_threads_start_on_demand() -> None:
    """Not more than allowed, and an idle one is used again."""
    threads = Threads(3)
    assert 0 == threads.started
    for _ in range(5):
        task = Task(lambda: threading.current_thread().name)
        threads.submit(task)
        task.wait()
        deadline = time.monotonic() + 10
        while not threads.idle and time.monotonic() < deadline:
            time.sleep(0.001)
        assert "index-1" == task.result()
    assert 1 == threads.started
    hold = threading.Event()
    tasks = [Task(hold.wait) for _ in range(10)]
    for each in tasks:
        threads.submit(each)
    assert 3 == threads.started
    hold.set()
    assert [True] * 10 == [each.result() for each in tasks]
    threads.close()


def test_close_does_not_wait() -> None:
    """What was not begun is cancelled, what comes later too; threads end when they are done."""
    threads, hold = Threads(1), threading.Event()
    begun = Task(hold.wait)
    threads.submit(begun)
    time.sleep(0.01)
    waiting, late = Task(lambda: 1), Task(lambda: 2)
    threads.submit(waiting)
    threads.close()
    threads.close()
    threads.submit(late)
    for task in (waiting, late):
        with pytest.raises(Cancelled):
            task.result()
    hold.set()
    assert True is begun.result()


def test_close_with_patience_waits_for_what_is_under_way() -> None:
    """But no longer than that."""
    quick, slow = Threads(1), Threads(1)
    task, hold = Task(lambda: time.sleep(0.05)), threading.Event()
    quick.submit(task)
    slow.submit(Task(hold.wait))
    time.sleep(0.02)
    began = time.monotonic()
    quick.close(5.0)
    assert task.done
    slow.close(0.05)
    assert time.monotonic() - began < 2
    hold.set()


def test_threads_do_not_outlive_the_program() -> None:
    """They are daemons, with names."""
    threads, names = Threads(0), []
    task = Task(lambda: names.append(threading.current_thread()))
    threads.submit(task)
    task.wait()
    assert [(True, "index-1")] == [(each.daemon, each.name) for each in names]
    threads.close()


@pytest.mark.parametrize(("busy", "most"), [(lambda: 0.0, 8), (time.monotonic, 4)])
def test_still_more_threads_while_the_processor_waits(busy: Callable[[], float], most: int) -> None:
    """Twice as many where answers are slow, none where they are worked on."""
    threads = Threads(1, rush=4, most=8, busy=busy)
    tasks = [Task(lambda: time.sleep(0.02)) for _ in range(80)]
    for task in tasks:
        threads.submit(task)
    assert threads.started == 4
    for task in tasks:
        task.wait()
    assert threads.started == most
    threads.close()


def test_as_many_threads_as_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is done by those; where there can be none at all, that is said."""
    ration_threads(monkeypatch, 3)
    threads = Threads(1, rush=6, most=12, busy=lambda: 0.0)
    tasks = [Task(lambda: time.sleep(0.01)) for _ in range(40)]
    for task in tasks:
        threads.submit(task)
    for task in tasks:
        task.wait()
    assert threads.started == 3
    threads.close(patience=1.0)
    with pytest.raises(RuntimeError, match="can't start"):
        Threads(1).submit(Task(lambda: None))


def test_more_threads_while_many_tasks_wait() -> None:
    """The limit is a higher one as long as the queue is long."""
    threads, hold = Threads(2, rush=5), threading.Event()
    tasks = [Task(hold.wait) for _ in range(40)]
    for task in tasks[:10]:
        threads.submit(task)
    assert 2 == threads.started
    for task in tasks[10:]:
        threads.submit(task)
    assert 5 == threads.started
    hold.set()
    for task in tasks:
        task.wait()
    threads.close()


def test_what_goes_first_overtakes_what_waits() -> None:
    """In the order of submission among themselves."""
    threads, hold, begun, done = Threads(1), threading.Event(), threading.Event(), []
    threads.submit(Task(lambda: (begun.set(), hold.wait())))
    begun.wait(10)
    tasks = [Task(lambda each=each: done.append(each)) for each in ("a", "b", "c", "d")]
    for task, first in zip(tasks, (False, True, False, True), strict=True):
        threads.submit(task, first=first)
    hold.set()
    for task in tasks:
        task.wait()
    assert ["b", "d", "a", "c"] == done
    threads.close()


def test_nothing_begins_after_close() -> None:
    """Not even while a thread is just about to take a task: none of those that wait is left over for it."""
    threads, hold, begun = Threads(1), threading.Event(), threading.Event()
    threads.submit(Task(lambda: (begun.set(), hold.wait())))
    begun.wait(10)
    tasks = [Task(lambda: None) for _ in range(3)]
    for task in tasks:
        threads.submit(task, first=task is tasks[1])
    threads._queue.get()  # as a thread does before it takes the task
    threads.close()
    hold.set()
    for task in tasks:
        with pytest.raises(Cancelled):
            task.result()


def test_end_waits_for_what_is_under_way() -> None:
    """And nobody begins what is left."""
    threads, begun, hold = Threads(1), threading.Event(), threading.Event()
    under_way, left = Task(lambda: begun.set() or hold.wait(10)), Task(lambda: True)
    threads.submit(under_way)
    threads.submit(left)
    assert begun.wait(10)
    threading.Timer(0.1, hold.set).start()
    threads.end()
    assert (True, True) == (under_way.done, under_way.result())
    with pytest.raises(Cancelled):
        left.result()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's functions")
@pytest.mark.parametrize("sparing", [True, False])
def test_memory_is_spared_where_wheels_follow(sparing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that only looks keeps large blocks, since returning them takes time."""
    asked: list[int] = []

    class Library:
        """As much of glibc as is used."""

        @staticmethod
        def mallopt(parameter: int, _value: int) -> int:
            """Record what is set."""
            asked.append(parameter)
            return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library)
    threads = Threads(1, sparing=sparing)
    task = Task(lambda: 1)
    threads.submit(task)
    assert task.result() == 1
    threads.end()
    assert asked == ([-8, -3] if sparing else [-8])
