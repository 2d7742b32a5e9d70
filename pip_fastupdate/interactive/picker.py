"""The terminal part: keys in, lines out. No other module imports prompt_toolkit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.styles import Style

from . import state as choice
from .replanning import Choice, Replanner
from .screen import Glyphs, screen
from .state import State
from .updates import Foreseen, Update

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.output import Output

_STYLES = {
    "title": "bold",
    "heading": "bold",
    "cursor": "bold",
    "key": "bold",
    "pending": "ansiyellow",
    "warn": "ansiyellow",
    "faint": "ansibrightblack",
    "link": "ansibrightblue",
    "added": "ansigreen",
    "major": "bold ansired",
    "minor": "ansicyan",
    "patch": "ansigreen",
    "calendar": "ansiblue",
    "unknown": "",
}
"""The levels have the colors of the report; brackets and words say the same without color."""

_MANY = 10**6
"""More than any list has."""

KEYS: Mapping[str, Callable[[State], State]] = {
    "space": choice.toggle,
    "a": choice.toggle_all,
    "i": choice.invert,
    "g": choice.toggle_group,
    "enter": choice.go,
    "up": partial(choice.move, by=-1),
    "k": partial(choice.move, by=-1),
    "down": partial(choice.move, by=1),
    "j": partial(choice.move, by=1),
    "pageup": partial(choice.move, by=-10),
    "pagedown": partial(choice.move, by=10),
    "home": partial(choice.move, by=-_MANY),
    "end": partial(choice.move, by=_MANY),
}

QUIT = ("q", "escape", "c-c", "c-d", "<sigint>")

_ESCAPE = 0.05
"""Seconds after which Escape is the key itself, not the beginning of another one's code."""


class Picker:
    """Asks the user once."""

    def __init__(
        self, state: State, plan: Callable[[Choice], Foreseen], *, where: str, color: bool, input: Input, output: Output
    ) -> None:
        """``plan`` is called in another thread, once per choice."""
        self.state = state
        self._where = where
        self._known: dict[Choice, Foreseen] = {state.planned: state.foreseen}
        self._glyphs = Glyphs.of(output.encoding())
        self._planner = Replanner(plan, self._planned)
        self._app: Application[Choice] = Application(
            layout=Layout(Window(FormattedTextControl(self._text, show_cursor=False), always_hide_cursor=True)),
            key_bindings=self._bindings(),
            style=Style.from_dict(_STYLES),
            color_depth=None if color else ColorDepth.DEPTH_1_BIT,
            full_screen=True,
            input=input,
            output=output,
        )
        self._app.ttimeoutlen = _ESCAPE

    def run(self) -> Choice:
        """Return the choice. Raises KeyboardInterrupt if the user leaves, and what planning raised."""
        with self._planner:
            try:
                return self._app.run(pre_run=self._begin)
            except EOFError:  # the terminal was closed
                raise KeyboardInterrupt from None

    def _begin(self) -> None:
        """Request the first plan, if there is none yet: not before the application can show it."""
        if self.state.pending:
            self._planner.ask(self.state.chosen)

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        for key, change in KEYS.items():
            bindings.add(key)(partial(self._changed, change))
        for key in QUIT:
            bindings.add(key, eager=True)(_quit)
        bindings.add("c-z")(_suspend)
        return bindings

    def _changed(self, change: Callable[[State], State], _event: KeyPressEvent) -> None:
        self.state = change(self.state)
        if self.state.pending and self.state.chosen in self._known:
            self.state = choice.with_plan(self.state, self.state.chosen, self._known[self.state.chosen])
        elif self.state.pending:
            self._planner.ask(self.state.chosen)
        self._go()

    def _planned(self, chosen: Choice, found: Foreseen | BaseException) -> None:
        """Show a plan; called by the planning thread."""
        loop = self._app.loop
        if loop is not None:
            with suppress(RuntimeError):  # closed: the user has left
                loop.call_soon_threadsafe(self._take, chosen, found)

    def _take(self, chosen: Choice, found: Foreseen | BaseException) -> None:
        if not self._app.is_running or self._app.is_done:
            return
        if isinstance(found, BaseException):
            self._app.exit(exception=found)
            return
        self._known[chosen] = found
        self.state = choice.with_plan(self.state, chosen, found)
        if self.state.going:
            self.state = choice.go(self.state)
        self._go()
        self._app.invalidate()

    def _go(self) -> None:
        if self.state.going and not self.state.pending:
            self._app.exit(result=self.state.chosen)

    def _text(self) -> StyleAndTextTuples:
        size = self._app.output.get_size()
        lines = screen(self.state, self._where, columns=size.columns, rows=size.rows, glyphs=self._glyphs)
        found: StyleAndTextTuples = []
        for line in lines:
            found += [(f"class:{style}" if style else "", text) for style, text in line]
            found.append(("", "\n"))
        return found[:-1]


def _quit(event: KeyPressEvent) -> None:
    event.app.exit(exception=KeyboardInterrupt())


def _suspend(event: KeyPressEvent) -> None:
    event.app.suspend_to_background()


def choose(
    updates: Iterable[Update],
    foreseen: Foreseen,
    plan: Callable[[Choice], Foreseen],
    *,
    before: Choice | None,
    where: str,
    color: bool,
) -> Choice:
    """Return the names that the user chooses from all updates, whose plan is ``foreseen``, on standard error's
    terminal.

    ``plan`` returns the plan of another choice; it is called in another thread. ``before`` is the choice if the same
    run asked before. Raises KeyboardInterrupt if the user leaves, and whatever planning raises.
    """
    state = choice.begin(updates, foreseen, before)
    input, output = create_input(sys.stdin), create_output(sys.stderr)
    return Picker(state, plan, where=where, color=color, input=input, output=output).run()
