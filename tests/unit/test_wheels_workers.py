"""Threads that work off a list."""

from __future__ import annotations

import threading

import pytest

from pip_fastupdate.wheels.workers import work_off


@pytest.mark.parametrize("allowed", [1, 2, 5])
def test_as_many_threads_as_the_system_allows(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    """All the work is done by those."""
    start, left = threading.Thread.start, [allowed]

    def rationed(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", rationed)
    assert sorted(work_off(range(20), lambda job, stop: job, threads=4)) == list(range(20))


def test_no_thread_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is said, in place of waiting for ever."""

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError, match="can't start"):
        list(work_off(range(2), lambda job, stop: job, threads=4))
