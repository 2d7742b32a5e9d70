"""Progress that only measures, and progress as plain lines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TextIO

from ..core.text import clean, fit, redact
from .stages import Stage, summary

_YELLOW, _CYAN, _RESET = "\x1b[33m", "\x1b[36m", "\x1b[0m"


class Silent:
    """Measures the stages without output; the base of the other displays."""

    def __init__(self, *, started: float | None = None) -> None:
        self.seconds: dict[str, float] = {}
        """Wall time per stage name; repeated stages add up, nested ones count for themselves only."""

        self._started = perf_counter() if started is None else started
        self._stages: list[Stage] = []
        self._nested: list[float] = []
        self._lock = threading.Lock()

    def elapsed(self) -> float:
        """Return the seconds since the run started."""
        return perf_counter() - self._started

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure as ``name`` without output. In the run's thread only, so that no second counts twice."""
        begun = perf_counter()
        self.seconds.setdefault(name, 0.0)
        self._nested.append(0.0)
        try:
            yield
        finally:
            seconds = perf_counter() - begun
            self.seconds[name] += max(0.0, seconds - self._nested.pop())
            if self._nested:
                self._nested[-1] += seconds

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[None]:
        """Enter a stage; stages may be nested, and steps count for the innermost one. In the run's thread."""
        stage = Stage(name=name, total=total)
        begun = perf_counter()
        succeeded = False
        with self._lock:
            self._stages.append(stage)
        with self.timed(name):
            try:
                self._enter(stage)
                yield
                succeeded = True
            finally:
                with self._lock:
                    self._stages.remove(stage)
                self._leave(stage, perf_counter() - begun, succeeded)

    def step(self, detail: str = "", amount: int = 1) -> None:
        """Count ``amount`` more steps of the current stage, bytes for a download. Safe in any thread."""
        with self._lock:
            if self._stages:
                stage = self._stages[-1]
                stage.done += amount
                stage.detail = detail or stage.detail

    def note(self, text: str) -> None:
        """Print a line unless quiet."""

    def warn(self, text: str, hint: str = "") -> None:
        """Print a warning and its hint."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Give the terminal to another display inside: lines wait until the end."""
        yield

    def _enter(self, stage: Stage) -> None:
        """Prepare for a stage that has just begun."""

    def _leave(self, stage: Stage, seconds: float, succeeded: bool) -> None:
        """Finish a stage that has ended, with or without an exception."""


class Plain(Silent):
    """Lines on a stream: one at the end of each stage, notes and warnings."""

    def __init__(
        self, stream: TextIO, *, verbosity: int = 0, color: bool = False, started: float | None = None
    ) -> None:
        super().__init__(started=started)
        self._stream = stream
        self._verbosity = verbosity
        self._color = color
        self._gone = False
        self._waiting: list[str] | None = None

    def note(self, text: str) -> None:
        """Print a line unless quiet."""
        if self._verbosity >= 0:
            self._say(clean(redact(text)))

    def warn(self, text: str, hint: str = "") -> None:
        """Print a line that starts with ``warning:`` and under it one that starts with ``hint:``."""
        self._say(f"{self._paint('warning:', _YELLOW)} {clean(redact(text))}")
        if hint:
            self._say(f"{self._paint('hint:', _CYAN)} {clean(redact(hint))}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make lines wait."""
        self._waiting = []
        try:
            yield
        finally:
            lines, self._waiting = self._waiting, None
            for line in lines:
                self._say(line)

    def _leave(self, stage: Stage, seconds: float, succeeded: bool) -> None:
        if succeeded and self._tells_stages():
            self._say(summary(stage, seconds))

    def _tells_stages(self) -> bool:
        return self._verbosity >= 0

    def _paint(self, word: str, code: str) -> str:
        return f"{code}{word}{_RESET}" if self._color else word

    def _say(self, line: str) -> None:
        """Write a line. If the reader has gone, stop writing; the update must not fail for that."""
        if self._gone:
            return
        if self._waiting is not None:
            self._waiting.append(line)
            return
        try:
            self._write(fit(line, self._stream.encoding))
        except (OSError, ValueError):  # a broken pipe, a full disk, a hung-up terminal or a closed stream
            self._gone = True

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()
