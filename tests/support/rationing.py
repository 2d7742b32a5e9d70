"""A system that allows only so many threads."""

from __future__ import annotations

import threading

import pytest


def ration_threads(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    """From now on so many can be started."""
    start, left = threading.Thread.start, [allowed]

    def rationed(thread: threading.Thread) -> None:
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", rationed)
