"""The live line: spinner, bar and counts of the current stage. No other module of the progress imports rich."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ..core.text import can_encode, clean, environ_of_terminal, fit, redact
from .stages import Stage

BAR = 24
"""Width of the bar in columns."""

_NARROW = 60
"""Below this many columns, the bar is left out."""


class _Line(Live):
    """Rich's display, whose thread stops drawing when the terminal is gone."""

    def refresh(self) -> None:
        """Draw once more."""
        with suppress(OSError):
            super().refresh()


class Display:
    """Draws ``stage()`` ten times a second in its own thread, under the lines printed in the meantime.

    When the terminal hangs up it stops drawing; the run does not fail.
    """

    def __init__(self, stream: TextIO, *, color: bool, stage: Callable[[], Stage | None]) -> None:
        self._stage = stage
        self._encoding = stream.encoding
        self._spinner = Spinner("dots" if can_encode("⠋", self._encoding) else "line")
        self._console = Console(
            file=stream,
            force_terminal=True,
            color_system="auto" if color else None,
            no_color=not color,
            highlight=False,
            markup=False,
            emoji=False,
            _environ=environ_of_terminal(),
        )
        self._live = _Line(
            console=self._console,
            get_renderable=self.frame,
            refresh_per_second=10,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Start drawing. The cursor stays visible, in case the program is killed."""
        with suppress(OSError):
            self._live.start(refresh=True)
            self._console.show_cursor(True)

    def stop(self) -> None:
        """Remove the live line."""
        with suppress(OSError):
            self._live.stop()

    def say(self, line: str) -> None:
        """Print a line, possibly in color, above the live one."""
        self._console.print(Text.from_ansi(line), soft_wrap=True)

    def frame(self) -> RenderableType:
        """Return the current content: one line, never wider than the terminal."""
        stage = self._stage()
        if stage is None:
            return Group()
        words = f"{stage.words.now} {stage.count}".rstrip()
        cells: list[RenderableType] = [self._spinner, Text(words)]
        room = self._console.width - len(words) - 4
        if stage.total and self._console.width >= _NARROW:
            cells.append(ProgressBar(total=stage.total, completed=min(stage.done, stage.total), width=BAR))
            room -= BAR + 1
        detail = Text(fit(clean(redact(stage.detail)), self._encoding), no_wrap=True)
        detail.truncate(max(room, 0), overflow="crop")
        grid = Table.grid(padding=(0, 1))
        grid.add_row(*cells, detail)
        return grid


def preload() -> None:
    """Import all that a display needs, including what rich imports when it first draws."""
    stage = Stage(name="look up", total=3, done=1, detail="…")
    display = Display(StringIO(), color=True, stage=lambda: stage)
    display.start()
    display.say("→")
    display.stop()
