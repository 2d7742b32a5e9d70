"""How the pool is written for the engine: packages, and the demands on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..core.requirements import Dependency
from .candidates import Candidate
from .engine import EVERYTHING, Nogood, Term
from .versions import Versions

FIRST = 1
"""The mask of a variable's first value."""

SECOND = 2


LATE = 1 << 30
"""A position in the order of decisions after all packages."""

NEVER = -1
"""No position in it."""


class TooDeep(Exception):
    """The budget is exhausted."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """The budget of a search. Cached lookups count like others: the same pool gives the same plan."""

    conflicts: int
    lookups: int
    """Versions whose requirements may be looked up one by one."""


@dataclass(slots=True, kw_only=True, eq=False)
class Package:
    """A project as a variable; the values are bits from 0 on."""

    name: str
    variable: int
    values: list[Candidate | None]
    """None for absence. Only the first one until ``listed``."""

    listed: bool = False
    early: int = 0
    """The mask of pre-releases that the policy excludes unless a requirement names one."""

    loaded: int = 0
    """The mask of values whose requirements are known to the engine."""

    surveyed: bool = False
    """True if only some of its many versions are looked up."""

    looked_up: int = 0
    asks: dict[str, int] = field(default_factory=dict)
    """By extra: the variable for whether it is requested (second value) or not (first value)."""

    with_extras: set[tuple[int, str]] = field(default_factory=set)
    """(value, extra) whose requirements are known to the engine."""

    demands: list[Demand] = field(default_factory=list)
    """Requirements of others for it."""

    required: list[Demand] = field(default_factory=list)
    """Its requirements."""

    admitted: dict[tuple[str, bool], int] = field(default_factory=dict)
    supports: dict[str, Support] = field(default_factory=dict)
    known: tuple[int, Versions] | None = None

    @property
    def full(self) -> int:
        """Return the mask of all its known values."""
        return (1 << len(self.values)) - 1 if self.listed else EVERYTHING

    def versions(self) -> Versions:
        """Return the versions of its values."""
        if self.known is None or self.known[0] != len(self.values):
            there = ((place, each.version) for place, each in enumerate(self.values) if each is not None)
            self.known = (len(self.values), Versions(there))
        return self.known[1]

    def rejected(self, demand: Demand, today: Candidate | None) -> int:
        """Return the mask of values that do not satisfy a demand; unlisted ones are assumed to.

        ``today`` is the installed version of the package.
        """
        key = (demand.dependency.specifier, demand.spared)
        if key not in self.admitted:
            mask = self.versions().admitted(demand.dependency.specifier)
            self.admitted[key] = mask | (self.mask([today]) if demand.spared else 0)
        return ((1 << len(self.values)) - 1) & ~self.admitted[key]

    def mask(self, candidates: Iterable[Candidate | None]) -> int:
        """Return the mask of these values."""
        wanted = set(candidates)
        return sum(1 << place for place, value in enumerate(self.values) if value in wanted)


@dataclass(slots=True, kw_only=True, eq=False)
class Demand:
    """A requirement that some versions of a package have, by themselves or for one of their extras."""

    parent: Package
    values: int
    ask: int | None
    """The variable of the extra."""

    extra: str
    dependency: Dependency
    spared: bool
    """It is violated today, which is tolerated while nothing about it changes."""

    nogood: Nogood | None = None

    def terms(self) -> list[Term]:
        """Return when it is in force."""
        asked = [] if self.ask is None else [(self.ask, SECOND)]
        return [(self.parent.variable, self.values), *asked]


@dataclass(slots=True, kw_only=True, eq=False)
class Support:
    """Something allowed only while a requirement in force asks for it.

    The requirers are learned bit by bit; so what was concluded from knowing less belongs to a past epoch.
    """

    package: Package
    term: Term
    what: str
    """``early`` for pre-releases (PEP 440), ``present`` for what is not installed, else the name of an extra."""

    epoch: int
    """The variable of epochs."""

    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What an original nogood stands for: a requirement, or a fact about a version of a package."""

    package: Package
    values: int
    demand: Demand | None = None
    kind: str = "requires"
    """``requires``, ``direct-url``, ``metadata``, or ``versions``: that there are no others."""
