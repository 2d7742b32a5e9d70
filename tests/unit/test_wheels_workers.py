"""Threads that work off a list."""

from __future__ import annotations

import pytest

from pip_fastupdate.wheels.workers import work_off
from tests.support.rationing import ration_threads


@pytest.mark.parametrize("allowed", [1, 2, 5])
def test_as_many_threads_as_the_system_allows(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    """All the work is done by those."""
    ration_threads(monkeypatch, allowed)
    assert sorted(work_off(range(20), lambda job, stop: job, threads=4)) == list(range(20))


def test_no_thread_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is said, in place of waiting for ever."""
    ration_threads(monkeypatch, 0)
    with pytest.raises(RuntimeError, match="can't start"):
        list(work_off(range(2), lambda job, stop: job, threads=4))
