"""The choice so far, and what each key makes of it."""

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
"""In the order in which they are shown, with their headings."""

AGAIN = "the environment was changed meanwhile: choose again"
NOTHING = "nothing would change: space chooses, q leaves"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is chosen, what that leads to, and where the cursor is."""

    updates: tuple[Update, ...]
    """Group after group, by name within each."""

    chosen: frozenset[str]
    foreseen: Foreseen
    planned: frozenset[str]
    """The choice that ``foreseen`` is about."""

    cursor: int = 0
    """The index of an update."""

    going: bool = False
    """Whether the user is done, and only the plan of the choice is waited for."""

    message: str = ""

    @property
    def pending(self) -> bool:
        """Whether the choice is still to be planned."""
        return self.chosen != self.planned

    @property
    def current(self) -> Update | None:
        """The update under the cursor."""
        return self.updates[self.cursor] if self.updates else None


def group_of(update: Update) -> str:
    """The key of its group."""
    if update.fixes:
        return "vulnerable"
    return update.level if update.level in GROUPS else "unknown"


def begin(updates: Iterable[Update], foreseen: Foreseen, before: frozenset[str] | None = None) -> State:
    """Everything is chosen: as long as no key says otherwise, the run does what it does without being asked.

    ``before`` is what was chosen of another plan, which came to nothing: then that is chosen still.
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
    """What is under the cursor is chosen, or not any more."""
    return _chosen(state, state.chosen ^ {state.current.name}) if state.current else state


def toggle_all(state: State) -> State:
    """Everything is chosen; nothing, where everything was."""
    return _toggled(state, (each.name for each in state.updates))


def toggle_group(state: State) -> State:
    """The same with the group that the cursor is in."""
    if state.current is None:
        return state
    group = group_of(state.current)
    return _toggled(state, (each.name for each in state.updates if group_of(each) == group))


def invert(state: State) -> State:
    """What is chosen is not any more, and the other way round."""
    return _chosen(state, frozenset(each.name for each in state.updates) - state.chosen)


def move(state: State, by: int) -> State:
    """The cursor goes down so many updates, up for less than none, and no further than there are any."""
    cursor = max(0, min(len(state.updates) - 1, state.cursor + by))
    return replace(state, cursor=cursor, message="", going=False)


def with_plan(state: State, chosen: frozenset[str], foreseen: Foreseen) -> State:
    """The plan of a choice is there; nothing changes where the choice is another one by now."""
    return replace(state, planned=chosen, foreseen=foreseen) if chosen == state.chosen else state


def go(state: State) -> State:
    """The user is done; not where nothing would change, which is said."""
    if state.pending:
        return replace(state, going=True, message="")
    return replace(state, going=bool(state.foreseen.moves), message="" if state.foreseen.moves else NOTHING)


def _toggled(state: State, names: Iterable[str]) -> State:
    meant = frozenset(names)
    return _chosen(state, state.chosen - meant if meant <= state.chosen else state.chosen | meant)


def _chosen(state: State, chosen: frozenset[str]) -> State:
    return replace(state, chosen=chosen, message="", going=False)
