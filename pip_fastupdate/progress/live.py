"""Progress on a terminal: a live line during each stage."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TextIO

from ..core.text import IMPORTING
from .plain import Plain
from .stages import Stage

if TYPE_CHECKING:
    from .display import Display

DELAY = 0.2
"""Seconds; a faster run never shows, and never imports, a display."""


class Live(Plain):
    """A live line that disappears after its stage; notes and warnings stay above it."""

    def __init__(
        self,
        stream: TextIO,
        *,
        verbosity: int = 0,
        color: bool = False,
        started: float | None = None,
        delay: float = DELAY,
    ) -> None:
        super().__init__(stream, verbosity=verbosity, color=color, started=started)
        self._delay = delay
        self._timer: threading.Timer | None = None
        self._display: Display | None = None
        self._drawing = threading.RLock()

    def _tells_stages(self) -> bool:
        return self._verbosity > 0

    def _enter(self, stage: Stage) -> None:
        if stage.name == "swap":  # it may replace rich: import all that is needed of it first
            with IMPORTING:
                from .display import preload

                preload()
        if len(self._stages) == 1 and stage.name != "test":  # then the user's command has the terminal
            self._timer = threading.Timer(max(self._delay - self.elapsed(), self._delay / 2), self._show)
            self._timer.daemon = True
            self._timer.start()

    def _leave(self, stage: Stage, seconds: float, succeeded: bool) -> None:
        if not self._stages:
            self._hide()
        super()._leave(stage, seconds, succeeded)

    def _show(self) -> None:
        """Start the display, in the timer's thread, unless the stage ended while rich was imported."""
        with IMPORTING:
            from .display import Display
        with self._drawing:
            if self._timer is not None and self._display is None:
                self._display = Display(self._stream, color=self._color, stage=self._innermost)
                self._display.start()

    def _hide(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._drawing:
            display, self._display, self._timer = self._display, None, None
        if display is not None:
            display.stop()

    def _innermost(self) -> Stage | None:
        with self._lock:
            return self._stages[-1] if self._stages else None

    def _write(self, line: str) -> None:
        with self._drawing:
            if self._display is None:
                super()._write(line)
            else:
                self._display.say(line)
