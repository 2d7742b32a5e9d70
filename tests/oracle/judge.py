"""What the promises are, worked out from plain words, independently of the planner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product

from packaging.requirements import Requirement
from packaging.version import Version

from .worlds import Plain

Choice = Mapping[str, str]
"""Versions by name."""

Need = tuple[str, Requirement]
"""(requirer, requirement)."""


@cache
def requirement(text: str) -> Requirement:
    """Parsed once."""
    return Requirement(text)


@cache
def holds(text: str, extra: str) -> bool:
    """Whether the marker holds with that extra, or with none."""
    marker = requirement(text).marker
    return marker is None or marker.evaluate({"extra": extra})


@cache
def fits(text: str, version: str) -> bool:
    """Whether a version fulfils a requirement."""
    return requirement(text).specifier.contains(version, prereleases=True)


@cache
def number(version: str) -> Version:
    """Parsed once."""
    return Version(version)


@dataclass(frozen=True)
class Judge:
    """One world's law."""

    plain: Plain

    @cached_property
    def unmet_today(self) -> frozenset[tuple[str, str]]:
        """(requirer, requirement) that the environment does not fulfil before the run."""
        return frozenset(self._unmet(self.plain.installed))

    def needs(self, choice: Choice) -> list[tuple[str, str]]:
        """All requirements in force, extras included."""
        found: list[tuple[str, str]] = []
        waiting = [(name, "") for name in choice]
        seen = set(waiting)
        for name, extra in waiting:
            for text in self.plain.releases[name][choice[name]]:
                if holds(text, extra) and not (extra and holds(text, "")):
                    found.append((name, text))
                    need = requirement(text)
                    for asked in need.extras:
                        if need.name in choice and (need.name, asked) not in seen:
                            seen.add((need.name, asked))
                            waiting.append((need.name, asked))
        return found

    def _unmet(self, choice: Choice) -> Iterator[tuple[str, str]]:
        for name, text in self.needs(choice):
            target = requirement(text).name
            if target not in choice or not fits(text, choice[target]):
                yield name, text

    def consistent(self, choice: Choice) -> bool:
        """Nothing is unmet but what was, with neither end changed; pre-releases only where they are asked for."""
        today = self.plain.installed
        for name, text in self._unmet(choice):
            target = requirement(text).name
            same = choice[name] == today.get(name) and choice.get(target) == today.get(target)
            if not (same and (name, text) in self.unmet_today):
                return False
        return all(self._early_asked_for(name, choice) for name in choice)

    def _early_asked_for(self, name: str, choice: Choice) -> bool:
        if not self.plain.early(name, choice[name]):
            return True
        texts = [text for _, text in self.needs(choice) if requirement(text).name == name]
        finals = [each for each in self.versions(name) if not self.plain.early(name, each)]
        return any(
            requirement(text).specifier.prereleases or not any(fits(text, each) for each in finals) for text in texts
        )

    def versions(self, name: str) -> list[str]:
        """What could be chosen of a project, newest first."""
        today = self.plain.installed.get(name)
        if name in self.plain.stays:
            return [today] if today else []
        found = [
            each
            for each in self.plain.releases.get(name, ())
            if (name, each) not in self.plain.unreadable and (today is None or number(each) >= number(today))
        ]
        return sorted(found, key=number, reverse=True)

    def newest(self, name: str) -> str:
        """The newest final version."""
        return next(each for each in self.versions(name) if not self.plain.early(name, each))

    @property
    def additions(self) -> list[str]:
        """What is not installed."""
        return [name for name in self.plain.releases if name not in self.plain.installed]

    def choices(self) -> Iterator[dict[str, str]]:
        """Every consistent choice."""
        names = [*self.plain.installed, *self.additions]
        domains = [self.versions(name) for name in self.plain.installed]
        domains += [["", *self.versions(name)] for name in self.additions]
        for values in product(*domains):
            choice = {name: each for name, each in zip(names, values, strict=True) if each}
            if self.consistent(choice):
                yield choice

    def value(self, choice: Choice, ranked: list[str]) -> tuple[object, ...]:
        """The wishes in their order, the greater the better; ``ranked`` are the installed names in theirs."""
        plain = self.plain
        moving = [name for name in ranked if name not in plain.stays]
        wanted = [name for name in moving if not plain.named or name in plain.named]
        first = {name: number(choice[name]) >= number(self.newest(name)) for name in moving}
        tiers: list[list[str]] = (
            [wanted]
            if plain.named
            else [
                [name for name in wanted if name in plain.requested],
                [name for name in wanted if name not in plain.requested],
            ]
        )
        parts: list[object] = []
        for tier in tiers:
            parts += [sum(first[name] for name in tier), tuple(first[name] for name in tier)]
        parts.append(tuple(min(number(choice[name]), number(self.newest(name))) for name in wanted))
        if plain.named:
            rest = [name for name in moving if name not in plain.named]
            unmoved = [choice[name] == plain.installed[name] for name in rest]
            parts += [
                sum(unmoved),
                tuple(unmoved),
                tuple(-self.versions(name)[::-1].index(choice[name]) for name in rest),
            ]
        else:
            parts.append(self._mended(choice))
        return tuple(parts)

    def _mended(self, choice: Choice) -> int:
        """How many projects are there that were missing before, and still are required by what has not changed."""
        today = self.plain.installed
        unchanged = [each for each in self.needs(choice) if choice[each[0]] == today.get(each[0])]
        return len(
            {requirement(text).name for name, text in unchanged if (name, text) in self.unmet_today}
            & self.added(choice)
        )

    def early(self, choice: Choice) -> set[str]:
        """Names at a pre-release, which nobody wishes for, though it counts as newest where it is asked for."""
        return {name for name, version in choice.items() if self.plain.early(name, version)}

    def added(self, choice: Choice) -> set[str]:
        """What is not installed yet."""
        return choice.keys() - self.plain.installed.keys()

    def needless(self, choice: Choice) -> bool:
        """Whether something is added that nothing installed requires, directly or by what is added for it."""
        kept = {name: version for name, version in choice.items() if name in self.plain.installed}
        while True:
            required = {requirement(text).name for _, text in self.needs(kept)} & choice.keys()
            if required <= kept.keys():
                return kept.keys() != choice.keys()
            kept.update((name, choice[name]) for name in required)
