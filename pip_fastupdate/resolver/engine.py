"""A learning search: conflict-driven, over variables with a few hundred values each.

What is impossible is a *nogood*: a set of terms, "this variable has one of these values", that are not all true at
once. The values of a variable are the bits of an integer, so a term is a variable and a mask, and a bound that excludes
four hundred versions costs the same as a bound on one. As in PubGrub, what two conflicts share is found by uniting the
masks of the variable between them; as in any solver of clauses (MiniSat), every conflict is traced back to the one term
that caused it, kept as a new nogood, and the search goes back as far as that nogood has consequences.

Masks may be infinite (negative integers): not all values of a variable need to be known before they matter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

Term = tuple[int, int]
"""(variable, mask of values). It is true when the variable can have no other values."""

EVERYTHING = -1
"""The mask of all values, known or not."""


class Nogood:
    """Terms that are not all true at once. The first two are watched."""

    __slots__ = ("dead", "fact", "leaves", "terms")

    def __init__(self, terms: list[Term], fact: object = None, leaves: frozenset[Nogood] = frozenset()) -> None:
        self.terms = terms
        self.fact = fact
        """What it stands for; None if it was learned."""

        self.leaves = leaves
        """If it was learned and proofs are kept: the nogoods that it follows from."""

        self.dead = False
        """True if a stronger one has replaced it."""

    def __repr__(self) -> str:
        return f"Nogood({self.terms}, {self.fact})"


DECAY = 1.05
"""How much more each conflict counts than the one before, for the order of decisions."""

HUGE = 1e100


@dataclass(slots=True, kw_only=True)
class Trace:
    """Terms that are all true, traced back along the trail to their causes."""

    engine: Engine
    leaves: set[Nogood]
    masks: dict[int, int] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)

    def meet(self, terms: Iterable[Term]) -> None:
        """Add terms, which are true."""
        for variable, mask in terms:
            both = self.masks.get(variable, EVERYTHING) & mask
            place = self.engine.held_since(variable, both)
            if place >= 0:
                self.masks[variable], self.places[variable] = both, place

    def latest(self, begin: int) -> tuple[int, int, int]:
        """Return the term that became true last, when, and how many became true from ``begin`` on."""
        last, recent = max(self.places, key=self.places.__getitem__), 0
        for place in self.places.values():
            recent += place >= begin
        return last, self.places[last], recent

    def drop(self, variable: int) -> None:
        """Remove a term."""
        del self.masks[variable], self.places[variable]

    def resolve(self, variable: int, place: int) -> None:
        """Replace a term by its reason."""
        reason = self.engine.trail[place][2]
        assert reason is not None
        self.leaves.update(_leaves(reason))
        mask = self.masks[variable]
        self.drop(variable)
        for other, values in reason.terms:
            if other == variable:
                mask |= values
        self.meet([(variable, mask)])
        self.meet(each for each in reason.terms if each[0] != variable)


def _leaves(nogood: Nogood) -> frozenset[Nogood]:
    return nogood.leaves if nogood.fact is None else frozenset((nogood,))


@dataclass(slots=True, kw_only=True)
class Engine:
    """Variables, what is known about them, and the current state of a search."""

    proving: bool = False
    """True if nogoods remember what they follow from, for explanations."""

    masks: list[int] = field(default_factory=list)
    """By variable: its possible values."""

    phases: list[int] = field(default_factory=list)
    """By variable: its last value, as a mask; 0 for none."""

    changes: list[list[int]] = field(default_factory=list)
    """By variable: the positions on the trail at which it lost values."""

    watching: list[list[Nogood]] = field(default_factory=list)
    activity: list[float] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    """By variable: the smaller, the earlier it is chosen among equally active ones; negative for never."""

    optional: set[int] = field(default_factory=set)
    """Variables whose first value costs nothing."""

    trail: list[tuple[int, int, Nogood | None]] = field(default_factory=list)
    """(variable, mask before, why it changed); no reason for a decision."""

    limits: list[int] = field(default_factory=list)
    """By decision level, from the first: the length of the trail when it began."""

    propagated: int = 0
    """How much of the trail has been propagated."""

    extended: int = 0
    """How much of it the engine's user has processed."""

    conflicts: int = 0
    bump: float = 1.0
    heap: list[tuple[float, int, int]] = field(default_factory=list)
    refuted: frozenset[Nogood] | None = None
    """Set if there is no solution at all: what that follows from."""

    def variable(self, order: int, values: int = EVERYTHING, *, optional: bool = False) -> int:
        """Return a new variable, which may have any of these values."""
        number = len(self.masks)
        if optional:
            self.optional.add(number)
        self.masks.append(values)
        self.phases.append(0)
        self.changes.append([])
        self.watching.append([])
        self.activity.append(0.0)
        self.order.append(order)
        self._queue(number)
        return number

    def _queue(self, variable: int) -> None:
        if self.order[variable] >= 0:
            heappush(self.heap, (-self.activity[variable], self.order[variable], variable))

    def requeue(self) -> None:
        """Record new positions in the order of decisions."""
        everything = range(len(self.masks))
        self.heap = [(-self.activity[each], self.order[each], each) for each in everything if self.order[each] >= 0]
        heapify(self.heap)

    def undecided(self) -> int | None:
        """Return the variable to decide next; None if all relevant ones have one value.

        Optional ones come last, while they can have their first value: others have to require them.
        """
        optional = []
        found = None
        while self.heap and found is None:
            entry = heappop(self.heap)
            values = self.masks[entry[2]]
            if values < 0 or values & (values - 1):
                if values & 1 and entry[2] in self.optional:
                    optional.append(entry)
                else:
                    found = entry[2]
        if found is None and optional:
            found = optional.pop(0)[2]
        for entry in optional:
            heappush(self.heap, entry)
        return found

    # the trail

    @property
    def level(self) -> int:
        """The number of current decisions and assumptions."""
        return len(self.limits)

    def decide(self, variable: int, mask: int) -> None:
        """Begin a level in which the variable has one of these values."""
        self.limits.append(len(self.trail))
        self._narrow(variable, mask, None)

    def _narrow(self, variable: int, mask: int, reason: Nogood | None) -> None:
        before = self.masks[variable]
        after = before & mask
        if after != before:
            self.changes[variable].append(len(self.trail))
            self.trail.append((variable, before, reason))
            self.masks[variable] = after

    def back_to(self, level: int) -> None:
        """Undo all levels above."""
        if level >= len(self.limits):
            return
        keep = self.limits[level]
        for place in range(len(self.trail) - 1, keep - 1, -1):
            variable, before, _ = self.trail[place]
            now = self.masks[variable]
            if now > 0 and not now & (now - 1):
                self.phases[variable] = now
            self.masks[variable] = before
            self.changes[variable].pop()
            self._queue(variable)
        del self.trail[keep:], self.limits[level:]
        self.propagated, self.extended = min(self.propagated, keep), min(self.extended, keep)

    def held_since(self, variable: int, mask: int) -> int:
        """Return the position on the trail since which a term is true; -1 for always. It must be true."""
        for place in reversed(self.changes[variable]):
            if self.trail[place][1] & ~mask:
                return place
        return -1

    def _level_of(self, place: int) -> int:
        return bisect_right(self.limits, place)

    # what is known

    def add(self, nogood: Nogood) -> None:
        """Add a nogood, wherever the search is: it goes back as far as it must. May set ``refuted``."""
        terms = nogood.terms
        free = [each for each in terms if self.masks[each[0]] & ~each[1]]
        held = sorted(
            (each for each in terms if not self.masks[each[0]] & ~each[1]),
            key=lambda each: self.held_since(*each),
            reverse=True,
        )
        terms[:] = [*free, *held]
        levels = [self._level_of(self.held_since(*each)) for each in held[:2]] + [0, 0]
        if len(free) >= 2:
            self._watch(nogood)
        elif free:
            self._rule_out(nogood, levels[0])
        elif levels[0] > levels[1]:
            self._rule_out(nogood, levels[1])
        else:
            self.back_to(levels[0])
            self._watch(nogood)
            self._learn(nogood)

    def _rule_out(self, nogood: Nogood, level: int) -> None:
        """Go back to the level at which all but the first term are true, and conclude that the first is not."""
        self.back_to(level)
        self._watch(nogood)
        variable, mask = nogood.terms[0]
        self._narrow(variable, ~mask, nogood)

    def _watch(self, nogood: Nogood) -> None:
        if len(nogood.terms) > 1:  # what excludes values forever has nothing more to say
            for variable, _ in nogood.terms[:2]:
                self.watching[variable].append(nogood)

    def propagate(self) -> None:
        """Draw all conclusions, learning from conflicts. May set ``refuted``."""
        while self.propagated < len(self.trail) and self.refuted is None:
            variable = self.trail[self.propagated][0]
            self.propagated += 1
            conflict = self._visit(variable)
            if conflict is not None:
                self._learn(conflict)

    def _visit(self, variable: int) -> Nogood | None:
        """Visit all nogoods that watch a variable; return the one whose terms are all true, if any."""
        masks, mine = self.masks, self.watching[variable]
        values, kept = masks[variable], []
        for place, nogood in enumerate(mine):
            if nogood.dead:
                continue
            terms = nogood.terms
            if terms[0][0] == variable:
                terms[0], terms[1] = terms[1], terms[0]
            if values & ~terms[1][1]:
                kept.append(nogood)
                continue
            other, mask = terms[0]
            now = masks[other]
            if now & mask and self._moved(nogood):
                continue
            kept.append(nogood)
            if not now & ~mask:
                kept += mine[place + 1 :]
                self.watching[variable] = kept
                return nogood
            if now & mask:
                self._narrow(other, ~mask, nogood)
        self.watching[variable] = kept
        return None

    def _moved(self, nogood: Nogood) -> bool:
        """Make a nogood watch another term than the second, if there is one that is not true."""
        masks, terms = self.masks, nogood.terms
        for place in range(2, len(terms)):
            variable, mask = terms[place]
            if masks[variable] & ~mask:
                terms[1], terms[place] = terms[place], terms[1]
                self.watching[variable].append(nogood)
                return True
        return False

    # conflicts

    def _learn(self, conflict: Nogood) -> None:
        """Trace a conflict back to the one term of its level that caused it, go back, and learn."""
        if not self.level:
            self.refuted = self._trace(dict(conflict.terms), _leaves(conflict))[1]
            return
        self.conflicts += 1
        found, leaves = self._analyze(conflict)
        self.bump *= DECAY
        if self.bump > HUGE:
            self._rescale()
        terms = sorted(found, key=lambda each: self.held_since(*each), reverse=True)
        level = self._level_of(self.held_since(*terms[1])) if len(terms) > 1 else 0
        self._rule_out(Nogood(terms, leaves=leaves), level)

    def _analyze(self, conflict: Nogood) -> tuple[list[Term], frozenset[Nogood]]:
        trace = Trace(engine=self, leaves=set(_leaves(conflict)))
        trace.meet(conflict.terms)
        begin = self.limits[-1]
        while True:
            variable, place, recent = trace.latest(begin)
            if recent == 1:
                break
            self._bump(variable)
            trace.resolve(variable, place)
        first = self.limits[0]
        above = [(each, mask) for each, mask in trace.masks.items() if trace.places[each] >= first]
        if not self.proving:
            return above, frozenset()
        below = {each: mask for each, mask in trace.masks.items() if trace.places[each] < first}
        return above, self._trace(below, frozenset(trace.leaves))[1]

    def _bump(self, variable: int) -> None:
        self.activity[variable] += self.bump
        self._queue(variable)

    def _rescale(self) -> None:
        self.activity = [each / HUGE for each in self.activity]
        self.bump /= HUGE
        self.requeue()

    def _trace(self, terms: dict[int, int], leaves: frozenset[Nogood]) -> tuple[frozenset[int], frozenset[Nogood]]:
        """Return the causes of the terms, which are all true: levels of decisions, and nogoods."""
        trace = Trace(engine=self, leaves=set(leaves))
        trace.meet(terms.items())
        levels = set()
        while trace.masks:
            variable, place, _ = trace.latest(0)
            if self.trail[place][2] is None:
                levels.add(self._level_of(place))
                trace.drop(variable)
            else:
                trace.resolve(variable, place)
        return frozenset(levels), frozenset(trace.leaves)

    def sources(self, variable: int, mask: int) -> tuple[frozenset[int], frozenset[Nogood]]:
        """Return the causes of a true term: levels of assumptions, and nogoods if proofs are kept."""
        return self._trace({variable: mask}, frozenset())
