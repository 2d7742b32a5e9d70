"""The choice so far, and the effect of each key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .updates import Foreseen, Update

GROUPS = {
    "vulnerable": "Fixes known vulnerabilities",
    "major": "Major",
    "minor": "Minor",
    "patch": "Patch",
    "calendar": "Calendar versions",
    "unknown": "Unknown",
}
"""In display order, with their headings."""

AGAIN = "another program changed the environment; choose again"
NOTHING = "nothing to update; space chooses, q quits"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The choice, its plan, and the cursor."""

    updates: tuple[Update, ...]
    """Group by group, by name within each."""

    chosen: frozenset[str]
    foreseen: Foreseen
    planned: frozenset[str]
    """The choice of ``foreseen``."""

    cursor: int = 0
    """The index of an update."""

    going: bool = False
    """True if the user has confirmed, and only the plan of the choice is waited for."""

    message: str = ""

    @property
    def pending(self) -> bool:
        """True if the choice is not planned yet."""
        return self.chosen != self.planned

    @property
    def current(self) -> Update | None:
        """The update under the cursor."""
        return self.updates[self.cursor] if self.updates else None


def group_of(update: Update) -> str:
    """Return the key of its group."""
    if update.fixes:
        return "vulnerable"
    return update.level if update.level in GROUPS else "unknown"


def begin(updates: Iterable[Update], foreseen: Foreseen, before: frozenset[str] | None = None) -> State:
    """Return the first state, with everything chosen: without any key, the run does what it does without asking.

    ``before`` is what was chosen for an earlier plan that failed: that stays chosen.
    """
    order = list(GROUPS)
    found = tuple(sorted(updates, key=lambda each: (order.index(group_of(each)), each.name)))
    everything = frozenset(each.name for each in found)
    return State(
        updates=found,
        chosen=everything if before is None else everything & before,
        foreseen=foreseen,
        planned=everything,
        message="" if before is None else AGAIN,
    )


def toggle(state: State) -> State:
    """Choose the current update, or unchoose it."""
    return _chosen(state, state.chosen ^ {state.current.name}) if state.current else state


def toggle_all(state: State) -> State:
    """Choose everything; nothing if everything was chosen."""
    return _toggled(state, (each.name for each in state.updates))


def toggle_group(state: State) -> State:
    """Do the same with the current group."""
    if state.current is None:
        return state
    group = group_of(state.current)
    return _toggled(state, (each.name for each in state.updates if group_of(each) == group))


def invert(state: State) -> State:
    """Invert the choice."""
    return _chosen(state, frozenset(each.name for each in state.updates) - state.chosen)


def move(state: State, by: int) -> State:
    """Move the cursor down by that many updates (up if negative), within the list."""
    cursor = max(0, min(len(state.updates) - 1, state.cursor + by))
    return replace(state, cursor=cursor, message="", going=False)


def with_plan(state: State, chosen: frozenset[str], foreseen: Foreseen) -> State:
    """Set the plan of a choice; does nothing if the choice has changed."""
    return replace(state, planned=chosen, foreseen=foreseen) if chosen == state.chosen else state


def go(state: State) -> State:
    """Confirm, unless nothing would change, which is shown."""
    if state.pending:
        return replace(state, going=True, message="")
    return replace(state, going=bool(state.foreseen.moves), message="" if state.foreseen.moves else NOTHING)


def _toggled(state: State, names: Iterable[str]) -> State:
    meant = frozenset(names)
    return _chosen(state, state.chosen - meant if meant <= state.chosen else state.chosen | meant)


def _chosen(state: State, chosen: frozenset[str]) -> State:
    return replace(state, chosen=chosen, message="", going=False)
