"""The pool as nogoods, written only as far as the search gets.

A package is a variable. Its first value is the preferred one: the newest version, today's version for what must not
change, absence for what is not installed. Of most packages nothing else ever matters, so all other values stand for
"another version" until the search has to leave the first one; only then its versions are listed, and what is known to
require it is applied to each of them. The requirements of a version are looked up when it is chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from ..core.requirements import Dependency, names_prerelease, parse
from .candidates import Candidate, CandidatePool
from .engine import Engine, Nogood
from .packages import FIRST, LATE, SECOND, Budget, Demand, Fact, Package, TooDeep
from .supports import Supports


@dataclass(slots=True, kw_only=True)
class Encoding:
    """A pool in an engine."""

    pool: CandidatePool
    wanted: frozenset[str]
    """Names to make as new as possible."""

    engine: Engine
    budget: Budget
    packages: dict[str, Package] = field(default_factory=dict)
    of_variable: dict[int, Package] = field(default_factory=dict)
    groups: dict[tuple[str, int | None, Dependency, bool], Demand] = field(default_factory=dict)
    supports: Supports = field(init=False)
    spent: int = 0
    """The number of lookups."""

    def __post_init__(self) -> None:
        self.supports = Supports(engine=self.engine, installed=self.pool.installed)
        for name in sorted(self.pool.installed):
            self._create(name)

    def package(self, name: str) -> Package:
        """Return the package of that name."""
        return self.packages.get(name) or self._create(name)

    def _create(self, name: str) -> Package:
        first: Candidate | None = self.pool.installed.get(name)
        if name in self.wanted:
            first = self.pool.newest(name) or first
        variable = self.engine.variable(len(self.packages), optional=first is None)
        package = self.packages[name] = Package(name=name, variable=variable, values=[first], loaded=int(first is None))
        self.of_variable[variable] = package
        if not self.pool.may_move(name):
            package.listed = True
            self.engine.back_to(0)
            self.engine.add(Nogood([(variable, ~FIRST)], Fact(package=package, values=~FIRST, kind="stays")))
        return package

    def warm_up(self) -> None:
        """Learn the requirements of all first values; list the versions of packages that cannot all keep theirs."""
        packages = list(self.packages.values())
        self.pool.expect(each.values[0] for each in packages if each.values[0] is not None)
        for package in packages:
            if package.values[0] is not None:
                self._load_version(package, 0, package.values[0])
        troubled = [each for each in self.packages.values() if any(map(_takes_more, each.demands))]
        self.list_versions(troubled)
        names = {package.name for package in troubled}
        self.pool.expect(each for package in troubled for each in self._likely(package, names))

    def _likely(self, package: Package, troubled: Collection[str]) -> list[Candidate]:
        """Return what will most likely be chosen of a package that cannot have its first value.

        Requirements of others that cannot have theirs either count only while that leaves anything.
        """
        left = package.full & ~FIRST & ~package.early
        for demand in sorted(package.demands, key=lambda each: each.parent.name in troubled):
            admitted = left & ~self._rejected(package, demand)
            left = admitted if admitted or demand.parent.name not in troubled else left
        return self._candidates(package, [(left & -left).bit_length() - 1] if left else [])

    # what is learned of the pool as the search goes on

    def extend(self) -> bool:
        """Process what has been chosen since the last time; return whether that added anything."""
        engine = self.engine
        unlisted, chosen, narrowed = self._recent()
        if unlisted:
            engine.back_to(0)
            self.list_versions(unlisted)
            return True
        if not chosen:
            engine.extended = len(engine.trail)
            return False
        candidates = [*map(self.value, chosen), *map(self._next_value, narrowed)]
        self.pool.expect(each for each in candidates if each is not None)
        while engine.extended < len(engine.trail):
            package = self.of_variable.get(engine.trail[engine.extended][0])
            engine.extended += 1
            if package is not None and self._load(package) and engine.propagated < len(engine.trail):
                return True
            if engine.refuted is not None:
                return True
        return False

    def _recent(self) -> tuple[list[Package], list[Package], list[Package]]:
        """Return what has changed since the last time: packages without a list of versions that need one, those that
        have one version left that the engine does not know completely, and those that have several.
        """
        unlisted, chosen, narrowed = [], [], []
        masks, packages = self.engine.masks, self.of_variable
        for variable, _, _ in self.engine.trail[self.engine.extended :]:
            package = packages.get(variable)
            if package is not None:
                values = masks[package.variable]
                if not values & FIRST and not package.listed:
                    unlisted.append(package)
                elif values > 0 and not values & (values - 1) and (package.asks or not package.loaded & values):
                    chosen.append(package)
                elif values > 0 and values & (values - 1) and not values & FIRST:
                    narrowed.append(package)
        return unlisted, chosen, narrowed

    def _single(self, package: Package) -> int | None:
        """Return the position of the only value left; None if there are several."""
        values = self.engine.masks[package.variable]
        return values.bit_length() - 1 if values > 0 and not values & (values - 1) else None

    def value(self, package: Package) -> Candidate | None:
        """Return the only value left."""
        place = self._single(package)
        return None if place is None else package.values[place]

    def _next_value(self, package: Package) -> Candidate | None:
        """Return the most preferred value left."""
        left = self.engine.masks[package.variable]
        return package.values[(left & -left).bit_length() - 1]

    def _load(self, package: Package) -> bool:
        """Add the chosen version's requirements to the engine; return whether there were any."""
        place = self._single(package)
        candidate = None if place is None else package.values[place]
        if place is None or candidate is None:
            return False
        told = False
        if not package.loaded >> place & 1:
            told = self._load_version(package, place, candidate)
        for extra, variable in list(package.asks.items()):
            if self.engine.masks[variable] == SECOND and (place, extra) not in package.with_extras:
                package.with_extras.add((place, extra))
                self._require_all(package, place, candidate, extra)
                told = True
        return told

    def _load_version(self, package: Package, place: int, candidate: Candidate, *, counted: bool = False) -> bool:
        if not counted and self.pool.unknown(candidate):
            self._look_up(package, place)
            if package.loaded >> place & 1:
                return True
        failed = not self.pool.usable(candidate)
        package.loaded |= 1 << place
        if failed:
            fact = Fact(package=package, values=1 << place, kind="metadata")
            self.engine.add(Nogood([(package.variable, 1 << place)], fact))
        else:
            self._require_all(package, place, candidate, "")
        return True

    def _look_up(self, package: Package, place: int) -> None:
        """Count the lookup, and prefetch those needed next if this one fails."""
        if self.spent >= self.budget.lookups:
            raise TooDeep
        self.spent += 1
        package.looked_up += 1
        if package.looked_up >= AHEAD:
            possible = self._ahead(package, place, self._before(package))
            if package.surveyed:
                self._narrow_down(package, place, possible)
            elif len(ahead := self._ahead(package, place, self._at_root(package))) > FAR:
                package.surveyed = True
                self._survey(package, place, ahead, max(STRIDE, len(ahead) // PROBES))
            else:
                self.pool.expect(self._candidates(package, possible[: 2 ** min(package.looked_up, 4)]))

    def _narrow_down(self, package: Package, place: int, possible: list[int]) -> None:
        """Look up a few of the versions up to the next known one, or all of them if those are few."""
        end = next((each for each in range(place + 1, len(package.values)) if package.loaded >> each & 1), None)
        gap = [each for each in possible if end is None or each < end]
        if len(gap) > NEAR:
            self._survey(package, place, gap, -(-len(gap) // PARTS))
        else:
            self.pool.expect(self._candidates(package, gap))

    def _ahead(self, package: Package, place: int, left: int) -> list[int]:
        """Return the remaining positions after this one of versions with unknown requirements."""
        left &= ~package.early
        later = range(place + 1, len(package.values))
        return [each for each in later if left >> each & 1 and self._unknown(package, each)]

    def _before(self, package: Package) -> int:
        """Return the values that it could have before the present one was chosen."""
        changes = self.engine.changes[package.variable]
        return self.engine.trail[changes[-1]][1] if changes else self.engine.masks[package.variable]

    def _unknown(self, package: Package, place: int) -> bool:
        candidate = package.values[place]
        return candidate is not None and not package.loaded >> place & 1 and self.pool.unknown(candidate)

    def _candidates(self, package: Package, places: Iterable[int]) -> list[Candidate]:
        return [each for place in places if (each := package.values[place]) is not None]

    def _survey(self, package: Package, place: int, ahead: list[int], stride: int) -> None:
        """Look up some of many versions; a requirement with the same text in two of them is assumed in between, too.

        No project changes its mind twice within a few releases. Whatever is chosen in the end is read anyway.
        """
        marks = ahead[stride - 1 :: stride]
        self.spent += len(marks)
        candidates = self._candidates(package, [place, *marks])
        self.pool.expect(candidates)
        for mark, candidate in zip([place, *marks], candidates, strict=True):
            self._load_version(package, mark, candidate, counted=True)
        known = [each for each in range(place, len(package.values)) if package.loaded >> each & 1]
        for one, other in pairwise(known):
            between = sum(1 << each for each in range(one + 1, other))
            if between:
                self._infer(package, 1 << one, 1 << other, between)

    def _infer(self, package: Package, one: int, other: int, between: int) -> None:
        """Assume what two versions both require: the same text, or at least some version of a range."""
        plain = [each for each in package.required if each.ask is None and not each.spared]
        sides = [[each for each in plain if each.values & values] for values in (one, other)]
        for demand in plain:
            if not (one | other) & ~demand.values and between & ~demand.values:
                demand.values |= between
                self._impose(self.package(demand.dependency.name), demand)
        names = [{each.dependency.name for each in side} for side in sides]
        for name in sorted(names[0] & names[1]):
            spanning = self._spanning(self.package(name), sides)
            if spanning is not None:
                self._require(
                    Demand(parent=package, values=between, ask=None, extra="", dependency=spanning, spared=False)
                )

    def _spanning(self, target: Package, sides: Iterable[Iterable[Demand]]) -> Dependency | None:
        """Return a requirement of any version from the oldest to the newest that either side allows; None for no
        bound.
        """
        if not target.listed:
            return parse(target.name) if target.values[0] is None else None
        admitted = 0
        for side in sides:
            mask = target.full & ~target.early
            for demand in side:
                if demand.dependency.name == target.name:
                    mask &= ~self._rejected(target, demand)
            admitted |= mask
        versions = [each.version for place, each in enumerate(target.values) if each and admitted >> place & 1]
        if not versions:
            return None
        return parse(f"{target.name}>={min(versions).public},<={max(versions).public}")

    def _at_root(self, package: Package) -> int:
        """Return the values that it can have whatever is decided."""
        engine = self.engine
        for place in engine.changes[package.variable]:
            if engine.limits and place >= engine.limits[0]:
                return engine.trail[place][1]
        return engine.masks[package.variable]

    # requirements

    def _require_all(self, package: Package, place: int, candidate: Candidate, extra: str) -> None:
        for dependency in self.pool.needs(candidate, extra):
            spared = self.pool.violated_today(candidate, dependency)
            ask = package.asks.get(extra)
            demand = Demand(
                parent=package, values=1 << place, ask=ask, extra=extra, dependency=dependency, spared=spared
            )
            if dependency.url is None:
                self._require(demand)
            elif self.pool.foreign(candidate, dependency):
                # what is at a URL is not ours, and an index may have something else by that name
                fact = Fact(package=package, values=1 << place, demand=demand, kind="direct-url")
                self.engine.add(Nogood(demand.terms(), fact))

    def _require(self, demand: Demand) -> None:
        package, ask, dependency = demand.parent, demand.ask, demand.dependency
        key = (package.name, ask, dependency, demand.spared)
        target = self.package(dependency.name)
        known = self.groups.get(key)
        if known is None:
            self.groups[key] = demand
            target.demands.append(demand)
            package.required.append(demand)
        else:
            known.values |= demand.values
            demand = known
        self._impose(target, demand)
        for extra in sorted(dependency.extras):
            asked = self._asked(target, extra)
            if asked != ask:
                fact = Fact(package=package, values=demand.values, demand=demand, kind="extra")
                self.engine.add(Nogood([*demand.terms(), (asked, FIRST)], fact))
        self.supports.note(target, demand)

    def _asked(self, package: Package, extra: str) -> int:
        if extra not in package.asks:
            variable = package.asks[extra] = self.engine.variable(LATE, FIRST | SECOND, optional=True)
            self.of_variable[variable] = package
        return package.asks[extra]

    def _impose(self, target: Package, demand: Demand) -> None:
        """Exclude the target's known values that do not satisfy a demand."""
        bad = self._rejected(target, demand)
        if demand.nogood is not None:
            demand.nogood.dead = True
            demand.nogood = None
        if target is demand.parent:
            bad &= demand.values
            terms = [(target.variable, bad), *demand.terms()[1:]]
        else:
            terms = [*demand.terms(), (target.variable, bad)]
        if bad:
            demand.nogood = Nogood(terms, Fact(package=demand.parent, values=demand.values, demand=demand))
            self.engine.add(demand.nogood)

    def _rejected(self, target: Package, demand: Demand) -> int:
        return target.rejected(demand, self.pool.installed.get(target.name))

    # versions

    def list_versions(self, packages: Iterable[Package]) -> None:
        """Replace "another version" by every version of these packages. The search must be at its root."""
        packages = [each for each in dict.fromkeys(packages) if not each.listed]
        self.pool.source.prefetch(names=[each.name for each in packages])
        for package in packages:
            self._list(package)

    def _list(self, package: Package) -> None:
        pool, name = self.pool, package.name
        finals = pool.versions_of(name)
        known = set(finals)
        early = [each for each in pool.versions_of(name, pre=True) if each not in known]
        if name in pool.installed and name not in self.wanted:
            finals = finals[::-1]
            early.reverse()
        package.values += [each for each in (*finals, *early) if each is not package.values[0]]
        package.listed = True
        package.admitted.clear()
        package.early = package.mask(early)
        exists = Fact(package=package, values=~package.full, kind="versions")
        self.engine.add(Nogood([(package.variable, ~package.full)], exists))
        for demand in package.demands:
            self._impose(package, demand)
        if package.early:
            self.supports.close(package)

    # answers

    def assignment(self) -> dict[str, Candidate]:
        """Return the choice when everything is chosen."""
        found = {name: self.value(each) for name, each in self.packages.items()}
        return {name: each for name, each in found.items() if each is not None}


def _takes_more(demand: Demand) -> bool:
    """Return whether its target needs a closer look: its first value fails, or its pre-releases might work."""
    return demand.nogood is not None or names_prerelease(demand.dependency.specifier)


AHEAD = 2
"""Versions of a package looked up one by one before the next ones are prefetched."""

FAR, STRIDE, PROBES = 32, 16, 8
"""With more versions left than that, every sixteenth or fewer are looked up first."""

NEAR, PARTS = 6, 4
"""A gap between two of those is divided into that many parts again, until few enough versions are left."""
